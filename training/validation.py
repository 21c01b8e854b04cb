"""How well networks take whole songs apart, in the spectrogram: quick, for choosing while training.

Whole songs, because patches judged one by one make quiet places count as much as loud ones, which no listener does.
`evaluate` judges what comes out of the project's engine.
"""

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from separation.engines.spleeter.stft_params import FRAMES
from training.data.patches import HOP, length, spectra
from training.data.pool import Pool
from training.network import Networks

_SILENT = 1.0

Figures = dict[str, list[float]]
"""What was measured on each song, in dB."""


def held_out(folder: Path, stem_count: int) -> list[Tensor]:
    """Load every song in `folder` as float32 [stems, windows, 2, samples], cut into windows as long as the engine's."""
    songs = []
    step = FRAMES * HOP
    for song in Pool([folder], complete_only=stem_count > 2).songs:
        stems = np.stack([song.excerpt(stem, 0, song.audio.shape[1]) for stem in range(song.audio.shape[0])])
        if stem_count == 2:
            stems = np.stack([stems[0], stems[1:].sum(0)])
        windows = -(-stems.shape[2] // step)
        padded = np.pad(stems, ((0, 0), (0, 0), (0, windows * step - stems.shape[2] + length(FRAMES) - step)))
        waves = torch.from_numpy(padded).unfold(-1, length(FRAMES), step)
        songs.append(waves.transpose(1, 2))
    return songs


def judge(networks: Networks, songs: list[Tensor], device: torch.device) -> dict[str, float]:
    """Return the mean SDR of each stem in dB over sung `songs` (of spectrograms), and the voice's level in others."""
    networks.eval()
    found: Figures = {}
    for waves in songs:
        with torch.no_grad():
            sources = spectra(waves.to(device))
            note(found, networks(sources.sum(0).abs()), sources)
    return means(found)


def note(found: Figures, logits: Tensor, sources: Tensor) -> None:
    """Add to `found` how well the masks of `logits` take a song apart that is made of `sources`."""
    mixture = sources.sum(0)
    estimates = torch.softmax(logits, 0) * mixture
    signals = sources.abs().square().sum((1, 2, 3, 4))
    errors = (estimates - sources).abs().square().sum((1, 2, 3, 4))
    if signals[0] < _SILENT:
        total = mixture.abs().square().sum() + 1e-9
        found.setdefault("leak", []).append(10 * math.log10(float(errors[0] / total) + 1e-9))
        return
    for index in range(len(signals)):
        if signals[index] > _SILENT:
            ratio = float(signals[index] / errors[index])
            found.setdefault(f"stem{index}", []).append(10 * math.log10(ratio))


def means(found: Figures) -> dict[str, float]:
    """Return the mean of everything in `found`."""
    return {name: sum(values) / len(values) for name, values in sorted(found.items())}
