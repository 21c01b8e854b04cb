"""``manage.py fetch_models [NAME...]``: download the official Spleeter models."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from separation.engines import download, modelspec


class Command(BaseCommand):
    help = "Download official Spleeter models (2stems, 4stems, 5stems); without a name, list what is there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(download.NAMES)}, or all")
        parser.add_argument(
            "--from",
            dest="source",
            default=settings.MODELS_SOURCE,
            help="a mirror's address, an archive or a folder on this machine (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django passes them)
        names: list[str] = options["names"]
        for name in download.NAMES if "all" in names else names:
            try:
                official = download.fetch(
                    name, settings.MODELS_DIR, source=options["source"], on_progress=self._draw(name)
                )
            except download.FetchError as error:
                raise CommandError(str(error)) from error
            self.stderr.write("")
            self.stdout.write(f"{name}: ready" + ("" if official else " (not the official weights)"))
        if not names:
            self._list()

    def _draw(self, name: str) -> download.Progress:
        """Return a callback that draws a bar on a terminal, or prints a line for every tenth elsewhere."""
        terminal = sys.stderr.isatty()
        shown = -1

        def draw(done: int, total: int | None) -> None:
            nonlocal shown
            percent = 100 * done // total if total else 0
            step = percent if terminal else percent // 10 * 10
            if step == shown:
                return
            shown = step
            bar = "█" * (percent // 4)
            size = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else f"{done / 1e6:.0f} MB"
            self.stderr.write(f"{name} {bar:<25} {percent:3d} %  {size}", ending="\r" if terminal else "\n")

        return draw

    def _list(self) -> None:
        here = {spec.slug for spec in modelspec.available(settings.MODELS_DIR)}
        preferred = modelspec.default(settings.MODELS_DIR).slug
        for spec in modelspec.SPECS.values():
            state = "ready" if spec.slug in here else f"not here: manage.py fetch_models {spec.folder}"
            mark = " (default)" if spec.slug == preferred else ""
            stems = ", ".join(spec.stems)
            self.stdout.write(
                f"{spec.slug:<24} {spec.bandwidth_hz / 1000:4.1f} kHz  {stems:<38} {state}{mark}"
            )
