"""What the network is shown: some seconds at a time, cut from the pool, remixed and roughened.

Half of the patches are cuts through one song, in which voice and instruments belong together; the others put
the voice of one song over instruments of others. Every random choice comes from one generator, so a seed and
a pool define the sequence of patches.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy import fft
from torch import Tensor

from training.pool import ACTIVITY_STEP, SAMPLE_RATE, Array, Pool, Song

BINS = 1024
FRAME_LENGTH = 4096
HOP = 1024
_TOGETHER = 0.5
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

    def __init__(
        self,
        pool: Pool,
        stem_count: int,
        seed: int,
        device: torch.device,
        *,
        frames: int = 256,
        without_voice: float = 0.15,
        favour: Mapping[str, float] | None = None,
    ) -> None:
        self._pool = pool
        self._stem_count = stem_count
        self._samples = length(frames)
        self._without_voice = without_voice
        self._favour = favour or {}
        self._rng = np.random.default_rng(seed)
        self._device = device

    def batch(self, size: int) -> Batch:
        """`size` patches."""
        waves = np.stack([self._sources() for _ in range(size)], axis=1)
        sources = self._roughen(spectra(torch.from_numpy(waves).to(self._device)))
        return Batch(mixture=sources.sum(0), sources=sources)

    def _sources(self) -> Array:
        """float32 [stem_count, 2, samples]."""
        rng = self._rng
        sung = self._pool.sung() if rng.random() >= self._without_voice else []
        stems = self._together(sung) if rng.random() < _TOGETHER else self._apart(sung)
        for stem in stems:
            if rng.random() < 0.5:
                stem[:] = stem[::-1].copy()
        if rng.random() < 0.4:
            stems[_VOICE] = stems[_VOICE].mean(0)
        if rng.random() < 0.1:
            stems[:] = stems.mean(1, keepdims=True)
        if self._stem_count == 2:
            return np.stack([stems[_VOICE], stems[1:].sum(0)])
        return stems

    def _together(self, sung: list[Song]) -> Array:
        rng = self._rng
        song = self._singer(sung) if sung else self._pick(self._pool.songs)
        start = self._start(song, _VOICE, wanted=0.9)
        gains = 10 ** (rng.uniform(-4, 4, 4) / 20)
        gains *= rng.random(4) >= np.array([0.0 if sung else 1.0, 0.08, 0.08, 0.06])
        return np.stack([self._cut(song, stem, start) * np.float32(gains[stem]) for stem in range(4)])

    def _apart(self, sung: list[Song]) -> Array:
        rng = self._rng
        stems = np.zeros((4, 2, self._samples), dtype=np.float32)
        if sung:
            song = self._singer(sung)
            start = self._start(song, _VOICE, wanted=0.95)
            stems[_VOICE] = self._cut(song, _VOICE, start) * np.float32(10 ** (rng.uniform(-8, 6) / 20))
        solo = rng.random() < _SOLO
        for stem in range(1, 4):
            if (stem < 3 and solo) or rng.random() < _MISSING:
                continue
            song = self._pick(self._pool.songs)
            gain = np.float32(10 ** (rng.uniform(-6, 5) / 20))
            stems[stem] = self._cut(song, stem, self._start(song, stem, wanted=0.7)) * gain
        return stems

    def _cut(self, song: Song, stem: int, start: int) -> Array:
        """An excerpt; silence follows where the song ends before it does."""
        found = song.excerpt(stem, start, self._samples)
        return np.pad(found, ((0, 0), (0, self._samples - found.shape[1])))

    def _pick(self, songs: list[Song]) -> Song:
        return songs[self._rng.integers(len(songs))]

    def _singer(self, sung: list[Song]) -> Song:
        """One of `sung`, those with a favoured kind of voice more often than others."""
        weights = np.array([self._favour.get(song.voice, 1.0) for song in sung])
        return sung[self._rng.choice(len(sung), p=weights / weights.sum())]

    def _start(self, song: Song, stem: int, wanted: float) -> int:
        """Where to cut: with probability `wanted` at a place where the stem can be heard."""
        last = max(0, song.audio.shape[1] - self._samples)
        audible = np.flatnonzero(song.activity[stem])
        if len(audible) and self._rng.random() < wanted:
            place = int(self._rng.choice(audible)) * ACTIVITY_STEP - int(
                self._rng.integers(self._samples - ACTIVITY_STEP)
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


def length(frames: int) -> int:
    """How many samples that many frames take."""
    return (frames - 1) * HOP + FRAME_LENGTH


def spectra(waves: Tensor) -> Tensor:
    """The complex spectrogram as Spleeter sees it: [..., samples] -> [..., frames, BINS]."""
    window = torch.hann_window(FRAME_LENGTH, device=waves.device)
    frames = waves.unfold(-1, FRAME_LENGTH, HOP)
    if waves.device.type != "cpu":
        return torch.fft.rfft(frames * window)[..., :BINS]
    found = torch.empty((*frames.shape[:-1], BINS), dtype=torch.complex64)
    for place in np.ndindex(frames.shape[:-2]):  # one by one they stay in the cache: eight times faster
        found[place] = torch.from_numpy(fft.rfft(frames[place].numpy() * window.numpy())[..., :BINS])
    return found


_PITCH = np.log2(np.maximum(np.arange(BINS) * SAMPLE_RATE / FRAME_LENGTH, 40) / 40)


def _equaliser(rng: np.random.Generator) -> Array:
    """A smooth random response over the bins: a random walk in decibels over eight octaves."""
    points = np.cumsum(rng.normal(0, 1, 9))
    points -= points.mean()
    points *= rng.uniform(0, 3.5) / max(1.0, np.abs(points).max() / 2)
    curve = np.interp(_PITCH / _PITCH[-1], np.linspace(0, 1, 9), points)
    return (10 ** (curve / 20)).astype(np.float32)
