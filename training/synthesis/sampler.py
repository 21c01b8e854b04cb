"""Recorded notes of the pack, played at other pitches: real basses and guitars beside the soundfont's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import signal

from training.data.pool import SAMPLE_RATE
from training.synthesis.composition import Note, Rng
from training.synthesis.sample_pack import Wave, load_mono

_NOT_ONE_NOTE = ("chord", "ambi", "em9", "fifths", "slide")
_CLEAR = 0.65
"""Autocorrelation at the period, from which on a recording has a pitch."""
_LOWEST, _HIGHEST = 30.0, 1400.0
_ALMOST = 0.93
_ATTACK, _HEARD = SAMPLE_RATE // 12, SAMPLE_RATE // 2
_SHORTEST = 4000
_RELEASE = 0.03
_FARTHEST = 14.0
"""Semitones from which on a recording played at another speed is nobody's instrument any more."""

Instrument = list[tuple[float, Wave]]
"""Recordings of one instrument, mono, with their MIDI pitches."""


@dataclass(frozen=True, slots=True)
class NoteBank:
    """Instruments of which there are recorded notes."""

    instruments: list[Instrument]

    @classmethod
    def load(cls, folder: Path) -> "NoteBank":
        """Load everything in `folder` that has a pitch, by file name. Nothing, if there is no such folder."""
        found: dict[str, Instrument] = {}
        for path in sorted(folder.glob("*.ogg")):
            if any(word in path.stem for word in _NOT_ONE_NOTE):
                continue
            wave = load_mono(path)
            pitch = pitch_of(wave)
            if pitch is not None:
                found.setdefault(_instrument(path.stem), []).append(
                    (pitch, wave / (np.abs(wave).max() + 1e-6))
                )
        return cls(list(found.values()))

    def play(self, rng: Rng, notes: Sequence[Note], samples: int) -> Wave:
        """Return mono [samples]: `notes` on one of the instruments, those too far from its recordings left out."""
        instrument = self.instruments[rng.integers(len(self.instruments))]
        sound = np.zeros(samples, dtype=np.float32)
        ringing = 1 + rng.uniform(0, 1.5) * (rng.random() < 0.3)
        for note in notes:
            first = int(note.start * SAMPLE_RATE)
            near = sorted(instrument, key=lambda recorded: abs(recorded[0] - note.pitch))[:2]
            near = [recorded for recorded in near if abs(recorded[0] - note.pitch) <= _FARTHEST]
            if not near or first >= samples:
                continue
            pitch, wave = near[rng.integers(len(near))]
            speed = 2 ** ((note.pitch - pitch + rng.normal(0, 0.05)) / 12)
            length = min(
                int(note.length * ringing * SAMPLE_RATE), int((len(wave) - 1) / speed), samples - first
            )
            played = np.interp(np.arange(length) * speed, np.arange(len(wave)), wave)
            release = min(int(_RELEASE * SAMPLE_RATE), length)
            played[length - release :] *= np.linspace(1, 0, release)
            sound[first : first + length] += played * (note.velocity / 127)
        return sound


def pitch_of(wave: Wave) -> float | None:
    """Return the MIDI pitch of a recorded note, by autocorrelation after its attack; None if it has none."""
    part = wave[_ATTACK : _ATTACK + _HEARD]
    if len(part) < _SHORTEST:
        part = wave
    window = np.hanning(len(part))
    likeness = _autocorrelation(part * window) / (_autocorrelation(window) + 1e-3)
    first = int(SAMPLE_RATE / _HIGHEST)
    peaks, _ = signal.find_peaks(likeness[first : min(int(SAMPLE_RATE / _LOWEST), len(part) // 2)])
    if not len(peaks):
        return None
    heights = likeness[first + peaks] / max(likeness[0], 1e-9)
    if heights.max() < _CLEAR:
        return None
    period = first + peaks[np.flatnonzero(heights > _ALMOST * heights.max())[0]]
    return float(69 + 12 * np.log2(SAMPLE_RATE / period / 440))


def _autocorrelation(wave: Wave) -> Wave:
    """Return it scaled so that the window's own is one at no delay."""
    size = 1 << (2 * len(wave) - 1).bit_length()
    power = np.abs(np.fft.rfft(wave, size)) ** 2
    return np.asarray(np.fft.irfft(power)[: len(wave)] / np.sum(np.hanning(len(wave)) ** 2))


def _instrument(name: str) -> str:
    """Tell which instrument a file is of: its name without note, round robin, loudness and number."""
    return re.sub(
        r"(_[a-g]b?\d|_rr\d|_m?f|\d+)(?=_|$)", "", re.sub(r"_[A-GLh][A-Za-z]*string\d?$", "_string", name)
    )
