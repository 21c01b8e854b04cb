"""Metronome clicks and a count-in for a mix: where they are in what is heard, and what they sound like.

Clicks are added after the music was stretched and transposed, and are neither themselves.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from math import floor
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from audio.decoding.decode import Samples
from audio.formats import STEREO_RATE

LENGTH: Final = 1_764  # frames: 40 ms
FADE: Final = 441  # frames at its end
DECAY: Final = 0.008  # seconds in which it falls to 1/e
ACCENT: Final = (1_760.0, 0.6)  # Hz, level
BEAT: Final = (1_320.0, 0.4)
SILENCE: Final = 65_536  # frames of a block


class Beat(NamedTuple):
    """A beat of a recording: its frame, its place in a bar (0 is the one), and how many beats that bar has."""

    frame: int
    place: int
    per_bar: int


@dataclass(frozen=True)
class Clicks:
    """Clicks of a mix, at frames of what is heard, and whether each is accented. The music begins after ``lead``."""

    times: tuple[tuple[int, bool], ...]
    volume: float
    lead: int = 0

    @property
    def peak(self) -> float:
        """More than the largest sample of a click."""
        return self.volume * ACCENT[1]

    def at_gain(self, gain: float) -> Self:
        """Return them so much louder."""
        return replace(self, volume=gain * self.volume)


def place_clicks(
    beats: Sequence[Beat],
    tempo: float,
    *,
    volume: float,
    count_in: int = 0,
    start: int = 0,
    stop: int | None = None,
) -> Clicks:
    """Find where the clicks of ``beats`` (not empty) are when frames ``[start, stop)`` are heard at ``tempo``.

    ``count_in`` bars come before the music, beginning with a one, so that the music continues them; where it begins
    within a bar, the beats of that bar before it are counted as well. With ``volume`` 0 there is only the count-in.
    """
    lead, counted = _count_in(beats, tempo, count_in, start)
    heard = [beat for beat in beats if start <= beat.frame and (stop is None or beat.frame < stop)]
    clicks = [(lead + _round((beat.frame - start) / tempo), beat.place == 0) for beat in heard if volume]
    return Clicks((*counted, *clicks), volume or 1.0, lead)


def _count_in(
    beats: Sequence[Beat], tempo: float, bars: int, start: int
) -> tuple[int, list[tuple[int, bool]]]:
    """Return how long the count-in is, in frames of what is heard, and its clicks."""
    if not bars or len(beats) < 2:
        return 0, []
    first = next((n for n, beat in enumerate(beats) if beat.frame >= start), len(beats) - 1)
    beat = beats[first]
    one = min(first, len(beats) - 2)
    period = beats[one + 1].frame - beats[one].frame
    skipped, offset = divmod(
        beat.frame - start, period
    )  # the grid goes on backwards to the start of the music
    count = bars * beat.per_bar + (beat.place - skipped) % beat.per_bar
    lead = max(0, _round((count * period - offset) / tempo))
    times = [max(0, _round(lead + (offset - (count - n) * period) / tempo)) for n in range(count)]
    return lead, [(time, n % beat.per_bar == 0) for n, time in enumerate(times)]


def _round(frames: float) -> int:
    return floor(frames + 0.5)


@cache
def sound(*, accent: bool) -> NDArray[np.float32]:
    """Make a click of ``LENGTH`` samples: a sine that dies away, higher and louder for the one."""
    frequency, level = ACCENT if accent else BEAT
    n = np.arange(LENGTH)
    seconds = n / STEREO_RATE
    shape = np.exp(-seconds / DECAY) * np.minimum(1, (LENGTH - n) / FADE)
    click: NDArray[np.float32] = (level * np.sin(2 * np.pi * frequency * seconds) * shape).astype(np.float32)
    return click


def add_clicks(blocks: Iterable[Samples], clicks: Clicks) -> Generator[Samples, None, None]:
    """Yield the count-in's silence and ``blocks`` of ``[2, n]`` with the clicks; what reaches beyond the end is cut."""
    times = sorted(clicks.times)
    position = first = 0
    for block in chain(_silence(clicks.lead), blocks):
        end = position + block.shape[1]
        mixed = block.copy()
        while first < len(times) and times[first][0] + LENGTH <= position:
            first += 1
        for time, accent in times[first:]:
            if time >= end:
                break
            begin, stop = max(time, position), min(time + LENGTH, end)
            part = sound(accent=accent)[begin - time : stop - time]
            mixed[:, begin - position : stop - position] += np.float32(clicks.volume) * part
        yield mixed
        position = end


def _silence(frames: int) -> Iterable[Samples]:
    for begin in range(0, frames, SILENCE):
        yield np.zeros((2, min(SILENCE, frames - begin)), np.float32)
