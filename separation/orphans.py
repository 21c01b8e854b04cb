"""Separations of audio that nobody holds: stopped, then deleted, so that the collector lets the audio go."""

from catalog.collector import forgets_rows
from separation import ask
from separation.models import Separation


@forgets_rows
def forget_orphans() -> int:
    """Cancel what runs for audio without a track, delete what has ended; returns how many were deleted.

    Audio that was merged into another track is held by its uploads, and keeps its stems: that may be undone.
    """
    deleted = 0
    for separation in Separation.objects.filter(mixture__tracks=None, mixture__uploads=None):
        if not ask.cancel(separation):
            deleted += bool(Separation.objects.filter(pk=separation.pk, mixture__tracks=None).delete()[0])
    return deleted
