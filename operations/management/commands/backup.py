"""``manage.py backup [TARGET]``: back the installation up, while it runs."""

import os
import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from catalog.errors import CatalogError
from catalog.management.invocation import command_line
from operations import process_lifecycle
from operations.backups.create import back_up
from operations.maintenance import notices
from operations.management.progress import Progress

INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Back up everything, while Stemoteca runs or not: the database, songs, stems, pictures and models, but no "
        "encodings that can be made again. What an earlier backup at the same place has is not copied again. It can be "
        "interrupted at any time; the next one goes on."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "target",
            nargs="?",
            default=settings.BACKUP_TARGET,
            metavar="TARGET",
            help="a folder, or s3://bucket/prefix (default: STEMOTECA_BACKUP_TARGET)",
        )
        parser.add_argument(
            "--keep",
            type=int,
            default=0,
            metavar="N",
            help="remove all but the newest N snapshots afterwards, and files that no other one has (default: none)",
        )
        parser.add_argument(
            "--scheduled",
            action="store_true",
            help="as `run` does it: keep STEMOTECA_BACKUPS_KEPT, and notify administrators of a failure",
        )

    def handle(self, *_args: Any, target: str, keep: int, scheduled: bool, **_options: Any) -> None:
        if not target:
            raise CommandError(
                f"say where to: {command_line('backup')} TARGET, or set STEMOTECA_BACKUP_TARGET"
            )
        if Path(target).resolve().is_relative_to(settings.DATA_DIR.resolve()):
            raise CommandError(f"{target} is in the data folder, and would be lost together with it")
        if keep < 0:
            raise CommandError("--keep must be a number of snapshots")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if scheduled:
            process_lifecycle.exit_with_supervisor()
            os.nice(10)  # the website has priority
            keep = settings.BACKUPS_KEPT
        try:
            totals = back_up(target, keep=keep, report=Progress("Backing up: file"))
        except CatalogError as error:
            if scheduled:
                notices.backup_failed(str(error.detail))
            raise CommandError(f"the backup to {target} failed: {error.detail} ({error.code})") from error
        except KeyboardInterrupt:
            self.stderr.write("Interrupted. What was copied stays there for the next backup.")
            sys.exit(INTERRUPTED)
        except Exception as error:
            if scheduled:
                notices.backup_failed(str(error))
            raise CommandError(f"the backup to {target} failed: {error}") from error
        self.stdout.write(
            f"Snapshot {totals.snapshot}: {totals.files} files, {filesizeformat(totals.size)}; "
            f"{totals.copied_files} of them new, {filesizeformat(totals.copied_size)}."
        )
        if totals.missing:
            self.stderr.write(
                f"{totals.missing} files are missing or damaged here, and not in this backup: "
                f"see {command_line('verify')}."
            )
