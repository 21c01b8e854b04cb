"""Nylon and steel guitars, banjos, harps, sitars, pizzicato: decaying strings with bends, slides and picks."""

from collections.abc import Sequence

import numpy as np

from training.synthesis.composition import Note, Rng
from training.synthesis.modelled import modes, sources
from training.synthesis.modelled.expression import Samples, within

_KINDS = (
    ((40, 76), (900, 3500), (0.6, 2.5), (1.0, 1.6), (90, 200, 400)),
    ((40, 81), (2500, 9000), (0.8, 3.0), (1.0, 1.8), (100, 220, 450)),
    ((48, 81), (3000, 9000), (0.15, 0.6), (1.0, 1.0), (300, 650, 1100)),
    ((36, 96), (900, 3500), (1.0, 4.0), (1.5, 4.0), (150, 300, 600)),
    ((45, 76), (3000, 8000), (0.8, 2.5), (1.0, 1.5), (200, 420, 1500)),
    ((40, 88), (500, 1800), (0.08, 0.3), (1.0, 1.0), (280, 460, 560)),
    ((55, 86), (2500, 7000), (0.3, 1.2), (1.0, 1.2), (280, 500, 900)),
)
"""Range in MIDI pitches, hardness in Hz, decay in seconds, ringing, modes of the body in Hz: nylon, steel, banjo, harp,
sitar, pizzicato, mandolin."""
_ODDS = (0.24, 0.26, 0.1, 0.14, 0.06, 0.1, 0.1)


def play(rng: Rng, notes: Sequence[Note], samples: int) -> Samples:
    """Return [samples] of `notes`, chords too, on one plucked instrument, moved into its range."""
    span, hardness, decay, ringing, body = _KINDS[int(rng.choice(len(_KINDS), p=_ODDS))]
    notes = [
        Note(note.start, note.length, note.pitch, note.velocity * rng.uniform(0.5, 1.2))
        for note in within(notes, *span)
    ]
    return pluck(rng, notes, samples, hardness=hardness, decay=decay, ringing=ringing, body=body)


def pluck(
    rng: Rng,
    notes: Sequence[Note],
    samples: int,
    *,
    hardness: tuple[float, float],
    decay: tuple[float, float],
    ringing: tuple[float, float],
    body: Sequence[float],
) -> Samples:
    """Return [samples] of `notes` on strings of which each player has their own; a quarter of the players bend them."""
    place, hard, lasting = rng.uniform(0.08, 0.4), rng.uniform(*hardness), rng.uniform(*decay)
    stiffness = rng.uniform(0, 2e-4)

    def tone(frequency: float) -> modes.Modes:
        shorter = lasting * (220 / frequency) ** 0.5
        return modes.string(rng, frequency, place=place, hardness=hard, decay=shorter, stiffness=stiffness)

    strings = modes.ring(
        notes,
        samples,
        tone,
        ringing=rng.uniform(*ringing),
        release=rng.uniform(0.03, 0.12),
        bend=Bends(rng).of if rng.random() < 0.25 and len(notes) < 80 else None,
    )
    picks = modes.knocks(
        rng, notes, samples, low=300, high=rng.uniform(2000, 7000), seconds=rng.uniform(0.002, 0.012)
    )
    resonances = [(hertz * rng.uniform(0.85, 1.2), rng.uniform(2, 8), rng.uniform(0.2, 1)) for hertz in body]
    return sources.resonate(strings + rng.uniform(0, 0.15) * picks, resonances, rng.uniform(0.3, 1))


class Bends:
    """How one player bends strings."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.rate, self.depth = rng.uniform(4, 7), rng.uniform(0.05, 0.5)
        self.bending, self.sliding = rng.uniform(0, 0.5), rng.uniform(0, 0.4)

    def of(self, note: Note, time: Samples) -> Samples:
        """Return the semitones by which `note` is bent, slid into or shaken at `time`, seconds after its start."""
        rng = self.rng
        semitones = np.zeros(len(time))
        if rng.random() < self.bending:  # from a fret below up to the note
            start, lasting = rng.uniform(0, 0.15), rng.uniform(0.05, 0.3)
            semitones -= float(rng.choice([1, 2, 2, 3])) * (1 - np.clip((time - start) / lasting, 0, 1))
        elif rng.random() < self.sliding:
            semitones -= rng.uniform(1, 5) * np.exp(-time / rng.uniform(0.02, 0.06))
        shaking = np.clip((time - rng.uniform(0.1, 0.5)) / 0.3, 0, 1) * self.depth * (note.length > 0.4)
        return np.asarray(semitones + shaking * np.sin(2 * np.pi * self.rate * time), dtype=np.float64)
