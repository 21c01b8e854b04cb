"""How the exam's soloists play, unlike those of training songs: slurs, swells, shakes, breaths between phrases."""

from collections.abc import Sequence

import numpy as np

from training.data.pool import SAMPLE_RATE
from training.exam.waveguides import Samples
from training.synthesis.composition import Note, Rng

_SLUR = (0.03, 0.16)
_BREATH = 0.35
"""Seconds that a player takes to breathe."""


def curves(rng: Rng, notes: Sequence[Note], samples: int) -> tuple[Samples, Samples]:
    """Return frequency in Hz and loudness, 0 to 1, of `notes` in phrases of two to six notes: both [samples]."""
    pitch, loudness = np.full(samples, notes[0].pitch if notes else 60.0), np.zeros(samples)
    time = np.arange(samples) / SAMPLE_RATE
    for phrase in _phrases(rng, notes):
        begin, end = phrase[0].start, phrase[-1].start + phrase[-1].length - _BREATH * (rng.random() < 0.7)
        end = max(end, begin + 0.25)
        heard = (time >= begin) & (time < end)
        corners = rng.uniform(0.35, 1, 4)
        swelling = np.interp((time[heard] - begin) / (end - begin), [0, 0.3, 0.7, 1], corners)
        edges = np.minimum(1, (time[heard] - begin) / rng.uniform(0.02, 0.15))
        edges *= np.minimum(1, (end - time[heard]) / rng.uniform(0.05, 0.3))
        tongued = np.ones(int(heard.sum()))
        for note, before in zip(phrase, (None, *phrase), strict=False):
            after = np.clip((time - note.start) / rng.uniform(*_SLUR), 0, 1)
            origin = before.pitch if before is not None else note.pitch - rng.uniform(0, 0.8)
            bent = origin + (note.pitch - origin) * (0.5 - 0.5 * np.cos(np.pi * after))
            played = time >= note.start
            pitch[played] = (bent + _shake(rng, time - note.start, note.length))[played]
            tongued *= 1 - rng.uniform(0, 0.4) * np.exp(-(((time[heard] - note.start) / 0.02) ** 2))
        loudness[heard] = swelling * edges * tongued
    return 440 * 2 ** ((pitch - 69) / 12), loudness


def _phrases(rng: Rng, notes: Sequence[Note]) -> list[list[Note]]:
    phrases: list[list[Note]] = []
    left = 0
    for note in sorted(notes, key=lambda note: note.start):
        if left == 0:
            phrases.append([])
            left = int(rng.integers(2, 7))
        phrases[-1].append(note)
        left -= 1
    return phrases


def _shake(rng: Rng, time: Samples, length: float) -> Samples:
    """Return a vibrato that grows towards the end of a long note, and becomes faster."""
    if length < 0.35 or rng.random() < 0.25:
        return np.zeros(len(time))
    share = np.clip(time / length, 0, 1)
    turns = rng.uniform(4, 5.5) * time + rng.uniform(0, 0.8) * length * share**2
    return np.asarray(rng.uniform(0.1, 0.7) * share**1.5 * np.sin(2 * np.pi * turns))
