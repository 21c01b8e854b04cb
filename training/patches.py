"""What the network is shown: three seconds at a time, cut from the pool, remixed and roughened.

Half of the patches are cuts through one song, in which voice and instruments belong together; the others put
the voice of one song over instruments of others. Every random choice comes from one generator, so a seed and
a pool define the sequence of patches.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.pool import ACTIVITY_STEP, SAMPLE_RATE, Array, Pool, Song

FRAMES = 128
BINS = 1024
FRAME_LENGTH = 4096
HOP = 1024
LENGTH = (FRAMES - 1) * HOP + FRAME_LENGTH
_TOGETHER = 0.5
_WITHOUT_VOICE = 0.13
_MISSING = 0.12
_SOLO = 0.12
_VOICE = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Magnitudes of the mixtures and what each stem's mask should be.

    `mixture` and `sources` are complex, [batch, 2, frames, bins] and [stems, batch, 2, frames, bins].
    """

    mixture: Tensor
    sources: Tensor


class Patches:
    """Random patches of `pool` for a network that separates `stem_count` stems (2 or 4)."""

    def __init__(self, pool: Pool, stem_count: int, seed: int, device: torch.device) -> None:
        self._pool = pool
        self._stem_count = stem_count
        self._rng = np.random.default_rng(seed)
        self._device = device

    def batch(self, size: int) -> Batch:
        """`size` patches."""
        waves = np.stack([self._sources() for _ in range(size)], axis=1)
        sources = self._roughen(spectra(torch.from_numpy(waves).to(self._device)))
        return Batch(mixture=sources.sum(0), sources=sources)

    def _sources(self) -> Array:
        """float32 [stem_count, 2, LENGTH]."""
        rng = self._rng
        stems = self._together() if rng.random() < _TOGETHER else self._apart()
        for stem in stems:
            if rng.random() < 0.5:
                stem[:] = stem[::-1].copy()
        if rng.random() < 0.3:
            stems[_VOICE] = stems[_VOICE].mean(0)
        if rng.random() < 0.1:
            stems[:] = stems.mean(1, keepdims=True)
        if self._stem_count == 2:
            return np.stack([stems[_VOICE], stems[1:].sum(0)])
        return stems

    def _together(self) -> Array:
        rng = self._rng
        song = self._pick(self._pool.songs)
        start = self._start(song, _VOICE, wanted=0.8)
        gains = 10 ** (rng.uniform(-4, 4, 4) / 20)
        gains *= rng.random(4) >= np.array([0.04, 0.08, 0.08, 0.06])
        return np.stack([song.excerpt(stem, start, LENGTH) * np.float32(gains[stem]) for stem in range(4)])

    def _apart(self) -> Array:
        rng = self._rng
        stems = np.zeros((4, 2, LENGTH), dtype=np.float32)
        sung = self._pool.sung()
        if sung and rng.random() >= _WITHOUT_VOICE:
            song = self._pick(sung)
            start = self._start(song, _VOICE, wanted=0.95)
            stems[_VOICE] = song.excerpt(_VOICE, start, LENGTH) * np.float32(10 ** (rng.uniform(-8, 6) / 20))
        solo = rng.random() < _SOLO
        for stem in range(1, 4):
            if (stem < 3 and solo) or rng.random() < _MISSING:
                continue
            song = self._pick(self._pool.songs)
            gain = np.float32(10 ** (rng.uniform(-6, 5) / 20))
            stems[stem] = song.excerpt(stem, self._start(song, stem, wanted=0.7), LENGTH) * gain
        return stems

    def _pick(self, songs: list[Song]) -> Song:
        return songs[self._rng.integers(len(songs))]

    def _start(self, song: Song, stem: int, wanted: float) -> int:
        """Where to cut: with probability `wanted` at a place where the stem can be heard."""
        last = song.audio.shape[1] - LENGTH
        audible = np.flatnonzero(song.activity[stem])
        if len(audible) and self._rng.random() < wanted:
            place = int(self._rng.choice(audible)) * ACTIVITY_STEP - int(
                self._rng.integers(LENGTH - ACTIVITY_STEP)
            )
            return int(np.clip(place, 0, last))
        return int(self._rng.integers(last + 1))

    def _roughen(self, sources: Tensor) -> Tensor:
        """What happens to music on its way: equalisers, low-passes, lossy codecs, level."""
        rng = self._rng
        stems, size = sources.shape[:2]
        gains = np.ones((stems, size, 1, 1, BINS), dtype=np.float32)
        for stem, index in np.ndindex(stems, size):
            if rng.random() < 0.7:
                gains[stem, index] *= _equaliser(rng)
        for index in range(size):
            if rng.random() < 0.15:
                gains[:, index, :, :, int(rng.uniform(350, 1000)) :] *= rng.uniform(0, 0.1)
        gains *= 10 ** (rng.uniform(-14, 6, (1, size, 1, 1, 1)) / 20)
        sources = sources * torch.from_numpy(gains.astype(np.float32)).to(sources.device)
        holed = [index for index in range(size) if rng.random() < 0.2]
        for index in holed:
            floor = 10 ** (-rng.uniform(22, 45) / 20)
            magnitude = sources[:, index].sum(0).abs().unflatten(-1, (32, 32))
            kept = (magnitude > magnitude.amax(-1, keepdim=True) * floor).flatten(-2)
            sources[:, index] *= kept
        return sources


def spectra(waves: Tensor) -> Tensor:
    """The complex spectrogram as Spleeter sees it: [..., LENGTH] -> [..., FRAMES, BINS]."""
    window = torch.hann_window(FRAME_LENGTH, device=waves.device)
    flat = waves.reshape(-1, waves.shape[-1])
    found = torch.stft(flat, FRAME_LENGTH, HOP, window=window, center=False, return_complex=True)[:, :BINS]
    return found.transpose(1, 2).reshape(*waves.shape[:-1], FRAMES, BINS)


_PITCH = np.log2(np.maximum(np.arange(BINS) * SAMPLE_RATE / FRAME_LENGTH, 40) / 40)


def _equaliser(rng: np.random.Generator) -> Array:
    """A smooth random response over the bins: a random walk in decibels over eight octaves."""
    points = np.cumsum(rng.normal(0, 1, 9))
    points -= points.mean()
    points *= rng.uniform(0, 3.5) / max(1.0, np.abs(points).max() / 2)
    curve = np.interp(_PITCH / _PITCH[-1], np.linspace(0, 1, 9), points)
    return (10 ** (curve / 20)).astype(np.float32)
