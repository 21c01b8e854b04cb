"""Clarinets, saxophones, oboes, bassoons, harmonicas and accordions: breath, subtones, growls, bends."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.synthesis.composition import Note, Rng
from training.synthesis.modelled import sources
from training.synthesis.modelled.expression import Line, Manner, Range, Samples, perform, within

_HARMONICS = 44
_SAXOPHONE = Manner(scoop=(0, 1.8), glide=(0.02, 0.11), vibrato=(0, 0.55), delay=(0.05, 0.7), fall=0.15)
_STILL = Manner(scoop=(0, 0.6), vibrato=(0, 0.15), glide=(0.01, 0.03))


@dataclass(frozen=True, slots=True)
class _Reed:
    range: Range
    even: float
    """Gain of the even harmonics of the lower register."""
    edge: float
    """Hertz at which the spectrum of a loud note has fallen to 1/e."""
    formants: tuple[sources.Resonance, ...]
    """Hertz, width in octaves, height."""
    breath: Range
    manner: Manner


_REEDS = (
    _Reed((50, 86), 0.12, 1900, ((1500, 0.7, 0.6),), (0.003, 0.06), _STILL),
    _Reed((56, 82), 0.9, 2200, ((900, 0.5, 1.5), (2300, 0.4, 0.8)), (0.01, 0.12), _SAXOPHONE),
    _Reed((46, 73), 0.9, 1700, ((600, 0.5, 1.6), (1700, 0.4, 0.9)), (0.01, 0.16), _SAXOPHONE),
    _Reed(
        (58, 88), 0.8, 2600, ((1100, 0.35, 3.0), (2800, 0.3, 1.5)), (0.002, 0.03), Manner(vibrato=(0, 0.45))
    ),
    _Reed((36, 66), 0.8, 1000, ((480, 0.4, 3.0), (1150, 0.3, 1.0)), (0.003, 0.04), Manner(vibrato=(0, 0.3))),
    _Reed((55, 86), 0.8, 2800, ((1900, 0.6, 1.2),), (0.01, 0.08), Manner(scoop=(0, 2), vibrato=(0, 0.5))),
)
_ODDS = (0.22, 0.22, 0.22, 0.12, 0.08, 0.14)


def play(rng: Rng, notes: Sequence[Note], samples: int) -> Samples:
    """Return [samples] of `notes` on one reed instrument, moved into its range."""
    if rng.random() < 0.12:
        return _accordion(rng, notes, samples)
    reed = _REEDS[int(rng.choice(len(_REEDS), p=_ODDS))]
    line = perform(rng, within(notes, *reed.range), samples, reed.manner)
    sound = _tone(rng, line, reed, rng.uniform(0, 1))
    if rng.random() < 0.15:  # growled
        rough = np.sin(2 * np.pi * sources.cycles(rng, np.full(samples, rng.uniform(50, 130)), 0.05))
        sound = sound * (1 + rng.uniform(0.2, 0.6) * rough)
    low, high = rng.uniform(500, 1500), rng.uniform(4000, 11_000)
    amount = np.exp(rng.uniform(*np.log(reed.breath)))
    air = sources.band_noise(rng, samples, low, high) * (line.loudness + rng.uniform(0, 2) * line.onset)
    clicks = sources.band_noise(rng, samples, 800, 5000) * (line.onset > 0.8) * rng.uniform(0, 0.05)
    return np.asarray(sound + amount * air + clicks, dtype=np.float64)


def _tone(rng: Rng, line: Line, reed: _Reed, brightness: float) -> Samples:
    loudness = np.clip(sources.control(line.loudness), 0, 1.3)
    numbers = np.arange(1.0, _HARMONICS + 1)
    heard = numbers[:, None] * sources.control(line.frequency)
    edge = reed.edge * (0.6 + 0.9 * brightness) * (0.35 + 0.65 * loudness)
    gains = np.exp(-heard / edge)
    for hertz, width, height in reed.formants:
        place = hertz * rng.uniform(0.85, 1.2)
        gains *= 1 + height * rng.uniform(0.4, 1.2) * np.exp(-0.5 * (np.log2(heard / place) / width) ** 2)
    chalumeau = np.clip((1300 - heard) / 900, 0, 1)  # even harmonics are missing below only
    gains[1::2] *= 1 + (reed.even * rng.uniform(0.6, 1.5) - 1) * chalumeau[1::2]
    gains *= np.exp(rng.normal(0, 0.2, (_HARMONICS, 1)))
    gains *= loudness * sources.audible(numbers, line.frequency)
    return sources.partials(
        sources.cycles(rng, line.frequency, rng.uniform(0.0005, 0.005)), line.frequency, gains
    )


def _accordion(rng: Rng, notes: Sequence[Note], samples: int) -> Samples:
    """Play two or three reeds a note, tuned apart, that swell with the bellows and do not bend."""
    manner = Manner(
        attack=(0.01, 0.05), scoop=(0, 0), glide=(0.002, 0.003), vibrato=(0, 0), drift=0.0, fall=0
    )
    line = perform(rng, within(notes, 53, 88), samples, manner)
    reed = _REEDS[3]
    apart = rng.uniform(0, 0.008)
    sound = np.zeros(samples)
    for detuned in (-apart, 0, apart)[: int(rng.integers(2, 4))]:
        tuned = Line(line.frequency * (1 + detuned), line.loudness, line.onset)
        sound += _tone(rng, tuned, reed, rng.uniform(0.3, 1))
    bellows = 1 + 0.25 * sources.smooth_noise(rng, samples, 1.5)
    return np.asarray(
        sound * bellows + 0.02 * line.onset * sources.band_noise(rng, samples, 500, 4000), dtype=np.float64
    )
