"""Look before you send: recognising a file by the checksum of its bytes, without having it."""

from django.db import transaction

from accounts.models import User
from catalog.curation.locking import keep_moves_away
from catalog.ingest import lookup
from catalog.models import Track, Upload
from catalog.names import received_filename


def claim(checksum: str, filename: str, user: User) -> Track | None:
    """The track that a file with this SHA-256 became, which ``user`` has from now on as if they had sent it.

    Nothing is counted against their quota, and doing it again changes nothing. None for what is not known, or
    private to somebody else.
    """
    with transaction.atomic():
        keep_moves_away()
        found = lookup(checksum, user)
        if found is None:
            return None
        # Held, so that it is not removed in this moment, nor claimed twice.
        track = Track.objects.select_for_update().filter(pk=found.pk).first()
        known = track and track.uploads.filter(checksum=checksum.lower()).order_by("created_at").first()
        if not track or not known:
            return None
        if not track.uploads.filter(user=user).exists():
            Upload.objects.create(
                user=user,
                track=track,
                audio=known.audio,
                filename=received_filename(filename),
                checksum=known.checksum,
                size=known.size,
                charged=0,
            )
        return found
