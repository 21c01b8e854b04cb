"""Rows for lists: what was made of many songs, read with a few queries for all of them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from audio.tags.cleaning import clean_text
from catalog.hooks import SongParts
from catalog.models import Track, Upload
from catalog.normalization import sort_key
from catalog.visibility import visible_to
from separation.delivery.permissions import VisibleSeparation
from separation.models import SeparationRequest, Status, Stem, TrackSeparation
from separation.stem_looks import look

R = TypeVar("R", bound=Model)


def separations_by_track(tracks: Sequence[Track]) -> dict[UUID, list[VisibleSeparation]]:
    """Return for each of ``tracks`` (by its id) its separations with their stems, the oldest first."""
    found: dict[UUID, list[VisibleSeparation]] = {track.pk: [] for track in tracks}
    by_id = {track.pk: track for track in tracks}
    rows = TrackSeparation.objects.filter(track__in=by_id).select_related("separation")
    shown = [row for row in rows if row.separation.mixture_id == by_id[row.track_id].audio_id]
    shown.sort(key=lambda row: (row.created_at, row.pk))
    stems: dict[UUID, list[Stem]] = defaultdict(list)
    if shown:
        made = Stem.objects.filter(separation__in={row.separation_id for row in shown})
        names = ("separation", "name", "position", "audio__frames")
        for stem in made.select_related("audio").only(*names).order_by("position"):
            stems[stem.separation_id].append(stem)
    for row in shown:
        track = by_id[row.track_id]
        row.separation.mixture = track.audio
        found[track.pk].append(
            VisibleSeparation.through(track, row.separation, row, stems.get(row.separation_id, ()))
        )
    return found


def models_of_tracks(tracks: Collection[str]) -> dict[str, set[str]]:
    """Return for each of these tracks that has a finished separation by which models; ids as they were given."""
    ids = {UUID(track): track for track in tracks}
    rows = _current(ids.keys()).filter(separation__status=Status.SUCCEEDED)
    found: dict[str, set[str]] = defaultdict(set)
    for track, model in rows.values_list("track", "separation__model"):
        found[ids[track]].add(model)
    return found


def parts_of_tracks(tracks: Collection[UUID]) -> dict[UUID, SongParts]:
    """Return for each of these tracks the stems of its richest separation, else how far the work is."""
    states: dict[UUID, set[str]] = defaultdict(set)
    stems: dict[UUID, dict[UUID, list[str]]] = defaultdict(lambda: defaultdict(list))
    statuses = [Status.QUEUED, Status.RUNNING, Status.SUCCEEDED]
    rows = (
        _current(tracks)
        .filter(separation__status__in=statuses)
        .order_by("separation", "separation__stems__position")
    )
    columns = ("track", "separation", "separation__status", "separation__stems__name")
    for track, separation, status, name in rows.values_list(*columns):
        if status != Status.SUCCEEDED:
            states[track].add(status)
        elif name:
            stems[track][separation].append(name)
    found = {}
    for track, running in states.items():
        words = _("Being separated") if Status.RUNNING in running else _("Waiting to be separated")
        found[track] = SongParts((), words)
    for track, sets in stems.items():
        names = max(sets.values(), key=len)
        looks = [look(name) for name in names]
        found[track] = SongParts(
            tuple(names), ", ".join(str(each.label) for each in looks), tuple(each.colour for each in looks)
        )
    return found


def _current(tracks: Collection[UUID]) -> QuerySet[TrackSeparation]:
    """Return what these tracks show: nothing stopped, and nothing of the former audio of a merged track."""
    return TrackSeparation.objects.filter(track__in=tracks, stopped_at=None).of_songs().order_by()


def uploads_of(user: User) -> QuerySet[Upload]:
    """Return the last upload of each track that ``user`` holds, the newest first."""
    rows = Upload.objects.filter(visible_to(user, "track"), user=user)
    return _latest(rows).order_by("-created_at", "pk")


def requests_of(user: User) -> QuerySet[SeparationRequest]:
    """Return what ``user`` requested, the newest first."""
    rows = SeparationRequest.objects.filter(visible_to(user, "track"), user=user)
    return rows.order_by("-created_at", "pk")


def requested_tracks(user: User) -> QuerySet[SeparationRequest]:
    """Return the last request of each track, the newest first."""
    return _latest(requests_of(user))


def _latest(rows: QuerySet[R]) -> QuerySet[R]:
    """Keep the last of a person's rows about a track. Row by row, so that a page of a long list stays quick."""
    later = rows.model._default_manager.filter(user=OuterRef("user"), track=OuterRef("track")).filter(  # noqa: SLF001  # Django's public name
        Q(created_at__gt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), pk__gt=OuterRef("pk"))
    )
    return rows.filter(~Exists(later))


def holding(words: str) -> Q:
    """Match rows of one person whose track has every word in title, artist or album."""
    found = Q()
    for word in sort_key(clean_text(words) or "").split():
        found &= (
            Q(track__title_key__contains=word)
            | Q(track__artist__key__contains=word)
            | Q(track__artist__sort_key__contains=word)
            | Q(track__album__sort_key__contains=word)
        )
    return found
