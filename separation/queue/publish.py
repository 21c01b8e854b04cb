"""Making a finished separation visible: files first, then rows and status in one guarded transaction.

A crash at any point leaves either the old state and some files that no row names (the collector's work), or
everything. Whoever lost the lease meanwhile changes nothing.
"""

from django.db import transaction
from django.db.models.functions import Now

from catalog.models import AudioFile, Track
from catalog.storage import backend
from separation.delivery.live import stem_id
from separation.lifecycle import Lease
from separation.models import Separation, Status, Stem
from separation.queue import notifications
from separation.separator.protocol import SeparatedSet, SeparatedStem


def keep(result: SeparatedSet) -> None:
    """Move the stems' files into storage. Raises CatalogError ``no_space`` and OSError."""
    for stem in result.stems:
        backend.store(stem.path, _key(stem))


def publish(lease: Lease, result: SeparatedSet) -> bool:
    """Make the separation ``succeeded``, with the stems that were kept; False when the lease was lost."""
    with transaction.atomic():
        rows = lease.held().update(
            status=Status.SUCCEEDED,
            progress=1.0,
            gain=result.gain,
            owner="",
            lease_until=None,
            finished_at=Now(),
        )
        if not rows:
            return False
        separation = Separation.objects.get(pk=lease.separation_id)
        for position, stem in enumerate(result.stems):
            Stem.objects.update_or_create(
                separation=separation,
                name=stem.name,
                defaults=(row := {"position": position, "audio": _audio(stem, result), "peaks": stem.peaks}),
                create_defaults={"pk": stem_id(separation.pk, stem.name), **row},
            )
        separation.stems.exclude(name__in=[stem.name for stem in result.stems]).delete()
        shown = separation.track_separations.filter(stopped_at=None).values("track")
        Track.objects.filter(audio=separation.mixture_id, pk__in=shown).update(separated_at=Now())
        notifications.ready(separation)
    return True


def _key(stem: SeparatedStem) -> str:
    # Named by its bytes, not by its audio: two encoders may write the same audio differently, and a file must
    # always be the one whose checksum the row tells.
    return backend.key_for("audio", stem.checksum, "flac")


def _audio(stem: SeparatedStem, result: SeparatedSet) -> AudioFile:
    """The row of this audio; silence, for one, may be known already, also within one set."""
    audio, created = AudioFile.objects.get_or_create(
        audio_digest=stem.audio_digest,
        defaults={
            "checksum": stem.checksum,
            "size": stem.size,
            "key": _key(stem),
            "container": "flac",
            "codec": "flac",
            "lossless": True,
            "sample_rate": result.sample_rate,
            "channels": 2,
            "bits": 16,
            "samples": stem.samples,
            "frames": stem.samples,
            "duration": stem.samples / result.sample_rate,
            "peak": stem.peak,
        },
    )
    if not created and audio.key != _key(stem) and backend.size(audio.key) != audio.size:
        # Its file is gone or torn: this separation brings it back.
        AudioFile.objects.filter(pk=audio.pk).update(key=_key(stem), checksum=stem.checksum, size=stem.size)
    return audio
