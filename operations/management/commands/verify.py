"""``manage.py verify``: compare stored files with their checksums, repair what can be made again."""

import os
import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.template.defaultfilters import filesizeformat

from operations import process_lifecycle
from operations.maintenance import notices
from operations.maintenance.verification import Finding, begin, portion, verify

INTERRUPTED = 130
ACTIONS = {
    "separated": "it is being separated again",
    "deleted": "it was deleted, and is made again on request",
    "marked": "it cannot be made again: restore the file from a backup, or upload it again",
}


class Command(BaseCommand):
    help = (
        "Read all stored files and compare them with their checksums. Damaged stems are separated again, damaged "
        "encodings deleted; what cannot be made again is listed. The exit status is 1 if anything was damaged. `run` "
        "does the same little by little (STEMOTECA_SCRUB_DAYS)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scheduled",
            action="store_true",
            help="as `run` does it: only the next files, and notify administrators of what is damaged",
        )

    def handle(self, *_args: Any, scheduled: bool, **_options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if scheduled:
            process_lifecycle.exit_with_supervisor()
            os.nice(19)  # there is time
        scrub = begin(scheduled=scheduled)
        try:
            wrong = verify(scrub, portion() if scheduled else None, self._show)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        if scheduled:
            if wrong:
                notices.files_damaged(wrong)
            return
        self.stdout.write(
            f"{scrub.files} files, {filesizeformat(scrub.size)}, {wrong} of them missing or damaged."
        )
        sys.exit(1 if wrong else 0)

    def _show(self, finding: Finding) -> None:
        self.stdout.write(f"{finding.key} is {finding.problem}; {ACTIONS[finding.action]}")
