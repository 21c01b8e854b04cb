"""Where sound comes from in computed instruments: partials, saw teeth, pulses, noise; and what colours it."""

from collections.abc import Sequence

import numpy as np
from scipy import signal

from training.data.pool import SAMPLE_RATE
from training.synthesis.composition import Rng
from training.synthesis.modelled.expression import Samples

NYQUIST = SAMPLE_RATE / 2
_HIGHEST = 15_000.0
_CONTROL = 441

Resonance = tuple[float, float, float]
"""Hertz, sharpness (Q), gain."""


def cycles(rng: Rng, frequency: Samples, jitter: float = 0.0) -> Samples:
    """Return the running phase in periods; `jitter` is the share by which periods are irregular."""
    steps = frequency / SAMPLE_RATE
    if jitter:
        steps = steps * (1 + jitter * smooth_noise(rng, len(frequency), 60))
    return np.asarray(np.cumsum(steps) + rng.random(), dtype=np.float64)


def smooth_noise(rng: Rng, samples: int, hertz: float) -> Samples:
    """Return noise of variance one below `hertz`."""
    points = max(4, int(samples / SAMPLE_RATE * 2 * hertz) + 2)
    return np.interp(
        np.linspace(0, points - 1, samples), np.arange(points), 1.2 * rng.standard_normal(points)
    )


def partials(phase: Samples, frequency: Samples, gains: Samples) -> Samples:
    """Sum harmonics: `gains` are [harmonic, control], a value each 10 ms; what would alias is left out."""
    time = np.arange(len(phase)) / _CONTROL
    angle = 2 * np.pi * phase
    twice = 2 * np.cos(angle)
    before, now = np.zeros(len(phase)), np.sin(angle)
    sound = np.zeros(len(phase))
    lowest = float(frequency.min())
    for number, gain in enumerate(gains, 1):
        if number * lowest > _HIGHEST:
            break
        sound += now * np.interp(time, np.arange(len(gain)), gain)
        before, now = now, twice * now - before
    return sound


def control(curve: Samples) -> Samples:
    """Return a value of `curve` each 10 ms, as `partials` takes them."""
    return curve[::_CONTROL]


def audible(numbers: Samples, frequency: Samples) -> Samples:
    """Return [harmonic, control]: 1 for harmonics that can be heard, falling to 0 towards those that would alias."""
    return np.clip((_HIGHEST - numbers[:, None] * control(frequency)) / 2000, 0, 1)


def saw(phase: Samples, frequency: Samples) -> Samples:
    """Return saw teeth from -1 to 1, their edges rounded (PolyBLEP)."""
    part, step = phase % 1, frequency / SAMPLE_RATE
    sound = 2 * part - 1
    early, late = part / step, (part - 1) / step
    sound -= np.where(early < 1, 2 * early - early**2 - 1, 0)
    return np.asarray(sound - np.where(late > -1, late**2 + 2 * late + 1, 0), dtype=np.float64)


def pulse(phase: Samples, frequency: Samples, width: Samples | float) -> Samples:
    """Return a pulse train whose pulses take the share `width` of a period, without its mean."""
    return 0.5 * (saw(phase, frequency) - saw(phase - width, frequency))


def band_noise(rng: Rng, samples: int, low: float, high: float) -> Samples:
    """Return noise between two frequencies in Hz, effective value 1."""
    band = signal.butter(1, [low / NYQUIST, min(high, 0.95 * NYQUIST) / NYQUIST], "band")
    sound = signal.lfilter(*band, rng.standard_normal(samples))
    return np.asarray(sound / (np.sqrt(np.mean(sound**2)) + 1e-9))


def resonate(sound: Samples, resonances: Sequence[Resonance], direct: float) -> Samples:
    """Send `sound` through resonances side by side, and `direct` of it past them."""
    result = direct * sound
    for hertz, sharpness, gain in resonances:
        above, below = signal.iirpeak(min(hertz, 0.9 * NYQUIST), sharpness, SAMPLE_RATE)
        result = result + gain * signal.lfilter(above, below, sound)
    return result


def low_pass(sound: Samples, hertz: float, order: int = 2) -> Samples:
    """Filter as Butterworth does."""
    below, above = signal.butter(order, min(hertz, 0.9 * NYQUIST) / NYQUIST)
    return np.asarray(signal.lfilter(below, above, sound))


def high_pass(sound: Samples, hertz: float, order: int = 2) -> Samples:
    """Filter as Butterworth does."""
    below, above = signal.butter(order, hertz / NYQUIST, "high")
    return np.asarray(signal.lfilter(below, above, sound))


def sweep(sound: Samples, hertz: Samples, sharpness: float, band: float = 0.0) -> Samples:
    """Apply a low-pass whose edge follows `hertz`; `band` of its resonance is added.

    Made of five fixed filters between which the sound fades, each an octave and more apart.
    """
    edges = np.exp(np.linspace(np.log(max(60.0, hertz.min())), np.log(max(120.0, hertz.max())), 5))
    place = np.interp(np.log(np.maximum(hertz, 1)), np.log(edges), np.arange(5))
    result = np.zeros(len(sound))
    for index, edge in enumerate(edges):
        weight = np.clip(1 - np.abs(place - index), 0, 1)
        if weight.any():
            passed = low_pass(sound, edge)
            if band:
                passed = passed + band * resonate(sound, [(edge, sharpness, 1)], 0)
            result += weight * passed
    return result
