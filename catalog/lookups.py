"""Look before you send: recognising a file by the checksum of its bytes, without having it."""

from django.db import transaction

from accounts.models import User
from catalog.ingest import lookup
from catalog.models import Track, Upload
from catalog.names import received_filename


def claim(checksum: str, filename: str, user: User) -> Track | None:
    """The track that a file with this SHA-256 became, which ``user`` has from now on as if they had sent it.

    Nothing is counted against their quota, and doing it again changes nothing. None for what is not known, or
    private to somebody else.
    """
    with transaction.atomic():
        found = lookup(checksum, user)
        # Held, so that it is not removed in this moment, nor claimed twice.
        track = (
            found and Track.objects.select_for_update(of=("self",)).filter(pk=found.pk).with_names().first()
        )
        if track is None:
            return None
        if not track.uploads.filter(user=user).exists():
            known = (
                Upload.objects.filter(track=track, checksum=checksum.lower()).order_by("created_at").first()
            )
            Upload.objects.create(
                user=user,
                track=track,
                audio=track.audio,
                filename=received_filename(filename),
                checksum=checksum.lower(),
                size=known.size if known else track.audio.size,
                charged=0,
            )
        return track
