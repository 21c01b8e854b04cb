"""What was made of many songs, gathered for all of them at once and as plain rows.

A page of the API has a hundred stems. Django's own way to fetch them beside their separations makes a model of each, of
its audio, and a manager for each list of them, which takes longer than all the rest of the page.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from catalog.models import Track
from catalog.written import Written
from separation.delivery.permissions import VisibleSeparation
from separation.models import Stem, TrackSeparation


@Written
def _stems(separations: Sequence[UUID]) -> QuerySet[Any, Any]:
    rows = Stem.objects.filter(separation__in=separations).order_by("position")
    return rows.values_list("separation", "pk", "name", "audio__frames")


class MadeStem(NamedTuple):
    """A stem, as answers say it."""

    pk: UUID
    name: str
    frames: int


def separations_of(tracks: Sequence[Track]) -> dict[UUID, list[VisibleSeparation]]:
    """For each of ``tracks`` (by its id) its separations with their stems, the oldest first: two queries."""
    by_id = {track.pk: track for track in tracks}
    rows = TrackSeparation.objects.filter(track__in=by_id.keys()).select_related("separation")
    shown = [row for row in rows if row.separation.mixture_id == by_id[row.track_id].audio_id]
    shown.sort(key=lambda row: (row.created_at, row.pk))
    stems: dict[UUID, list[MadeStem]] = defaultdict(list)
    if shown:
        for separation, pk, name, frames in _stems(list({row.separation_id for row in shown})):
            stems[separation].append(MadeStem(pk, name, frames))
    found: dict[UUID, list[VisibleSeparation]] = {pk: [] for pk in by_id}
    for row in shown:
        track = by_id[row.track_id]
        row.separation.mixture = track.audio
        found[track.pk].append(
            VisibleSeparation.through(track, row.separation, row, stems.get(row.separation_id, ()))
        )
    return found
