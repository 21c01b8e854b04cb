"""Rows for lists: what was made of many songs, read with a few queries for all of them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from catalog.hooks import SongParts
from catalog.models import Track
from separation.delivery.permissions import Seen
from separation.display_names import stem_label
from separation.models import Status, Stem, TrackSeparation


def separations_of(tracks: Sequence[Track]) -> dict[UUID, list[Seen]]:
    """Return for each of ``tracks`` (by its id) its separations with their stems, the oldest first."""
    found: dict[UUID, list[Seen]] = {track.pk: [] for track in tracks}
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
        found[track.pk].append(Seen.through(track, row.separation, row, stems.get(row.separation_id, ())))
    return found


def models_of_tracks(tracks: Collection[str]) -> dict[str, set[str]]:
    """Return for each of these tracks that has a finished separation by which models; ids as they were given."""
    rows = _current(tracks).filter(separation__status=Status.SUCCEEDED)
    found: dict[UUID, set[str]] = defaultdict(set)
    for track, model in rows.values_list("track", "separation__model"):
        found[track].add(model)
    return {track: found[UUID(track)] for track in tracks if UUID(track) in found}


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
        found[track] = SongParts(tuple(names), ", ".join(str(stem_label(name)) for name in names))
    return found


def _current(tracks: Collection[UUID] | Collection[str]) -> QuerySet[TrackSeparation]:
    """What these tracks show: nothing that was stopped, and of a merged track nothing of its former audio."""
    rows = TrackSeparation.objects.filter(track__in=tracks, stopped_at=None)
    return rows.filter(track__audio=F("separation__mixture")).order_by()
