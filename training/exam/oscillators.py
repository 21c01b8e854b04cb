"""Frequency modulation (Chowning, 1973), hard synchronisation and Karplus and Strong's string (1983).

Mono sound [samples] at 44.1 kHz.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import signal

from training.data.pool import SAMPLE_RATE
from training.synthesis.composition import Note, Rng

Samples = npt.NDArray[np.float64]
_TWO_PI = 2 * np.pi


def modulated_brass(rng: Rng, frequency: Samples, loudness: Samples) -> Samples:
    """Modulate a carrier in unison; the index, and with it the brightness, follows the loudness."""
    phase = _TWO_PI * np.cumsum(frequency) / SAMPLE_RATE
    index = rng.uniform(2, 4.5) * loudness ** rng.uniform(0.7, 1.3)
    breath = rng.uniform(0.005, 0.03) * rng.standard_normal(len(phase))
    return np.asarray(loudness * (np.sin(phase + index * np.sin(phase)) + breath), dtype=np.float64)


def modulated_lead(rng: Rng, frequency: Samples, loudness: Samples) -> Samples:
    """Modulate a carrier at a multiple of its frequency, with an index that varies slowly."""
    phase = _TWO_PI * np.cumsum(frequency) / SAMPLE_RATE
    index = rng.uniform(0.5, 2) + 0.6 * np.sin(
        _TWO_PI * rng.uniform(0.2, 3) * np.arange(len(phase)) / SAMPLE_RATE
    )
    return np.asarray(
        loudness * np.sin(phase + index * np.sin(float(rng.integers(2, 5)) * phase)), dtype=np.float64
    )


def synchronised(rng: Rng, frequency: Samples, loudness: Samples) -> Samples:
    """Make a saw tooth that a slower oscillator restarts; their ratio follows the loudness."""
    part = np.cumsum(frequency) / SAMPLE_RATE % 1
    ratio = rng.uniform(1.3, 2) + rng.uniform(0.5, 2.5) * loudness
    sound = (2 * (part * ratio % 1) - 1) * (1 - part**8)
    return np.asarray(loudness * signal.lfilter(*signal.butter(2, 0.3), sound))


def tines(rng: Rng, notes: list[Note], samples: int) -> Samples:
    """Play an electric piano: a decaying index, and a bell fourteen times as high."""
    bright = rng.uniform(0.5, 2)

    def tone(frequency: float, time: Samples) -> Samples:
        phase = _TWO_PI * frequency * time
        body = np.sin(phase + bright * np.exp(-time * 2) * np.sin(phase))
        bell = np.sin(phase + 0.6 * np.exp(-time * 12) * np.sin(14 * phase))
        return np.asarray((body + 0.7 * bell) * np.exp(-time * 1.6))

    return _struck(notes, samples, tone)


def bells(rng: Rng, notes: list[Note], samples: int) -> Samples:
    """Play Chowning's bell: a modulator at an irrational multiple."""
    ratio, index = float(rng.choice([1.4, 2.76, 3.5])), rng.uniform(1, 4)

    def tone(frequency: float, time: Samples) -> Samples:
        phase = _TWO_PI * frequency * time
        return np.asarray(
            np.exp(-time * 2.5) * np.sin(phase + index * np.exp(-time * 4) * np.sin(ratio * phase))
        )

    return _struck(notes, samples, tone)


def _struck(notes: list[Note], samples: int, tone: Callable[[float, Samples], Samples]) -> Samples:
    """Play `tone` of a frequency and of times in seconds for each of `notes`, and let it die away for half a second."""
    sound = np.zeros(samples)
    for note in notes:
        first = int(note.start * SAMPLE_RATE)
        size = min(int((note.length + 0.5) * SAMPLE_RATE), samples - first)
        if size > 0:
            time = np.arange(size) / SAMPLE_RATE
            edges = np.clip((time[-1] - time) / 0.1, 0, 1) * np.minimum(1, time / 0.002)
            heard = tone(float(440 * 2 ** ((note.pitch - 69) / 12)), time)
            sound[first : first + size] += heard * edges * note.velocity / 127
    return sound


def plucked(rng: Rng, notes: list[Note], samples: int, sustain: float) -> Samples:
    """Average noise again and again in a delay line of one period (Karplus and Strong, 1983)."""
    sound = np.zeros(samples)
    soft = rng.uniform(0.1, 0.5)
    for note in notes:
        first, size = int(note.start * SAMPLE_RATE), int((note.length + 0.4) * SAMPLE_RATE)
        size = min(size, samples - first)
        period = round(SAMPLE_RATE / (440 * 2 ** ((note.pitch - 69) / 12)) - soft)
        if size < 2 * period:
            continue
        turn = rng.uniform(-1, 1, period)
        turns = [turn]
        for _ in range(size // period):
            turn = sustain * ((1 - soft) * turn + soft * np.roll(turn, 1))
            turns.append(turn)
        tone = np.concatenate(turns)[:size] * np.clip(np.arange(size, 0, -1) / 2000, 0, 1)
        sound[first : first + size] += tone * note.velocity / 127
    return sound


def overdriven(sound: Samples, drive: float) -> Samples:
    """Clip `sound` asymmetrically and filter it as a loudspeaker does."""
    loud = drive * sound / (np.sqrt(np.mean(sound**2)) + 1e-9)
    clipped = np.where(loud > 0, np.minimum(loud, 1), np.maximum(loud, -0.7) * 0.9)
    clipped = signal.lfilter(*signal.butter(2, 90 / (SAMPLE_RATE / 2), "high"), clipped)
    return np.asarray(signal.lfilter(*signal.cheby1(4, 1, 4500 / (SAMPLE_RATE / 2)), clipped))
