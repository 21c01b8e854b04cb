"""Reading and changing the beats of a song. A change is recorded in the history of the song, and undone there."""

from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from audio.formats import STEREO_RATE
from catalog.curation import history
from catalog.curation.editing import lock_row, may_edit, write
from catalog.curation.errors import ConflictError, not_yours
from catalog.curation.locks import lock_shared
from catalog.hooks import TrackField
from catalog.models import Change, Track
from catalog.selectors import Reader
from practice.beats import Grid, check
from practice.models import BeatGrid

FIELD: Final = "beats"  # their name in the history

Stored = dict[str, list[list[int]]]


@dataclass(frozen=True)
class SavedBeats:
    """The beats of a song, None without any, and the ``revision`` that they are."""

    grid: Grid | None
    revision: int = 0


def beats_of(track: Track) -> SavedBeats:
    """Read the beats of what ``track`` plays."""
    row = BeatGrid.objects.filter(track=track.pk, audio=track.audio_id).first()
    return SavedBeats(_grid(row.anchors, row.bars), row.revision) if row is not None else SavedBeats(None)


def save_beats(track: Track, user: User, grid: Grid | None, revision: int) -> Change | None:
    """Give ``track`` these beats, or none; ``revision`` is the one that ``user`` has seen. None if nothing changed.

    Raises ``CatalogError``: ``not_yours`` (403), ``gone`` (409), ``changed_meanwhile`` (409), ``bad_beats``.
    """
    with transaction.atomic():
        lock_shared()
        track = lock_row(track)
        if not may_edit(track, user):
            raise not_yours()
        if grid is not None:
            check(grid, track.audio.frames)
        now = beats_of(track)
        if now.revision != revision:
            raise ConflictError({FIELD: _stored(now.grid)}, [FIELD])
        return write(track, user, {FIELD: _stored(grid)}) if grid != now.grid else None


def beat_changes(track: Track, user: Reader) -> QuerySet[Change]:
    """Return what was changed about the beats of ``track``, as far as ``user`` may see it, the newest first."""
    changed = Q(before__has_key=FIELD) | Q(after__has_key=FIELD)
    return history.of(track, user).filter(changed)


def _read(track: Track) -> Stored | None:
    return _stored(beats_of(track).grid)


def _write(track: Track, value: Stored | None) -> None:
    """Store the beats; the row stays when they are removed, so that no revision comes twice."""
    row, _created = BeatGrid.objects.get_or_create(track=track, audio_id=track.audio_id)
    row.anchors, row.bars = (value["anchors"], value["bars"]) if value else ([], [])
    row.revision += 1
    row.save()


def _stored(grid: Grid | None) -> Stored | None:
    if grid is None:
        return None
    return {"anchors": [list(pair) for pair in grid.anchors], "bars": [list(pair) for pair in grid.bars]}


def _grid(anchors: list[list[int]], bars: list[list[int]]) -> Grid | None:
    if not anchors:
        return None
    return Grid(tuple((beat, frame) for beat, frame in anchors), tuple((beat, n) for beat, n in bars))


def _public(value: Stored | None) -> dict[str, Any] | None:
    grid = _grid(value["anchors"], value["bars"]) if value else None
    if grid is None:
        return None
    return {"tempo": round(grid.tempo, 2), "beats_per_bar": grid.beats_per_bar(), "beats": grid.count}


def _readable(value: Stored | None) -> str:
    grid = _grid(value["anchors"], value["bars"]) if value else None
    return describe(grid) if grid is not None else _("nothing")


def describe(grid: Grid) -> str:
    """Say in words what the beats are: ``120 beats a minute, 4 beats a bar, the one at 0.520 s, 3 beats placed``."""
    per_bar = {n for _beat, n in grid.bars}
    parts = [_("%(tempo)s beats a minute") % {"tempo": format_tempo(grid)}]
    if len(per_bar) == 1:
        (n,) = per_bar
        parts.append(ngettext("%(n)d beat a bar", "%(n)d beats a bar", n) % {"n": n})
    else:
        parts.append(_("changing metre"))
    if grid.first_downbeat is not None:
        seconds = grid.beats[grid.first_downbeat] / STEREO_RATE
        parts.append(_("the one at %(seconds)s s") % {"seconds": f"{seconds:.3f}"})
    moved = len(grid.anchors) - 2
    if moved:
        parts.append(ngettext("%(n)d beat placed", "%(n)d beats placed", moved) % {"n": moved})
    return ", ".join(parts)


def format_tempo(grid: Grid) -> str:
    """Return the tempo with at most two decimals: ``99.5``."""
    return f"{grid.tempo:.2f}".rstrip("0").rstrip(".")


TRACK_FIELD: Final = TrackField(
    label=gettext_lazy("Beats"), read=_read, write=_write, readable=_readable, public=_public
)
