"""Publication of a finished separation: files first, then rows and status in one guarded transaction.

A crash at any point leaves either the old state and some files that no row names (garbage collection removes them), or
everything. A worker that has lost the lease changes nothing.
"""

from django.db import transaction
from django.db.models.functions import Now

from catalog.models import AudioFile, Track
from catalog.storage import backend
from separation.delivery.live import stem_id
from separation.display_names import in_order
from separation.lifecycle import Lease, succeed
from separation.models import Separation, Stem
from separation.queue import notifications
from separation.separator.protocol import SeparatedSet, SeparatedStem
from separation.upgrades.lifecycle import show_better


def store(result: SeparatedSet) -> None:
    """Move the stem files into storage. Raises CatalogError ``no_space`` and OSError."""
    keys = [_key(stem) for stem in result.stems]
    damaged = set(
        AudioFile.objects.filter(key__in=keys).exclude(damaged_at=None).values_list("key", flat=True)
    )
    for stem, key in zip(result.stems, keys, strict=True):
        (backend.replace if key in damaged else backend.store)(stem.path, key)


def publish(lease: Lease, result: SeparatedSet) -> bool:
    """Make the separation ``succeeded``, with the stems that were stored; False when the lease was lost."""
    with transaction.atomic():
        if not succeed(lease, result.gain):
            return False
        separation = Separation.objects.get(pk=lease.separation_id)
        order = in_order(stem.name for stem in result.stems)
        for stem in result.stems:
            Stem.objects.update_or_create(
                separation=separation,
                name=stem.name,
                defaults=(
                    row := {
                        "position": order.index(stem.name),
                        "audio": _audio(stem, result),
                        "peaks": stem.peaks,
                    }
                ),
                create_defaults={"pk": stem_id(separation.pk, stem.name), **row},
            )
        separation.stems.exclude(name__in=[stem.name for stem in result.stems]).delete()
        shown = separation.track_separations.filter(stopped_at=None).values("track")
        Track.objects.filter(audio=separation.mixture_id, pk__in=shown).update(separated_at=Now())
        show_better(separation)  # not among the recently separated songs, which people asked for
        notifications.ready(separation)
    return True


def _key(stem: SeparatedStem) -> str:
    # By the checksum of the bytes, not by the audio: two encoders may write the same audio differently, and a file
    # must match the checksum in its row.
    return backend.key_for("audio", stem.checksum, "flac")


def _audio(stem: SeparatedStem, result: SeparatedSet) -> AudioFile:
    """Get or create the row of this audio; silence, for example, may be known already, even within one set."""
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
    is_replaced = not created and audio.key != _key(stem) and backend.size(audio.key) != audio.size
    if is_replaced or audio.damaged_at is not None:  # its file is missing or damaged
        AudioFile.objects.filter(pk=audio.pk).update(
            key=_key(stem), checksum=stem.checksum, size=stem.size, damaged_at=None
        )
    return audio
