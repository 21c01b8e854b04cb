"""``manage.py upgrade_separations --from SLUG --to SLUG``: separate songs again with a better model, in idle time."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.errors import CatalogError
from separation.installations import requests
from separation.models import ModelUpgrade
from separation.upgrades import lifecycle, progress


class Command(BaseCommand):
    help = (
        "Separate songs again with a better model: the most played first, and only while nobody waits for a song. "
        "Prints about how much time and storage that takes, and begins; the queue does the work while the server "
        "runs. The old stems stay. The page Models of the admin panel does the same, and shows the progress."
    )
    requires_system_checks: list[str] = []  # `check` says what is missing

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="source", metavar="SLUG", help="the model whose songs these are")
        parser.add_argument("--to", dest="target", metavar="SLUG", help="the model that takes its place")
        parser.add_argument("--limit", type=int, metavar="N", help="only the N most played songs")
        parser.add_argument("--dry-run", action="store_true", help="only say how much it takes")
        other = parser.add_mutually_exclusive_group()
        other.add_argument("--status", action="store_true", help="say how far it is")
        other.add_argument("--stop", action="store_true", help="stop it")
        other.add_argument("--resume", action="store_true", help="go on with what was stopped")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django passes them)
        try:
            if options["status"] or options["stop"] or options["resume"]:
                self._act(stop=options["stop"], resume=options["resume"])
            else:
                self._start(**{name: options[name] for name in ("source", "target", "limit", "dry_run")})
        except CatalogError as error:
            raise CommandError(f"{error.detail} ({error.code})") from error

    def _start(self, source: str | None, target: str | None, limit: int | None, *, dry_run: bool) -> None:
        if not source or not target:
            raise CommandError("name both models: --from SLUG --to SLUG")
        if limit is not None and limit < 1:
            raise CommandError("--limit must be at least 1")
        spec = requests.find(target)
        planned = progress.plan(source, spec, limit=limit)
        self.stdout.write(f"Songs: {planned.songs}. {planned.storage} {planned.time}")
        if not dry_run:
            self._report(lifecycle.start(source, spec, None, limit=limit))

    def _act(self, *, stop: bool, resume: bool) -> None:
        upgrade = lifecycle.current()
        if upgrade is None:
            self.stdout.write("nothing was begun")
            return
        if stop and not lifecycle.stop(upgrade):
            raise CommandError("it does not run")
        if resume:
            lifecycle.resume(upgrade)
        upgrade.refresh_from_db()
        self._report(upgrade)

    def _report(self, upgrade: ModelUpgrade) -> None:
        self.stdout.write(f"{upgrade}: {progress.progress(upgrade).sentence}")
