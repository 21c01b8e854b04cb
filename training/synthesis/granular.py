"""Singing without a vocoder: the grains of a recording, one for each period, laid out on a new melody.

Time-domain pitch-synchronous overlap-add (Moulines and Charpentier, Speech Communication 9, 1990). What WORLD
makes is smoother than any throat; a network that hears nobody else learns WORLD instead of singing. These grains
keep the breath, the roughness and the consonants of the recording.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

from training.data.pool import SAMPLE_RATE
from training.synthesis.composition import Rng
from training.synthesis.instruments import CONTROL
from training.synthesis.sample_pack import Wave

_UNVOICED = 0.006
"""Seconds from grain to grain where there is no period."""
_WANDER = 120.0
"""Samples that a grain is taken from beside its place, so that a long note does not repeat one grain."""
_TONE = 900.0
"""Hz: below it, the largest peak of a period is the fundamental's."""


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Where the periods of a recording are, in samples, and how long."""

    places: npt.NDArray[np.int64]
    periods: npt.NDArray[np.int64]
    voiced: npt.NDArray[np.bool_]


def marks(wave: Wave, pitch: npt.NDArray[np.float64]) -> Marks:
    """Return the period marks of mono `wave`, whose `pitch` is known each 10 ms (0: none)."""
    low = signal.sosfiltfilt(signal.butter(2, _TONE / SAMPLE_RATE * 2, output="sos"), wave)
    if -low.min() > low.max():
        low = -low
    places: list[int] = []
    periods: list[int] = []
    voiced: list[bool] = []
    place = 0
    while place < len(wave):
        hertz = pitch[min(place // CONTROL, len(pitch) - 1)]
        period = int(SAMPLE_RATE / hertz) if hertz > 0 else int(_UNVOICED * SAMPLE_RATE)
        if hertz > 0:
            first = max(0, place - period // 5 if voiced and voiced[-1] else place)
            around = low[first : place + (period // 5 if voiced and voiced[-1] else period)]
            if len(around):
                place = max(first + int(around.argmax()), places[-1] + period // 2 if places else 0)
        places.append(place)
        periods.append(period)
        voiced.append(hertz > 0)
        place += period
    return Marks(np.array(places), np.array(periods), np.array(voiced))


def render(
    rng: Rng,
    wave: Wave,
    found: Marks,
    *,
    source: npt.NDArray[np.float64],
    pitch: npt.NDArray[np.float64],
    sounding: npt.NDArray[np.bool_],
    formants: float,
    samples: int,
) -> Wave:
    """Return mono [samples], not levelled: each 10 ms, frame `source` of the recording at `pitch` Hz where `sounding`.

    `formants` above 1 makes the throat smaller.
    """
    sound = np.zeros(samples + SAMPLE_RATE, dtype=np.float32)
    place = 0.0
    while place < samples:
        frame = min(int(place / CONTROL), len(pitch) - 1)
        if not sounding[frame]:
            place += CONTROL
            continue
        wanted = source[frame] * CONTROL + rng.normal(0, _WANDER)
        index = min(int(np.searchsorted(found.places, wanted)), len(found.places) - 1)
        period = int(found.periods[index])
        sings = pitch[frame] > 0 and found.voiced[index]
        step = (
            SAMPLE_RATE / pitch[frame] * (1 + rng.normal(0, 0.004))
            if sings
            else period * rng.uniform(0.8, 1.2)
        )
        begin, end = found.places[index] - period, found.places[index] + period
        if begin >= 0 and end <= len(wave):
            grain = wave[begin:end] * np.hanning(2 * period)
            if not sings and rng.random() < 0.5:
                grain = -grain[::-1]
            if formants != 1:
                size = int(len(grain) / formants)
                grain = np.interp(np.arange(size) * formants, np.arange(len(grain)), grain)
            first = int(place) - len(grain) // 2
            if first >= 0:
                gain = min(1.0, step / period) * (1 + rng.normal(0, 0.03))
                sound[first : first + len(grain)] += (grain * gain).astype(np.float32)
        place += step
    return sound[:samples]
