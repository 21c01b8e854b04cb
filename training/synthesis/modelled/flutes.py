"""Flutes, recorders, pan pipes, ocarinas and whistling: few harmonics in much air, chiffs, flutter tongue."""

from collections.abc import Sequence

import numpy as np

from training.synthesis.composition import Note, Rng
from training.synthesis.modelled import sources
from training.synthesis.modelled.expression import Manner, Samples, perform, within

_HARMONICS = 14
_KINDS = (
    ((59, 96), (2.2, 4.0), (0.01, 0.12), Manner(vibrato=(0, 0.3), tremolo=(0.1, 0.6), scoop=(0, 0.5))),
    ((60, 96), (3.0, 6.0), (0.005, 0.06), Manner(vibrato=(0, 0.2), scoop=(0, 0.6), glide=(0.008, 0.03))),
    ((55, 84), (3.0, 6.0), (0.05, 0.4), Manner(vibrato=(0, 0.4), scoop=(0, 1.5), glide=(0.01, 0.06))),
    ((65, 98), (5.0, 9.0), (0.01, 0.1), Manner(vibrato=(0, 0.7), scoop=(0, 2.5), glide=(0.02, 0.15))),
    ((48, 79), (1.8, 3.2), (0.02, 0.2), Manner(vibrato=(0, 0.5), scoop=(0, 1.5), delay=(0.1, 0.8))),
)
"""Range in MIDI pitches, fall of the harmonics, breath, manner: flute, recorder, pan pipes, whistle, shakuhachi."""
_ODDS = (0.45, 0.15, 0.14, 0.12, 0.14)


def play(rng: Rng, notes: Sequence[Note], samples: int) -> Samples:
    """Return [samples] of `notes` on one flute, moved into its range."""
    span, falls, airs, manner = _KINDS[int(rng.choice(len(_KINDS), p=_ODDS))]
    line = perform(rng, within(notes, *span), samples, manner)
    loudness = np.clip(sources.control(line.loudness), 0, 1.3)
    numbers = np.arange(1.0, _HARMONICS + 1)
    steepness = rng.uniform(*falls) * (1.25 - 0.5 * loudness)
    gains = numbers[:, None] ** -steepness * np.exp(rng.normal(0, 0.5, (_HARMONICS, 1)))
    gains[0] = rng.uniform(0.4, 1)
    gains *= loudness * sources.audible(numbers, line.frequency)
    phase = sources.cycles(rng, line.frequency, rng.uniform(0.0005, 0.004))
    tone = sources.partials(phase, line.frequency, gains)
    if rng.random() < 0.08:
        tone *= 0.6 + 0.4 * np.sin(
            2 * np.pi * sources.cycles(rng, np.full(samples, rng.uniform(18, 28)), 0.1)
        )
    amount = np.exp(rng.uniform(*np.log(airs)))
    open_air = sources.band_noise(rng, samples, rng.uniform(400, 1500), rng.uniform(4000, 11_000))
    tuned = sources.smooth_noise(rng, samples, rng.uniform(20, 90)) * np.sin(2 * np.pi * phase)
    tuned += 0.4 * sources.smooth_noise(rng, samples, 90) * np.sin(4 * np.pi * phase)
    chiff = rng.uniform(0, 1.5) * line.onset * (line.loudness > 0)
    return np.asarray(
        tone + amount * ((open_air + rng.uniform(0, 2) * tuned) * line.loudness + open_air * chiff),
        dtype=np.float64,
    )
