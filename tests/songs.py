"""Songs that tests make for themselves: a voice, a bass line and drums, something to separate."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

RATE = 44_100


def song(seconds: float, *, seed: int = 1, rate: int = RATE) -> npt.NDArray[np.float32]:
    """A stereo song, shape [samples, 2], float32 within -0.9..0.9; another ``seed`` is another song.

    The bass changes its note every half second, the voice every two, or fingerprints would take many seeds for one
    recording.
    """
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    melody = random.integers(0, 12, size=int(seconds // 2) + 1)
    line = random.integers(0, 12, size=int(seconds // 0.5) + 1)
    pitch = 220 * 2 ** (melody[(time // 2).astype(int)] / 12)
    root = 55 * 2 ** (line[(time // 0.5).astype(int)] / 12)
    vibrato = 0.006 * np.sin(2 * np.pi * 5.5 * time) / 5.5
    voice = sum(
        np.sin(2 * np.pi * k * pitch * (time + vibrato)) / k * np.exp(-(((k * pitch - 700) / 900) ** 2))
        for k in range(1, 12)
    )
    voice *= np.sin(np.pi * (time % 2) / 2) ** 2
    bass = np.sign(np.sin(2 * np.pi * root * time)) * np.exp(-3 * (time % 0.5))
    drums = random.normal(size=len(time)) * np.exp(-40 * (time % 0.25))
    left = 0.30 * voice + 0.15 * bass + 0.20 * drums
    right = 0.30 * voice + 0.17 * bass + 0.15 * drums
    both: npt.NDArray[np.float32] = np.stack([left, right], axis=1).clip(-0.9, 0.9).astype(np.float32)
    return both


def loud(samples: npt.NDArray[np.float32], decibels: float = 14.0) -> npt.NDArray[np.float32]:
    """The same as a modern master: so much louder, through a limiter at 0.99."""
    louder: npt.NDArray[np.float32] = 0.99 * np.tanh(samples * np.float32(10 ** (decibels / 20)) / 0.99)
    return louder


def write_song(path: Path, seconds: float, *, seed: int = 1) -> Path:
    """Write a song in the format that the file name's ending says (wav, flac, ogg, mp3)."""
    soundfile.write(path, song(seconds, seed=seed), RATE)
    return path
