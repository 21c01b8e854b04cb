"""What events of the catalogue mean for separations: merges, splits, takedowns, garbage collection, search."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from uuid import UUID

from catalog import hooks
from catalog.errors import CatalogError
from catalog.models import Track
from separation.delivery.permissions import shown_by
from separation.display_names import describe_slug
from separation.lifecycle import cancel
from separation.models import Rating, Separation, Status, Stem, TrackSeparation
from separation.queue.requests import ask
from separation.selectors import models_of_tracks, parts_of_tracks


def connect() -> None:
    """Take part in the events of the catalogue."""
    hooks.merged.connect(move_requests)
    hooks.split.connect(move_track_separations)
    hooks.taken_down.connect(delete_separations)
    hooks.collecting_garbage.connect(delete_orphans)
    hooks.models_of_tracks.connect(models_of_tracks)
    hooks.model_label.connect(model_label)
    hooks.parts_of_tracks.connect(parts_of_tracks)
    hooks.exporting.connect(exported)


def move_requests(audio: UUID, track: UUID) -> None:
    """Cancel the separations of ``audio``, and request those of ``track`` for the same people."""
    winner = Track.objects.filter(pk=track).first()
    if winner is None:
        return
    lasting = {Status.QUEUED, Status.RUNNING, Status.SUCCEEDED}
    for separation in Separation.objects.filter(mixture=audio, status__in=lasting).order_by("created_at"):
        requests = list(separation.requests.select_related("user"))
        cancel(separation)
        known = shown_by([winner]).filter(
            separation__model=separation.model, separation__status=Status.SUCCEEDED, stopped_at=None
        )
        for request in requests if not known.exists() else []:
            with suppress(CatalogError):  # the model was removed, or they have too many waiting
                ask(winner, separation.model, request.user, silent=request.silent)


def move_track_separations(old: Track, new_track: Track) -> None:
    """Let ``new_track`` show what was made of its audio, with the ratings."""
    shown = TrackSeparation.objects.filter(track=old, separation__mixture=new_track.audio_id)
    shown.update(track=new_track)
    Rating.objects.filter(track=old, separation__mixture=new_track.audio_id).update(track=new_track)


def delete_separations(audio: Sequence[UUID]) -> list[UUID]:
    """Delete every separation of ``audio``; a running worker notices at its next heartbeat."""
    rows = Separation.objects.select_for_update().filter(mixture__in=audio).order_by("pk")
    ids = [row.pk for row in rows]
    stems = list(Stem.objects.filter(separation__in=ids).values_list("audio", flat=True))
    Separation.objects.filter(pk__in=ids).delete()
    return stems


def model_label(slug: str) -> str:
    """Name the stems, and of several models with the same stems the model."""
    model = describe_slug(slug)
    return f"{model.title} ({slug})" if model.title != slug else slug


def exported(audio: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return ``"compact:2stems succeeded"`` for each separation of these audio files."""
    found: dict[UUID, list[str]] = defaultdict(list)
    for separation in Separation.objects.filter(mixture__in=audio):
        found[separation.mixture_id].append(f"{separation.model} {separation.status}")
    return found


def delete_orphans() -> int:
    """Cancel what runs for audio without a track, delete what has ended; returns how many were deleted.

    Audio that was merged into another track is held by its uploads, and keeps its stems: that may be undone.
    """
    deleted = 0
    for separation in Separation.objects.filter(mixture__tracks=None, mixture__uploads=None):
        if not cancel(separation):
            deleted += bool(Separation.objects.filter(pk=separation.pk, mixture__tracks=None).delete()[0])
    return deleted
