import logging
import os
import signal
import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.utils import translation

from catalog.uploads.folder_import import jobs_for_this_machine
from operations import process_lifecycle
from separation.import_runs import carry_out
from separation.models import ImportRun

INTERRUPTED = 130


class Command(BaseCommand):
    help = "Import a folder that was requested in the admin site. `run` starts this."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=UUID)

    def handle(self, *_args: Any, **options: Any) -> None:
        process_lifecycle.exit_with_supervisor()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        for app in ("separation", "catalog"):
            logging.getLogger(app).setLevel(logging.ERROR)  # the admin site shows what matters
        os.nice(10)  # the website has priority
        run = ImportRun.objects.select_related("owner").get(pk=options["run"])
        try:
            with translation.override(run.owner.language or None):
                carry_out(run, jobs_for_this_machine())
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
