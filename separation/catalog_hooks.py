"""What events of the catalogue mean for separations: merges, splits, takedowns, garbage collection, search."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from uuid import UUID

from django.db.models import Q

from catalog import hooks
from catalog.errors import CatalogError
from catalog.models import AudioFile, Track
from separation.delivery.permissions import shown_by
from separation.display_names import describe_slug
from separation.lifecycle import cancel
from separation.models import Rating, Separation, Status, Stem, TrackSeparation
from separation.queue.requests import ask, ask_for_stem
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
    _move_requests_for_stems(audio, winner)


def _move_requests_for_stems(audio: UUID, winner: Track) -> None:
    """Do the same for separations of stems, where ``winner`` has such a stem already."""
    unfinished = Separation.objects.unfinished().filter(mixture__stems__separation__mixture=audio)
    for separation in unfinished.order_by("created_at").distinct():
        requests = list(separation.requests.select_related("user"))
        cancel(separation)
        stem = _stem_like(Stem.objects.filter(audio=separation.mixture_id).first(), winner)
        if stem is None:
            continue
        for request in requests:
            with suppress(CatalogError):
                ask_for_stem(stem, winner, separation.model, request.user, silent=request.silent)


def _stem_like(stem: Stem | None, track: Track) -> Stem | None:
    """Find the stem of ``track`` with the name of ``stem``, the newest one that the same model has made."""
    if stem is None:
        return None
    shown = shown_by([track]).filter(stopped_at=None, separation__model=stem.separation.model)
    found = Stem.objects.filter(name=stem.name, separation__in=shown.values("separation"))
    return found.select_related("audio", "separation").order_by("-separation__created_at").first()


def move_track_separations(old: Track, new_track: Track) -> None:
    """Let ``new_track`` show what was made of its audio and of the stems of that, with the ratings."""
    of_song = Q(separation__mixture=new_track.audio_id)
    of_stems = Q(separation__mixture__stems__separation__mixture=new_track.audio_id)
    for rows in (TrackSeparation.objects, Rating.objects):
        moved = rows.filter(of_song | of_stems, track=old).values_list("pk", flat=True)
        rows.filter(pk__in=list(moved)).update(track=new_track)


def delete_separations(audio: Sequence[UUID]) -> list[UUID]:
    """Delete every separation of ``audio``, and of the stems that nothing else needs then; return the stems' audio.

    A running worker notices at its next heartbeat.
    """
    freed: list[UUID] = []
    mixtures = list(audio)
    while mixtures:
        rows = Separation.objects.select_for_update().filter(mixture__in=mixtures).order_by("pk")
        ids = [row.pk for row in rows]
        stems = list(Stem.objects.filter(separation__in=ids).values_list("audio", flat=True))
        Separation.objects.filter(pk__in=ids).delete()
        freed += stems
        unneeded = AudioFile.objects.filter(pk__in=stems, stems=None, tracks=None, uploads=None)
        mixtures = list(unneeded.values_list("pk", flat=True))
    return freed


def model_label(slug: str) -> str:
    """Name the stems, and of several models with the same stems the model."""
    model = describe_slug(slug)
    return f"{model.title} ({slug})" if model.title != slug else slug


def exported(audio: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return ``"compact:2stems succeeded"`` for each separation of these audio files, and of their stems."""
    found: dict[UUID, list[str]] = defaultdict(list)
    for separation in Separation.objects.filter(mixture__in=audio):
        found[separation.mixture_id].append(f"{separation.model} {separation.status}")
    stems = Stem.objects.filter(separation__mixture__in=audio, audio__separations__isnull=False)
    columns = ("separation__mixture", "name", "audio__separations__model", "audio__separations__status")
    for mixture, name, model, status in stems.order_by("position").values_list(*columns).distinct():
        found[mixture].append(f"{model} of {name} {status}")
    return found


def delete_orphans() -> int:
    """Cancel what runs for audio without a track, delete what has ended; returns how many were deleted.

    Audio that was merged into another track is held by its uploads, and keeps its stems: that may be undone. With the
    stems go the separations of them, which are looked for in another turn.
    """
    deleted = 0
    orphans = Separation.objects.filter(
        mixture__tracks=None, mixture__uploads=None, mixture__stems__isnull=True
    )
    cancelled: set[UUID] = set()  # deleted by the next collection, when no worker can be at it any more
    while True:
        before = deleted
        for separation in orphans.exclude(pk__in=cancelled):
            if cancel(separation):
                cancelled.add(separation.pk)
            else:
                deleted += bool(orphans.filter(pk=separation.pk).delete()[0])
        if deleted == before:
            return deleted
