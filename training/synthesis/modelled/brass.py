"""Trumpets, flugelhorns, trombones, horns: spectra that brighten with loudness, lip noise, mutes, falls, growls."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.synthesis.composition import Note, Rng
from training.synthesis.modelled import sources
from training.synthesis.modelled.expression import Line, Manner, Range, Samples, perform, within

_HARMONICS = 48


@dataclass(frozen=True, slots=True)
class _Horn:
    range: Range
    """MIDI pitches."""
    bell: float
    """Hertz below which the bell radiates little."""
    edge: float
    """Hertz at which the spectrum of a loud note has fallen to 1/e."""
    manner: Manner


_HORNS = (
    _Horn((58, 84), 1100, 2600, Manner(scoop=(0, 1.2), vibrato=(0, 0.4), delay=(0.15, 0.9), fall=0.2)),
    _Horn((55, 82), 700, 1500, Manner(attack=(0.02, 0.09), vibrato=(0, 0.45), delay=(0.2, 0.9))),
    _Horn((42, 70), 500, 1500, Manner(scoop=(0, 2), glide=(0.02, 0.14), vibrato=(0, 0.5), fall=0.2)),
    _Horn((43, 74), 380, 1000, Manner(attack=(0.02, 0.1), scoop=(0, 0.8), vibrato=(0, 0.15))),
    _Horn((32, 55), 220, 600, Manner(attack=(0.02, 0.1), scoop=(0, 0.5), vibrato=(0, 0.2))),
)
_ODDS = (0.42, 0.16, 0.22, 0.14, 0.06)


def play(rng: Rng, notes: Sequence[Note], samples: int) -> Samples:
    """Return [samples] of `notes` on one brass instrument, moved into its range."""
    horn = _HORNS[int(rng.choice(len(_HORNS), p=_ODDS))]
    line = perform(rng, within(notes, *horn.range), samples, horn.manner)
    sound = _tone(rng, line, horn) + _breath(rng, line)
    choice = rng.random()
    if choice < 0.12:
        return sources.high_pass(sources.resonate(sound, [(rng.uniform(1800, 3000), 2, 2.5)], 0.4), 700)
    if choice < 0.2:
        return sources.low_pass(sources.resonate(sound, [(rng.uniform(700, 1100), 2, 1.5)], 0.6), 2200)
    if choice < 0.26:  # a plunger that opens with the note
        opening = 500 + rng.uniform(900, 2200) * np.clip(line.loudness, 0, 1) ** 0.5
        return sources.sweep(sound, opening, 3, band=0.8)
    return sound


def _tone(rng: Rng, line: Line, horn: _Horn) -> Samples:
    loudness = np.clip(sources.control(line.loudness), 0, 1.3)
    frequency = sources.control(line.frequency)
    numbers = np.arange(1.0, _HARMONICS + 1)
    heard = numbers[:, None] * frequency
    edge = horn.edge * rng.uniform(0.7, 1.5) * (0.18 + 0.85 * loudness ** rng.uniform(0.8, 1.6))
    radiated = (heard / horn.bell) / np.sqrt(1 + (heard / horn.bell) ** 2)
    gains = np.exp(-heard / edge) * radiated * np.exp(rng.normal(0, 0.15, (_HARMONICS, 1)))
    formant = rng.uniform(0.8, 1.4) * horn.bell
    gains *= 1 + rng.uniform(0, 1.2) * np.exp(-0.5 * (np.log2(heard / formant) / 0.4) ** 2)
    gains *= loudness * sources.audible(numbers, line.frequency)
    cracks = line.frequency * (1 + 0.5 * (line.onset > 0.55) * (rng.random() < 0.15))
    sound = sources.partials(sources.cycles(rng, cracks, rng.uniform(0.001, 0.008)), line.frequency, gains)
    if rng.random() < 0.12:  # growled: the player hums
        rough = np.sin(2 * np.pi * sources.cycles(rng, np.full(len(sound), rng.uniform(35, 110)), 0.05))
        sound *= 1 + rng.uniform(0.2, 0.7) * rough
    return sound


def _breath(rng: Rng, line: Line) -> Samples:
    """Return the air past the lips: a little always, more where a note begins."""
    always, starting = np.exp(rng.uniform(np.log(0.002), np.log(0.03))), rng.uniform(0, 0.12)
    noise = sources.band_noise(rng, len(line.loudness), rng.uniform(400, 1200), rng.uniform(3000, 9000))
    return np.asarray(noise * (always * line.loudness + starting * line.onset * (line.loudness > 0)))
