"""Songs to measure with, made by the programme itself: always the same, of any length."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

RATE = 44_100
_LOOP_SECONDS = 60


def music(seconds: float, seed: int = 7) -> npt.NDArray[np.float32]:
    """[2, samples] of a band that nobody would listen to: bass, chords, a gliding voice, drums, some noise."""
    return samples(round(seconds * RATE), seed)


def samples(count: int, seed: int = 7) -> npt.NDArray[np.float32]:
    """The first ``count`` samples of the endless song."""
    loop = _loop(seed)
    repeated = np.tile(loop, -(-count // loop.shape[1]))
    return np.ascontiguousarray(repeated[:, :count])


def _loop(seed: int) -> npt.NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    time = np.arange(_LOOP_SECONDS * RATE) / RATE
    beat = time % 0.5
    bar = (time // 2).astype(int)
    roots = 55 * 2 ** (generator.choice([0, 3, 5, 7, 10], bar.max() + 1) / 12)
    root = roots[bar]
    phase = 2 * np.pi * np.cumsum(root) / RATE
    bass = 0.25 * np.tanh(2 * np.sin(phase)) * np.exp(-3 * beat)
    chords = sum(np.sin(ratio * phase + k) / (k + 2) for k, ratio in enumerate((4, 5, 6, 8, 12, 18)))
    pitch = 330 * 2 ** (np.sin(2 * np.pi * 0.21 * time) / 2) + 6 * np.sin(2 * np.pi * 5.5 * time)
    voice_phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(np.sin(k * voice_phase) / k for k in range(1, 12)) * (np.sin(2 * np.pi * 0.13 * time) > -0.4)
    noise = generator.normal(0, 1, (2, len(time)))
    drums = noise * np.exp(-40 * beat) * 0.3 + np.sin(2 * np.pi * 60 * beat) * np.exp(-12 * beat) * 0.5
    stereo = bass + np.stack([0.12, 0.08])[:, None] * chords + 0.15 * voice + drums + 0.003 * noise
    return np.asarray(0.8 * stereo / np.abs(stereo).max(), dtype=np.float32)


def ensure(folder: Path, seconds: float) -> Path:
    """A 16-bit WAV of ``seconds``, made if it is not there."""
    path = folder / f"song-{seconds:g}s.wav"
    if not path.exists():
        partial = path.with_suffix(".part")
        loop = _loop(7)
        left = round(seconds * RATE)
        with soundfile.SoundFile(partial, "w", RATE, 2, "PCM_16", format="WAV") as file:
            while left:
                count = min(left, loop.shape[1])
                file.write(loop[:, :count].T)
                left -= count
        partial.rename(path)
    return path
