"""Reading the sample pack: recordings at 44.1 kHz, drum sounds by their kind."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import soundfile
from scipy import signal

from training.data.pool import SAMPLE_RATE

Wave = npt.NDArray[np.float32]
"""Mono [samples] or stereo [samples, 2], as the function says; full scale is +-1."""

SOUNDFONT = Path("sf3/MuseScore_General.sf3")
DRUM_KINDS = ("kick", "snare", "hat", "open", "crash", "tom", "percussion", "loop")

_NAMES = (
    ("loop", ("loop",)),
    ("kick", ("sp_bd", "kick", "drum_bass_hard", "drum_bass_soft", "drum_low")),
    ("snare", ("_sn_", "snare", "clap", "_sn")),
    ("open", ("open",)),
    ("hat", ("closed", "pedal", "hat", "shaker", "egg_sh", "sabmute")),
    ("crash", ("crash", "cymbal", "splash", "china")),
    ("tom", ("tom", "war_drum")),
)
_UNNAMED = "rk_"  # this kit's file names say nothing about the sound


def load_mono(path: Path) -> Wave:
    """Load the recording as mono float32 at 44.1 kHz. Raises what soundfile raises for what is none."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if rate != SAMPLE_RATE:
        mono = signal.resample_poly(mono, SAMPLE_RATE, rate)
    return cast("Wave", mono.astype(np.float32))


@dataclass
class DrumBank:
    """The pack's drum sounds, peak-normalised, by kind."""

    sounds: dict[str, list[Wave]] = field(default_factory=lambda: {kind: [] for kind in DRUM_KINDS})

    @classmethod
    def load(cls, pack: Path) -> "DrumBank":
        """Load all sounds in the pack's ``drums`` folder. Raises FileNotFoundError if there is none."""
        bank = cls()
        paths = sorted((pack / "drums").glob("*.ogg"))
        if not paths:
            raise FileNotFoundError(f"no drum sounds in {pack / 'drums'}")
        for path in paths:
            wave = load_mono(path)
            wave /= np.abs(wave).max() + 1e-6
            bank.sounds[drum_kind(path.stem, wave)].append(wave)
        return bank


def drum_kind(name: str, wave: Wave) -> str:
    """Tell what a drum sound is, from its file's name; where the name is only a number, from the sound."""
    name = name.lower()
    if name.startswith(_UNNAMED):
        return _kind_by_sound(wave)
    for kind, words in _NAMES:
        if any(word in name for word in words):
            return kind
    return "percussion"


def _kind_by_sound(wave: Wave) -> str:
    head = wave[:8192]
    spectrum = np.abs(np.fft.rfft(head * np.hanning(len(head))))
    frequency = np.fft.rfftfreq(len(head), 1 / SAMPLE_RATE)
    centre = float((spectrum * frequency).sum() / (spectrum.sum() + 1e-9))
    if centre < 900:
        return "kick"
    if centre > 5500:
        return "hat" if len(wave) < 0.6 * SAMPLE_RATE else "crash"
    return "snare" if centre > 2200 else "percussion"
