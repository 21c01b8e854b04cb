"""Rebuild the search index."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog.search.reindex import reindex


class Command(BaseCommand):
    help = (
        "Writes the search's index of words anew, for instance after a backup was restored. The index is kept in "
        "step by itself otherwise."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--names",
            action="store_true",
            help="first read all names anew, after they were changed past the application",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        reindex(refold=options["names"])
        if options["verbosity"]:
            self.stdout.write("The index is new.")
