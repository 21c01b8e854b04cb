import json
import logging
import signal
import sys
from argparse import ArgumentParser
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from accounts.administrator import get_or_create_administrator
from accounts.models import User
from catalog.errors import CatalogError
from catalog.management.database import migrate_database
from catalog.models import Visibility
from catalog.uploads.folder_import import Import, jobs_for_this_machine, key_of
from catalog.uploads.scanning import Outcome, Skipped, songs_in
from separation.import_runs import SeparationRequester, notify_owner
from separation.management.piped import printing_any_name
from separation.queue.requests import check_installed, choose

USAGE = 2
INTERRUPTED = 130
NONE = "none"


class Progress:
    """Progress of an import: one line that is rewritten on a terminal, a line for each file elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self.counts: Counter[str] = Counter()
        self.skipped = Skipped()
        self._out = out
        self._moves = out.isatty()

    def add(self, outcome: Outcome) -> None:
        self.counts["refused" if outcome.is_refused else outcome.code] += 1
        self.skipped.add(outcome)
        name = key_of(outcome.path)
        if self._moves:
            self._out.write("\r\x1b[K")
        if outcome.is_refused or not self._moves:
            reason = f": {outcome.detail}" if outcome.is_refused or outcome.is_skipped else ""
            self._out.write(f"{outcome.code:12} {name}{reason}\n")
        if self._moves:
            self._out.write(f"{self.summary()}  {name[-50:]}")
        self._out.flush()

    def end(self) -> None:
        if self._moves:
            self._out.write("\r\x1b[K")
        self._out.write(f"{self.summary()}\n")
        if self.skipped.count:
            self._out.write(f"{self.skipped}\n")
        self._out.flush()

    def summary(self) -> str:
        return ", ".join(f"{self.counts[name]} {name}" for name in ("new", "known", "unchanged", "refused"))


class Command(BaseCommand):
    help = (
        "Takes in all the music below a folder. What an earlier run has dealt with is passed over, so it may be "
        "stopped (Ctrl-C) and started again. Links that lead out of the folder are not followed. Status 1: something "
        "was refused."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--owner", metavar="EMAIL", help="whose songs they become (default: administrator)"
        )
        parser.add_argument(
            "--model", "-m", default=NONE, help="ask for separations with this model (default: none)"
        )
        parser.add_argument("--private", action="store_true", help="songs that only the owner sees")
        parser.add_argument(
            "--jobs", type=int, default=0, help="files at once (default: what fits the machine)"
        )
        parser.add_argument("--report", type=Path, metavar="FILE", help="a JSON line for each file")
        parser.add_argument("--again", action="store_true", help="also what an earlier run has dealt with")

    def run_from_argv(self, argv: list[str]) -> None:
        for app in ("separation", "catalog"):
            logging.getLogger(app).setLevel(logging.ERROR)  # what matters is told in one line per file
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with printing_any_name():
            super().run_from_argv(argv)

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        migrate_database()
        if not folder.is_dir():
            raise CommandError(f"there is no folder {folder}", returncode=USAGE)
        requester = None
        if options["model"] != NONE:
            try:
                spec = choose(options["model"])
                check_installed(spec)
                requester = SeparationRequester(spec.slug)
            except CatalogError as error:
                raise CommandError(str(error.detail), returncode=USAGE) from error
        work = Import(
            owner=self._owner(options["owner"]),
            visibility=Visibility.PRIVATE if options["private"] else Visibility.SHARED,
            again=options["again"],
            on_song=requester,
        )
        jobs = options["jobs"] if options["jobs"] > 0 else jobs_for_this_machine()
        progress = Progress(sys.stderr if sys.stderr.isatty() else self.stdout)  # type: ignore[arg-type]  # both write
        try:
            self._work(work, folder.absolute(), jobs, progress, options["report"])
        except KeyboardInterrupt:
            progress.end()
            notify_owner(work.owner, folder.absolute(), progress.counts)
            self.stderr.write("Interrupted; the next run goes on from here.")
            sys.exit(INTERRUPTED)
        progress.end()
        notify_owner(work.owner, folder.absolute(), progress.counts)
        if requester and requester.left:
            self.stderr.write(
                f"{requester.left} songs were not queued. {requester.refusal} Run this again later."
            )
        if progress.counts["refused"]:
            sys.exit(1)

    def _owner(self, email: str | None) -> User:
        if not email:
            return get_or_create_administrator()[0]
        found = User.objects.filter(email=User.objects.normalize_email(email)).first()
        if found is None:
            raise CommandError(f"there is no account {email}", returncode=USAGE)
        return found

    def _work(self, work: Import, folder: Path, jobs: int, progress: Progress, report: Path | None) -> None:
        with ExitStack() as stack:
            try:
                lines = stack.enter_context(report.open("w", encoding="utf-8")) if report else None
            except OSError as error:
                raise CommandError(f"{report}: {error.strerror}", returncode=USAGE) from error
            outcomes = work.run(songs_in(folder), jobs)
            stack.callback(outcomes.close)  # type: ignore[attr-defined]  # it is a generator
            try:
                for outcome in outcomes:
                    progress.add(outcome)
                    if lines:
                        lines.write(_line(outcome))
                        lines.flush()
                    if outcome.code == "no_space":
                        work.stopped = True
                        self.stderr.write(outcome.detail)
            finally:
                work.stopped = True


def _line(outcome: Outcome) -> str:
    kind = "refused" if outcome.is_refused else "skipped" if outcome.is_skipped else outcome.code
    body = {
        "path": key_of(outcome.path),
        "outcome": kind,
        "code": outcome.code if kind in {"refused", "skipped"} else "",
        "detail": outcome.detail,
        "track": str(outcome.track.pk) if outcome.track else None,
    }
    return json.dumps(body, ensure_ascii=False) + "\n"
