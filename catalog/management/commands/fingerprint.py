"""``manage.py fingerprint``: makes the fingerprints that songs do not have yet."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audio.errors import AudioError
from audio.probe import fingerprint
from audio.types import Limits
from catalog import fingerprints
from catalog.errors import CatalogError
from catalog.models import AudioFile
from catalog.storage import backend


class Command(BaseCommand):
    help = "Make the fingerprints that are missing. Stop it at any time: it goes on where it was."
    requires_system_checks: list[str] = []  # `check` says what is missing

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--most", type=int, default=0, metavar="N", help="no more than N songs this time")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django passes them)
        version = fingerprints.version()
        if not version:
            raise CommandError(fingerprints.NO_LIBRARY)
        ids = list(fingerprints.missing().order_by("created_at").values_list("pk", flat=True))
        ids = ids[: options["most"] or None]
        self.stdout.write(f"Chromaprint {version}: {len(ids)} to make")
        made = 0
        for number, pk in enumerate(ids, start=1):
            audio = AudioFile.objects.filter(pk=pk).first()
            if audio is not None:  # else it was removed meanwhile
                made += self._make(audio)
            if number % 100 == 0:
                self.stdout.write(f"{number} of {len(ids)}")
        self.stdout.write(f"{made} made" + (f", {len(ids) - made} could not be" if made < len(ids) else ""))

    def _make(self, audio: AudioFile) -> bool:
        limits = Limits(max_seconds=settings.MAX_SECONDS * 2, max_bytes=max(audio.size, 1))
        try:
            with backend.whole_copy(audio.key, audio.size) as path:
                values = fingerprint(path, limits)
        except (AudioError, CatalogError, OSError) as error:
            self.stderr.write(f"{audio.pk}: {error}")
            return False
        if values is None:
            raise CommandError(fingerprints.NO_LIBRARY)
        fingerprints.store(audio, values)
        fingerprints.propose(audio)
        return True
