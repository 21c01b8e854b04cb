"""``manage.py restore SOURCE``: restore a backup into an empty installation."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalog.errors import CatalogError
from operations.backups import restore, snapshots
from operations.backups.places import open_place
from operations.bootstrap import lock_data_folder
from operations.management.progress import Progress

MOST_NAMED = 20


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty installation: the database and storage that the settings name, of whatever "
        "kind. Everything is checked before; a damaged backup changes nothing. Stemoteca must not run. An interrupted "
        "restore can be started again."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="SOURCE", help="a folder, or s3://bucket/prefix")
        parser.add_argument("--snapshot", default="", metavar="NAME", help="which one (default: the newest)")
        parser.add_argument("--list", action="store_true", help="only list the snapshots that are there")
        parser.add_argument("--check", action="store_true", help="only check the backup, every byte of it")

    def handle(self, *_args: Any, source: str, snapshot: str, **options: Any) -> None:
        try:
            place = open_place(source)
            if options["list"]:
                for name in snapshots.names(place)[0]:
                    self.stdout.write(name)
                return
            snapshot = snapshots.choose(place, snapshot)
            if options["check"]:
                result = restore.check(place, snapshot, Progress("Checking file"))
                self.stdout.write(f"Snapshot {snapshot} is whole: {result.rows} rows, {result.files} files.")
            else:
                lock = lock_data_folder(settings.DATA_DIR)
                try:
                    result = restore.restore(place, snapshot, Progress("Restoring file"))
                finally:
                    lock.release()
                self.stdout.write(
                    f"Snapshot {snapshot} is restored: {result.rows} rows, {result.files} files, of which "
                    f"{result.copied} were copied. Everybody signs in again, with the passwords of then."
                )
        except CatalogError as error:
            raise CommandError(f"{error.detail} ({error.code})") from error
        except OSError as error:
            raise CommandError(f"{source} cannot be read: {error}") from error
        if result.missing:
            self.stderr.write(f"{len(result.missing)} files were missing when the backup was made:")
            for name in result.missing[:MOST_NAMED]:
                self.stderr.write(f"  {name}")
