"""Sounds that only fade: sums of decaying modes, note by note, so that notes may overlap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import signal

from training.data.pool import SAMPLE_RATE
from training.synthesis.composition import Note, Rng
from training.synthesis.modelled import sources
from training.synthesis.modelled.expression import Samples

_HIGHEST = 14_000.0
_FAINT = 0.004
_LONGEST = 4 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Modes:
    """Modes of one note: multiples of its frequency, gains, and seconds until each has fallen to 1/e."""

    ratios: Samples
    gains: Samples
    decays: Samples


def string(
    rng: Rng, frequency: float, *, place: float, hardness: float, decay: float, stiffness: float
) -> Modes:
    """Return the modes of a string struck or plucked at `place` of its length.

    Hard contacts are bright: above `hardness` Hz little is excited. The harmonics of stiff strings are sharp.
    """
    numbers = np.arange(1.0, max(2, min(36, int(_HIGHEST / frequency))))
    ratios = numbers * np.sqrt(1 + stiffness * numbers**2)
    gains = np.abs(np.sin(np.pi * numbers * place)) * np.exp(-numbers * frequency / hardness)
    decays = decay / (1 + (ratios * frequency / 2200) ** 1.3)
    uneven = np.exp(rng.normal(0, 0.15, (2, len(numbers))))
    return Modes(ratios, gains * uneven[0], decays * uneven[1])


def ring(
    notes: Sequence[Note],
    samples: int,
    modes: Callable[[float], Modes],
    *,
    ringing: float,
    release: float = 0.05,
    bend: Callable[[Note, Samples], Samples] | None = None,
) -> Samples:
    """Return [samples] of all `notes`: each rings `ringing` times its length, then is damped within `release` seconds.

    `bend` gives semitones for a note at times after its onset in seconds; without it notes of one pitch share
    their tone.
    """
    sound = np.zeros(samples)
    tones: dict[float, Samples] = {}
    for note in notes:
        first = int(note.start * SAMPLE_RATE)
        length = min(int((note.length * ringing + release) * SAMPLE_RATE), samples - first, _LONGEST)
        if length < 400:
            continue
        frequency = float(440 * 2 ** ((note.pitch - 69) / 12))
        if bend is None:
            tone = tones.get(note.pitch)
            if tone is None or len(tone) < length:
                tone = tones[note.pitch] = _steady(modes(frequency), frequency, length)
        else:
            semitones = bend(note, np.arange(length) / SAMPLE_RATE)
            tone = _bent(modes(frequency), frequency * 2 ** (semitones / 12))
        time = np.arange(length) / SAMPLE_RATE
        edges = np.minimum(1, time / 0.0015) * np.clip((time[-1] - time) / release, 0, 1)
        sound[first : first + length] += (note.velocity / 127) ** 1.5 * tone[:length] * edges
    return sound


def _heard(modes: Modes, highest: float) -> list[tuple[float, float, float]]:
    loudest = float(modes.gains.max()) + 1e-9
    found = zip(modes.ratios.tolist(), modes.gains.tolist(), modes.decays.tolist(), strict=True)
    return [mode for mode in found if mode[1] > _FAINT * loudest and mode[0] * highest < _HIGHEST]


def _steady(modes: Modes, frequency: float, length: int) -> Samples:
    sound = np.zeros(length)
    for ratio, gain, decay in _heard(modes, frequency):
        size = min(length, int(6 * decay * SAMPLE_RATE) + 1)
        angle, fading = 2 * np.pi * ratio * frequency / SAMPLE_RATE, np.exp(-1 / (decay * SAMPLE_RATE))
        struck = np.zeros(size)
        struck[0] = gain * np.sin(angle)
        sound[:size] += signal.lfilter([1], [1, -2 * fading * np.cos(angle), fading**2], struck)
    return sound


def _bent(modes: Modes, frequency: Samples) -> Samples:
    angle = 2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE
    time = np.arange(len(frequency)) / SAMPLE_RATE
    sound = np.zeros(len(frequency))
    for ratio, gain, decay in _heard(modes, float(frequency.max())):
        size = min(len(time), int(6 * decay * SAMPLE_RATE) + 1)
        sound[:size] += gain * np.exp(-time[:size] / decay) * np.sin(ratio * angle[:size])
    return sound


def knocks(
    rng: Rng, notes: Sequence[Note], samples: int, *, low: float, high: float, seconds: float
) -> Samples:
    """Return [samples] with a burst of noise at each note's start: keys, hammers, picks."""
    length = int(4 * seconds * SAMPLE_RATE)
    fading = np.exp(-np.arange(length) / (seconds * SAMPLE_RATE))
    sound = np.zeros(samples + length)
    for note in notes:
        first = max(0, int(note.start * SAMPLE_RATE))
        if first < samples:
            sound[first : first + length] += rng.standard_normal(length) * fading * note.velocity / 127
    return sources.low_pass(sources.high_pass(sound[:samples], low, 1), high, 1)
