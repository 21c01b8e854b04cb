"""``manage.py fetch_models [NAME...]``: fetch and install models, or list them."""

import sys
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from catalog.management.invocation import command_line
from separation import model_choice
from separation.engines import download, modelspec, registry
from separation.engines.descriptors import ModelSpec, ModelUnavailable
from separation.installations import lifecycle
from separation.separator.preparation import prepare_in_child


def _prepare_own(spec: ModelSpec, models_dir: Path) -> None:
    """Read files that nobody here has ever read, where they can do no harm."""
    engine, limit = settings.SEPARATOR_ENGINE, settings.SEPARATOR_MEMORY
    prepare_in_child(spec, models_dir, engine, lambda: None, limit)


class Command(BaseCommand):
    help = (
        "Fetch and install models: verified, resumed where it stopped, in one step or not at all. "
        "Without a name, list all models. The page Models of the admin panel does the same in the background."
    )
    requires_system_checks: list[str] = []  # `check` says what is missing

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "names",
            nargs="*",
            metavar="NAME",
            help=f"{', '.join(download.folders())}, a model's name, or all",
        )
        parser.add_argument(
            "--from",
            dest="source",
            default=settings.MODELS_SOURCE,
            help="a mirror's address, an archive or a folder on this machine (default: the official addresses)",
        )
        parser.add_argument(
            "--accept-licence",
            action="store_true",
            help="accept the licences of these models, which are printed, without being asked. Needed where nobody "
            "can answer, as in a script: some licences allow less than the one of Stemoteca (no commercial use), "
            "and somebody has to have read them. The page Models shows when it was done",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django passes them)
        names: list[str] = options["names"]
        for name in download.folders() if "all" in names else names:
            try:
                spec = download.find(name)
                self._accept(spec, given=options["accept_licence"])
                official = download.fetch(
                    spec,
                    settings.MODELS_DIR,
                    source=options["source"],
                    on_progress=self._draw(spec.folder),
                    reserve=settings.DISK_FLOOR_BYTES // 2,
                    prepare=_prepare_own if spec.slug in modelspec.SPECS.own else registry.prepare,
                )
            except download.FetchError as error:
                raise CommandError(str(error)) from error
            with suppress(DatabaseError):  # it is not needed for this, and may not be there yet
                lifecycle.record(spec, options["source"], official=official)
            self.stderr.write("")
            self.stdout.write(
                f"{spec.folder}: ready" + (" (not the official weights)" if official is False else "")
            )
        if not names:
            self._list()

    def _accept(self, spec: ModelSpec, *, given: bool) -> None:
        """Show the licence; ask whether it is accepted unless that was said already. Raises `CommandError`."""
        self.stderr.write(f"{spec.folder}: {spec.provenance}\nLicence: {spec.licence}")
        if given:
            return
        if not sys.stdin.isatty():
            raise CommandError("somebody has to accept this licence: add --accept-licence")
        if input("Do you accept it? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise CommandError("not accepted; nothing was fetched")

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
        try:
            chosen = model_choice.chosen()
        except DatabaseError:  # there is none yet
            chosen = {}
        here = [spec.slug for spec in modelspec.installed(settings.MODELS_DIR)]
        try:
            preferred = model_choice.default(chosen).slug
        except ModelUnavailable:
            preferred = ""
        for spec in model_choice.in_order(modelspec.SPECS.values(), chosen):
            state = (
                "ready" if spec.slug in here else f"not here: {command_line('fetch_models')} {spec.folder}"
            )
            mark = " (default)" if spec.slug == preferred else ""
            stems = ", ".join(spec.stems) + (f" (from {spec.takes})" if spec.takes else "")
            self.stdout.write(
                f"{spec.slug:<24} {spec.bandwidth_hz / 1000:4.1f} kHz  {stems:<38} {state}{mark}"
            )
        for sentence in modelspec.SPECS.wrong.values():
            self.stderr.write(f"left out, its descriptor is wrong: {sentence}")
