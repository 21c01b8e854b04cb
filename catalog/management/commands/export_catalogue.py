import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog import export
from catalog.management.database import migrate_database
from catalog.storage import backend


class Command(BaseCommand):
    help = (
        "Writes what the catalogue says about every song, also private ones: names, numbers, owner, digests, "
        "separations. No audio."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", dest="form", choices=sorted(export.FORMS), default="csv")
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")

    def handle(self, *_args: Any, form: str, output: Path | None, **_options: Any) -> None:
        migrate_database()
        pieces = export.export(export.everything(), form)
        if output is None:
            try:
                for piece in pieces:
                    self.stdout.write(piece, ending="")
                self.stdout.flush()
            except BrokenPipeError:  # such as `| head`
                sys.stderr.close()
            return
        try:
            # Beside it first: a file of this name is whole, or the one there was before.
            with backend.beside(output) as temporary:
                with temporary.open("w", encoding="utf-8", newline="") as file:
                    file.writelines(pieces)
                temporary.replace(output)
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror or error}") from error
