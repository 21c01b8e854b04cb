"""What merging tracks and taking recordings down means for their separations."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from catalog.curation.merging import follows_merges
from catalog.curation.splitting import follows_splits
from catalog.curation.takedowns import gives_up
from catalog.errors import CatalogError
from catalog.models import Track
from separation.access import shown_by
from separation.ask import ask, cancel
from separation.models import Rating, Separation, Status, Stem, TrackSeparation


@follows_merges
def want_the_same(audio: UUID, track: UUID) -> None:
    """Who wanted parts of ``audio`` gets those of ``track``, which stands for it now."""
    winner = Track.objects.filter(pk=track).first()
    if winner is None:
        return
    lasting = {Status.QUEUED, Status.RUNNING, Status.SUCCEEDED}
    for separation in Separation.objects.filter(mixture=audio, status__in=lasting).order_by("created_at"):
        people = [request.user for request in separation.requests.select_related("user")]
        cancel(separation)
        known = shown_by([winner]).filter(
            separation__model=separation.model, separation__status=Status.SUCCEEDED, stopped_at=None
        )
        for user in people if not known.exists() else []:
            with suppress(CatalogError):  # the model was removed, or they have too many waiting
                ask(winner, separation.model, user)


@follows_splits
def show_at(old: Track, fresh: Track) -> None:
    """What was made of the audio of ``fresh`` is shown by that track again."""
    shown = TrackSeparation.objects.filter(track=old, separation__mixture=fresh.audio_id)
    shown.update(track=fresh)
    Rating.objects.filter(track=old, separation__mixture=fresh.audio_id).update(track=fresh)


@gives_up
def forget(audio: Sequence[UUID]) -> list[UUID]:
    """Nothing is published any more, and what was is gone; a running worker notices at its next heartbeat."""
    rows = Separation.objects.select_for_update().filter(mixture__in=audio).order_by("pk")
    ids = [row.pk for row in rows]
    stems = list(Stem.objects.filter(separation__in=ids).values_list("audio", flat=True))
    Separation.objects.filter(pk__in=ids).delete()
    return stems
