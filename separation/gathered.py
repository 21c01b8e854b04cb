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
from separation.access import Seen
from separation.models import Separation, Stem


@Written
def _stems(separations: Sequence[UUID]) -> QuerySet[Any, Any]:
    rows = Stem.objects.filter(separation__in=separations).order_by("position")
    return rows.values_list("separation", "pk", "name", "audio__frames")


class MadeStem(NamedTuple):
    """A stem, as answers say it."""

    pk: UUID
    name: str
    frames: int


def separations_of(tracks: Sequence[Track]) -> dict[UUID, list[Seen]]:
    """For each of ``tracks`` (by its id) its separations with their stems, the oldest first: two queries."""
    audio = {track.audio_id: track.audio for track in tracks}
    separations = list(Separation.objects.filter(mixture__in=audio.keys()).order_by("created_at"))
    stems: dict[UUID, list[MadeStem]] = defaultdict(list)
    if separations:
        for separation, pk, name, frames in _stems([row.pk for row in separations]):
            stems[separation].append(MadeStem(pk, name, frames))
    of: dict[UUID, list[Separation]] = defaultdict(list)
    for row in separations:
        row.mixture = audio[row.mixture_id]
        of[row.mixture_id].append(row)
    return {
        track.pk: [Seen(row, track, stems.get(row.pk, ())) for row in of.get(track.audio_id, ())]
        for track in tracks
    }
