"""How a player shapes a tune: scoops, portamento, late vibrato, dynamics within a note, falls, drift."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.pool import SAMPLE_RATE
from training.synthesis.composition import Note, Rng

Samples = npt.NDArray[np.float64]
"""One value for each sample."""

_STEP = 110
"""Samples between two values of a control curve (2.5 ms)."""
_SECONDS = _STEP / SAMPLE_RATE
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Manner:
    """What an instrument allows its player: ranges from which each player draws. Times are in seconds."""

    attack: Range = (0.01, 0.08)
    release: Range = (0.02, 0.09)
    scoop: Range = (0.0, 1.2)
    """Semitones from below with which a note begins, when it does not come from the note before."""
    glide: Range = (0.015, 0.08)
    """Time constant from one pitch to the next."""
    legato: float = 0.6
    """Share of the notes that come from the note before."""
    vibrato: Range = (0.0, 0.5)
    rate: Range = (4.2, 6.8)
    delay: Range = (0.1, 0.7)
    tremolo: Range = (0.0, 0.25)
    """How much loudness follows the vibrato."""
    fall: float = 0.08
    """Share of the notes before a rest that drop at their end."""
    drift: float = 0.06
    """Semitones by which the pitch strays."""


@dataclass(frozen=True, slots=True)
class Line:
    """A tune as it is played, a value for each sample."""

    frequency: Samples
    """Hertz; goes on through rests."""
    loudness: Samples
    """From 0, silence, to about 1."""
    onset: Samples
    """1 where a note begins, fading within some hundredths of a second: for the noises of attacks."""


def perform(rng: Rng, notes: Sequence[Note], samples: int, manner: Manner) -> Line:
    """Play `notes` in turn: [samples] of a line."""
    size = samples // _STEP + 2
    pitch, loudness, onset = np.full(size, np.nan), np.zeros(size), np.zeros(size)
    player = _Player(rng, manner)
    ordered = sorted(notes, key=lambda note: note.start)
    for index, note in enumerate(ordered):
        first = int(note.start / _SECONDS)
        following = ordered[index + 1].start if index + 1 < len(ordered) else np.inf
        end = min(note.start + note.length, following)
        places = np.arange(first, min(size, int(end / _SECONDS) + 1))
        if len(places) < 8:
            continue
        rests_after = following - end > 0.2
        pitch[places], loudness[places] = player.note(note, len(places), rests_after=rests_after)
        fading = places[: int(0.25 / _SECONDS)]
        onset[fading] = np.exp(-(fading - first) * _SECONDS / player.onset)
    known = np.flatnonzero(~np.isnan(pitch))
    pitch = np.interp(np.arange(size), known, pitch[known]) if len(known) else np.full(size, 60.0)
    loudness = np.convolve(loudness, np.ones(3) / 3, "same")
    time = np.arange(samples) / _STEP
    curves = (
        np.interp(time, np.arange(size), curve) for curve in (440 * 2 ** ((pitch - 69) / 12), loudness, onset)
    )
    return Line(*curves)


class _Player:
    """One player, who plays every note a little differently."""

    def __init__(self, rng: Rng, manner: Manner) -> None:
        self.rng, self.manner = rng, manner
        self.attack, self.release = rng.uniform(*manner.attack), rng.uniform(*manner.release)
        self.glide, self.onset = rng.uniform(*manner.glide), rng.uniform(0.008, 0.05)
        self.rate, self.depth = rng.uniform(*manner.rate), rng.uniform(*manner.vibrato)
        self.tremolo, self.scoop = rng.uniform(*manner.tremolo), rng.uniform(*manner.scoop)
        self.dynamics = rng.uniform(0.2, 1)
        self.before: float | None = None

    def note(self, note: Note, size: int, *, rests_after: bool) -> tuple[Samples, Samples]:
        """Return pitch and loudness of a note, a value each control step."""
        rng, manner = self.rng, self.manner
        time = np.arange(size) * _SECONDS
        length = time[-1]
        if self.before is not None and rng.random() < manner.legato:
            origin = self.before
        else:
            origin = note.pitch - self.scoop * rng.uniform(0, 1) * (rng.random() < 0.5)
        delay = rng.uniform(*manner.delay)
        late = np.clip((time - delay) / rng.uniform(0.15, 0.6), 0, 1)
        speed = self.rate * (
            1 + 0.06 * _wander(rng, size, 0.4) + rng.uniform(-0.1, 0.25) * time / (length + 0.1)
        )
        swing = np.sin(2 * np.pi * np.cumsum(speed) * _SECONDS + rng.uniform(0, 6.28))
        depth = self.depth * rng.uniform(0.3, 1) * late * (rng.random() < 0.8)
        glide = np.exp(-time / (self.glide * rng.uniform(0.6, 1.6)))
        pitch = note.pitch + (origin - note.pitch) * glide + depth * swing
        pitch += manner.drift * _wander(rng, size, 0.12) + rng.normal(0, 0.05)
        loud = self._loudness(time, length, depth * swing)
        if rests_after and rng.random() < manner.fall:
            falling = np.clip((time - length + 0.25) / 0.25, 0, 1)
            pitch -= rng.uniform(1, 6) * falling**2
            loud *= 1 - 0.8 * falling
        self.before = None if rests_after else note.pitch
        return pitch, loud

    def _loudness(self, time: Samples, length: float, swing: Samples) -> Samples:
        rng = self.rng
        attack = self.attack * rng.uniform(0.6, 1.5)
        edges = np.clip(time / attack, 0, 1) * np.clip((length - time) / self.release, 0, 1)
        accent = 1 + rng.uniform(0, 0.5) * np.exp(-time / 0.08)
        bow = np.interp(time / (length + 0.01), [0, rng.uniform(0.2, 0.8), 1], rng.uniform(0.5, 1, 3))
        level = 1 - self.dynamics * rng.uniform(0, 0.6)
        unsteady = 1 + 0.06 * _wander(rng, len(time), 0.06)
        return np.asarray(
            level * edges * accent * bow * unsteady * (1 + self.tremolo * 2 * swing), dtype=np.float64
        )


def _wander(rng: Rng, size: int, seconds: float) -> Samples:
    """Return noise of variance one that changes within `seconds`."""
    points = max(4, int(size * _SECONDS / seconds) + 2)
    return np.interp(np.linspace(0, points - 1, size), np.arange(points), rng.standard_normal(points))


def within(notes: Sequence[Note], low: float, high: float) -> list[Note]:
    """Move `notes` by octaves as a whole so that most lie between `low` and `high`, MIDI pitches."""
    if not notes:
        return []
    middle = float(np.median([note.pitch for note in notes]))
    shift = 12 * round(((low + high) / 2 - middle) / 12) if not low <= middle <= high else 0
    return [Note(note.start, note.length, note.pitch + shift, note.velocity) for note in notes]
