"""Beat grids: anchors from which the exact times of all beats follow, and how a grid is made and changed.

Times are frames: samples at 44,100 Hz of the recording. An anchor ``(beat, frame)`` says when a beat is; the first
anchor is beat 0, the last one the last beat, and the beats between two anchors lie evenly. A grid of constant tempo has
two anchors, one that was tracked beat by beat has as many as beats. ``(beat, n)`` in ``bars`` says that a bar begins at
``beat``, and that bars have ``n`` beats from there on; the first entry also holds for the beats before it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil, floor
from typing import Final

import numpy as np
from django.utils.translation import gettext_lazy as _

from audio.effects.clicks import Beat
from audio.formats import STEREO_RATE
from catalog.errors import CatalogError

SLOWEST: Final = 20.0
FASTEST: Final = 400.0
MOST_BEATS_PER_BAR: Final = 16
MOST_ANCHORS: Final = 20_000
MOST_BARS: Final = 1_000
FEWEST_TAPS: Final = 4
MOST_TAPS: Final = 1_000

MINUTE: Final = 60 * STEREO_RATE
DOUBLE_TAP: Final = 0.1 * STEREO_RATE  # what follows sooner is a bounce of the key
OUTLIER: Final = 0.25  # of a beat: a tap that is further away does not count

Pairs = tuple[tuple[int, int], ...]
Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Grid:
    """The beats of a recording."""

    anchors: Pairs
    bars: Pairs

    @cached_property
    def beats(self) -> list[int]:
        """The frame of each beat."""
        frames = [self.anchors[0][1]]
        for (beat, frame), (next_beat, next_frame) in pairwise(self.anchors):
            count, length = next_beat - beat, next_frame - frame
            frames += [frame + (2 * n * length + count) // (2 * count) for n in range(1, count + 1)]
        return frames

    @property
    def first_downbeat(self) -> int | None:
        """The first beat with which a bar begins, None if the grid ends before it."""
        first = min(self._starts)
        return first if first < self.count else None

    @property
    def _starts(self) -> list[int]:
        """The first downbeat of each entry in ``bars``: of the first one, counted backwards to the first beats."""
        first, per_bar = self.bars[0]
        return [first % per_bar, *(beat for beat, _n in self.bars[1:])]

    @cached_property
    def downbeats(self) -> list[int]:
        """The beats with which a bar begins."""
        return [n for n, beat in enumerate(self.counted) if beat.place == 0]

    @cached_property
    def counted(self) -> list[Beat]:
        """List the beats with their places in their bars."""
        starts = self._starts
        bars = [max(0, bisect_right(starts, n) - 1) for n in range(self.count)]
        return [
            Beat(frame, (n - starts[bar]) % self.bars[bar][1], self.bars[bar][1])
            for n, (frame, bar) in enumerate(zip(self.beats, bars, strict=True))
        ]

    @property
    def count(self) -> int:
        """The number of beats."""
        return self.anchors[-1][0] + 1

    @property
    def tempo(self) -> float:
        """The average tempo, in beats a minute."""
        return MINUTE * (self.count - 1) / (self.anchors[-1][1] - self.anchors[0][1])

    def beats_per_bar(self, beat: int = 0) -> int:
        """The number of beats of the bar in which ``beat`` is."""
        return self.bars[max(0, bisect_right(self.bars, beat, key=lambda bar: bar[0]) - 1)][1]


def check(grid: Grid, length: int) -> Grid:
    """Return ``grid`` if it fits a recording of ``length`` frames. Raises ``CatalogError("bad_beats")``."""
    anchors, bars = grid.anchors, grid.bars
    if not 2 <= len(anchors) <= MOST_ANCHORS or anchors[0][0] != 0:
        raise _refused("anchors", _("A grid has at least two anchors; the first one is beat 0."))
    if any(beat <= before for (before, _f), (beat, _g) in pairwise(anchors)):
        raise _refused("anchors", _("The beats have to be in order."))
    if anchors[0][1] < 0 or anchors[-1][1] >= length:
        raise _refused("anchors", _("A beat would be outside the song."))
    for (before, frame), (beat, next_frame) in pairwise(anchors):
        # Frames are whole numbers, so a tempo at the limit may lie beyond it by one.
        if MINUTE * (beat - before) > FASTEST * (next_frame - frame + 1):
            raise _refused("anchors", _("A beat would be too close to the one before, or even earlier."))
        if MINUTE * (beat - before) < SLOWEST * (next_frame - frame - 1):
            raise _refused("anchors", _("Two beats would be more than three seconds apart."))
    if not 1 <= len(bars) <= MOST_BARS or any(not 1 <= n <= MOST_BEATS_PER_BAR for _beat, n in bars):
        raise _refused("bars", _("A bar has 1 to 16 beats."))
    in_order = all(before < beat < grid.count for (before, _m), (beat, _n) in pairwise(bars))
    if not in_order or not 0 <= bars[0][0] < max(grid.count, bars[0][1]):
        raise _refused("bars", _("Bars have to begin at beats of the song, in order."))
    return grid


def constant(tempo: float, beats_per_bar: int, downbeat: float, length: int) -> Grid:
    """Make the grid of a recording of ``length`` frames that has one ``tempo``; a bar begins at the frame ``downbeat``.

    Raises ``CatalogError("bad_beats")`` if it is shorter than two beats.
    """
    period = MINUTE / tempo
    before, after = floor(downbeat / period), floor((length - 1 - downbeat) / period)
    if before + after < 1:
        raise _refused("tempo", _("The song is too short for two beats of this tempo."))
    first, last = round(downbeat - before * period), round(downbeat + after * period)
    return check(
        Grid(((0, first), (before + after, last)), ((before % beats_per_bar, beats_per_bar),)), length
    )


def from_taps(taps: Sequence[float], beats_per_bar: int, length: int) -> Grid:
    """Fit a constant tempo to ``taps`` (frames), of which the first one is the one.

    Taps that were left out, came twice or at a wrong moment do no harm while most are right. Raises
    ``CatalogError("bad_beats")``.
    """
    times = np.sort(np.asarray(taps, np.float64))
    times = times[np.diff(times, prepend=-np.inf) >= DOUBLE_TAP]
    if len(times) < FEWEST_TAPS:
        raise _refused("taps", _("Tap at least four beats."))
    frequency, start = _strongest_pulse(times)
    beats = np.rint((times - start) * frequency)
    near = np.abs((times - start) * frequency - beats) <= OUTLIER
    period = 1 / frequency
    if len(set(beats[near])) > 1:
        period, start = (float(number) for number in np.polyfit(beats[near], times[near], 1))
    tempo = MINUTE / period
    if not SLOWEST <= tempo <= FASTEST:
        raise _refused("taps", _("These taps have no tempo between 20 and 400 beats a minute."))
    return constant(tempo, beats_per_bar, start + period * float(beats[0]), length)


def _strongest_pulse(times: Numbers) -> tuple[float, float]:
    """Return frequency and phase of the pulse that most of ``times`` follow, around their median distance.

    The largest value of their spectrum, looked for in steps that shift the last one by a tenth of a beat. Raises
    ``CatalogError("bad_beats")`` where pauses are so long that nobody can tell the beats in them.
    """
    around = 1 / float(np.median(np.diff(times)))
    since = times - times[0]
    count = 1 + ceil(4 * around * since[-1])
    if count > 16 * len(times) + 64:
        raise _refused("taps", _("Tap without long pauses."))
    candidates = around * np.linspace(0.8, 1.2, count)
    sums = np.array([np.exp(2j * np.pi * frequency * since).sum() for frequency in candidates])
    best = int(np.argmax(np.abs(sums)))
    frequency = float(candidates[best])
    return frequency, float(times[0] + np.angle(sums[best]) / (2 * np.pi * frequency))


def move(grid: Grid, beat: int, frame: int, length: int, *, alone: bool = False) -> Grid:
    """Put ``beat`` at ``frame``. The beats up to the anchors around it follow evenly; ``alone``: they stay, to a frame.

    Raises ``CatalogError("bad_beats")``.
    """
    if not 0 <= beat < grid.count:
        raise _refused("beat", _("There is no beat of this number."))
    anchors = dict(grid.anchors)
    if alone:
        anchors |= {n: grid.beats[n] for n in (beat - 1, beat + 1) if 0 <= n < grid.count}
    anchors[beat] = frame
    return check(Grid(tuple(sorted(anchors.items())), grid.bars), length)


def set_tempo(grid: Grid, beat: int, tempo: float, length: int) -> Grid:
    """From ``beat`` on let the song have ``tempo``, up to its end. Raises ``CatalogError("bad_beats")``."""
    if not 0 <= beat < grid.count:
        raise _refused("beat", _("There is no beat of this number."))
    period, frame = MINUTE / tempo, grid.beats[beat]
    after = floor((length - 1 - frame) / period)
    if after < 1:
        raise _refused("tempo", _("The song ends before the next beat of this tempo."))
    kept = tuple(anchor for anchor in grid.anchors if anchor[0] < beat)
    anchors = (*kept, (beat, frame), (beat + after, round(frame + after * period)))
    bars = tuple(bar for n, bar in enumerate(grid.bars) if n == 0 or bar[0] < beat + after + 1)
    return check(Grid(anchors, bars), length)


def set_bars(grid: Grid, beat: int, beats_per_bar: int, *, everywhere: bool) -> Grid:
    """Begin a bar at ``beat``; bars have ``beats_per_bar`` from there on, or ``everywhere``.

    Raises ``CatalogError("bad_beats")``.
    """
    if not 0 <= beat < grid.count:
        raise _refused("beat", _("There is no beat of this number."))
    if everywhere:
        return Grid(grid.anchors, ((beat % beats_per_bar, beats_per_bar),))
    earlier = tuple(bar for bar in grid.bars if bar[0] < beat)
    return Grid(grid.anchors, (*earlier, (beat, beats_per_bar)))


def shift(grid: Grid, frames: int, length: int) -> Grid:
    """Put all beats so much later (negative: earlier), without those that would be outside the song.

    Raises ``CatalogError("bad_beats")`` if fewer than two are left.
    """
    inside = [n for n, frame in enumerate(grid.beats) if 0 <= frame + frames < length]
    if len(inside) < 2:
        raise _refused("seconds", _("Hardly a beat would be left in the song."))
    first, last = inside[0], inside[-1]
    kept = dict(grid.anchors) | {n: grid.beats[n] for n in (first, last)}
    anchors = tuple((n - first, kept[n] + frames) for n in sorted(kept) if first <= n <= last)
    starts = [n for n, bar in enumerate(grid.bars) if bar[0] <= first]
    beat, per_bar = grid.bars[starts[-1] if starts else 0]
    later = [(n - first, per) for n, per in grid.bars[1:] if first < n <= last]
    head = ((beat - first) % per_bar, per_bar)
    bars = (head, *later) if not later or head[0] < later[0][0] else tuple(later)
    return check(Grid(anchors, bars), length)


def double(grid: Grid, length: int) -> Grid:
    """Put a beat between each two; bars have as many beats as before. Raises ``CatalogError("bad_beats")``."""
    anchors = tuple((2 * beat, frame) for beat, frame in grid.anchors)
    return check(Grid(anchors, tuple((2 * beat, n) for beat, n in grid.bars)), length)


def halve(grid: Grid, length: int) -> Grid:
    """Leave out every second beat, but not the first one; bars have as many beats as before.

    Raises ``CatalogError("bad_beats")``.
    """
    start = grid.bars[0][0] % 2
    last = grid.count - 1 - (grid.count - 1 - start) % 2
    kept = {start, last}
    for beat, _frame in grid.anchors:
        # Where an anchor goes, its neighbours keep the tempo as it was.
        kept |= {n for n in ([beat] if beat % 2 == start else [beat - 1, beat + 1]) if start <= n <= last}
    if last <= start:
        raise _refused("beat", _("Hardly a beat would be left in the song."))
    anchors = tuple(((n - start) // 2, grid.beats[n]) for n in sorted(kept))
    bars: dict[int, int] = {}
    for beat, per_bar in grid.bars:
        bars.setdefault((beat - start + 1) // 2, per_bar)
    count = anchors[-1][0] + 1
    return check(
        Grid(anchors, tuple(bar for n, bar in enumerate(bars.items()) if n == 0 or bar[0] < count)), length
    )


def _refused(field: str, sentence: object) -> CatalogError:
    return CatalogError("bad_beats", str(sentence), by_field={field: [str(sentence)]})
