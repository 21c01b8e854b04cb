"""What events of the catalogue mean for separations: merges, splits, takedowns, garbage collection, search."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from uuid import UUID

from django.db import connection

from catalog.curation.merging import follows_merges
from catalog.curation.splitting import follows_splits
from catalog.curation.takedowns import gives_up
from catalog.errors import CatalogError
from catalog.models import Track
from catalog.search.facets import tells_models
from catalog.storage.garbage_collection import forgets_rows
from separation.delivery.permissions import shown_by
from separation.display_names import describe_slug
from separation.lifecycle import cancel
from separation.models import Rating, Separation, Status, Stem, TrackSeparation
from separation.queue.requests import ask

# By hand: a search asks it of a hundred songs, of which nothing but the models' names is needed.
_DONE = """SELECT k.track_id{}, s.model
    FROM separation_trackseparation k JOIN separation_separation s ON s.id = k.separation_id
    JOIN catalog_track o ON o.id = k.track_id AND o.audio_id = s.mixture_id
    WHERE s.status = 'succeeded' AND k.stopped_at IS NULL AND k.track_id {}"""


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


def label(slug: str) -> str:
    """What comes out, and of several models with the same parts which one it is."""
    model = describe_slug(slug)
    return f"{model.title} ({slug})" if model.title != slug else slug


@tells_models(label)
def models_of(tracks: Collection[str]) -> dict[str, set[str]]:
    """For each of these tracks that shows a separation: by which models."""
    found: dict[str, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_DONE.format("::text", "= ANY(%s::uuid[])"), [list(tracks)])
        else:
            places = ", ".join(["%s"] * len(tracks))
            cursor.execute(_DONE.format("", f"IN ({places})"), list(tracks))
        for track, model in cursor.fetchall():
            found[track].add(model)
    return found


@forgets_rows
def forget_orphans() -> int:
    """Cancel what runs for audio without a track, delete what has ended; returns how many were deleted.

    Audio that was merged into another track is held by its uploads, and keeps its stems: that may be undone.
    """
    deleted = 0
    for separation in Separation.objects.filter(mixture__tracks=None, mixture__uploads=None):
        if not cancel(separation):
            deleted += bool(Separation.objects.filter(pk=separation.pk, mixture__tracks=None).delete()[0])
    return deleted
