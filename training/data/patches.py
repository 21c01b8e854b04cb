"""What the network is shown: some seconds at a time, cut from the pool, remixed and roughened.

Half of the patches are cuts through one song, in which voice and instruments belong together; the others put
the voice of one song over instruments of others. The pack has few voices, so no voice stays as it is: played
faster or slower it has another throat, coloured it has another microphone, and every level that a singer may
have above or below a band occurs. What is chosen comes from one generator, so a seed and a pool define the
sequence of patches; the samples themselves are handled on the device that trains.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy import fft
from torch import Tensor
from torch.nn import functional

from training.data.pool import ACTIVITY_STEP, FULL_SCALE, SAMPLE_RATE, Pool, Song

BINS = 1024
FRAME_LENGTH = 4096
HOP = 1024
STEMS = 4
_TOGETHER = 0.5
_MISSING = 0.12
_SOLO = 0.12
_ALONE_SUNG, _ALONE_UNSUNG = 0.08, 0.4
"""Share of the patches put together from several songs in which one instrument plays, with a voice or without."""
_VOICE = 0
_OTHER = 3
_SPEEDS = (0.76, 1.32)
"""How much slower or faster another singer or player is, pitch, resonances and all."""
_VOICE_LEVELS = (-12.0, 7.0)
"""Decibels of the voice above the band."""
_QUIETEST = 1e-4
_COLOURS = (5.0, 3.5, 3.5, 3.5)
"""Half the decibels that an equaliser may bend each stem by."""
_POINTS = 9
_HEADROOM = 12 << 30
"""Bytes of a GPU's memory that are not for songs."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Spectra of mixtures and of what they are made of.

    `mixture` and `sources` are complex, [batch, 2, frames, bins] and [stems, batch, 2, frames, bins].
    """

    mixture: Tensor
    sources: Tensor


@dataclass(frozen=True, slots=True)
class _Layer:
    """An excerpt that becomes (part of) a stem of a patch."""

    song: Song
    stem: int
    start: int
    gain: float
    speed: float = 1.0


class Tapes:
    """Excerpts of songs on `device`. A GPU keeps the songs it has seen as long as its memory allows."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._kept: dict[Song, Tensor] = {}

    def excerpt(self, song: Song, stem: int, start: int, length: int) -> Tensor:
        """Return int16 [length, 2]; silence follows where the song ends before."""
        tape = self._kept.get(song)
        if tape is None and self._device.type == "cuda" and self._room():
            tape = self._kept[song] = torch.from_numpy(np.array(song.audio)).to(self._device)
        if tape is None:
            cut = torch.from_numpy(np.array(song.audio[stem, start : start + length])).to(self._device)
        else:
            cut = tape[stem, start : start + length]
        return functional.pad(cut, (0, 0, 0, length - len(cut))) if len(cut) < length else cut

    def _room(self) -> bool:
        free, _ = torch.cuda.mem_get_info(self._device)
        return int(free) > _HEADROOM


class Patches:
    """Random patches of `pool` for a network that separates `stem_count` stems (2 or 4)."""

    def __init__(
        self,
        pool: Pool,
        stem_count: int,
        seed: int,
        tapes: Tapes,
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
        self._tapes = tapes
        self._device = device
        self._odds = np.zeros(0)
        self._curves = _curves().to(device)

    def batch(self, size: int) -> Batch:
        """Make `size` patches."""
        rng = self._rng
        layers: list[tuple[int, _Layer]] = []
        balanced = np.zeros(size, dtype=bool)
        for place in range(size):
            sung = bool(self._pool.sung) and rng.random() >= self._without_voice
            together = rng.random() < _TOGETHER
            balanced[place] = sung and not together
            chosen = self._together(sung=sung) if together else self._apart(sung=sung)
            layers += [(place, layer) for layer in chosen]
        waves = self._play(layers, size)
        self._balance(waves, balanced)
        self._place(waves)
        sources = self._roughen(spectra(waves))
        if self._stem_count == 2:
            sources = torch.stack([sources[_VOICE], sources[1:].sum(0)])
        return Batch(mixture=sources.sum(0), sources=sources)

    def _together(self, *, sung: bool) -> Iterator[_Layer]:
        rng = self._rng
        song = self._singer() if sung else self._pick(self._pool.songs)
        start = self._start(song, _VOICE, wanted=0.9)
        for stem, missing in enumerate((0.0 if sung else 1.0, 0.08, 0.08, 0.06)):
            if rng.random() >= missing:
                speed = self._speed(0.4) if stem == _VOICE else 1.0
                yield _Layer(song, stem, start, _decibels(rng, -4, 4), speed)

    def _apart(self, *, sung: bool) -> Iterator[_Layer]:
        rng = self._rng
        for singers in (1.0, 0.12) if sung else ():
            if rng.random() < singers:
                song = self._singer()
                gain = singers**0.25 * _decibels(rng, -4, 3)
                yield _Layer(song, _VOICE, self._start(song, _VOICE, wanted=0.95), gain, self._speed(0.7))
        if sung and rng.random() < 0.04:
            return  # nobody plays
        if self._pool.alone and rng.random() < (_ALONE_SUNG if sung else _ALONE_UNSUNG):
            song = self._pick(self._pool.alone)
            start = self._start(song, _OTHER, wanted=0.9)
            yield _Layer(song, _OTHER, start, _decibels(rng, -9, 6), self._speed(0.4))
            return
        solo = rng.random() < _SOLO
        for stem in range(1, STEMS):
            if (stem < _OTHER and solo) or rng.random() < _MISSING:
                continue
            song = self._pick(self._pool.songs)
            speed = self._speed(0.4) if stem == _OTHER else 1.0
            yield _Layer(song, stem, self._start(song, stem, wanted=0.7), _decibels(rng, -6, 5), speed)

    def _play(self, layers: list[tuple[int, _Layer]], size: int) -> Tensor:
        """Return float32 [STEMS, size, 2, samples]."""
        waves = torch.zeros(STEMS, size, 2, self._samples, device=self._device)
        for changed in (False, True):
            chosen = [(place, layer) for place, layer in layers if (layer.speed != 1) == changed]
            if not chosen:
                continue
            reach = int(self._samples * _SPEEDS[1]) + 2 if changed else self._samples
            cuts = torch.stack(
                [self._tapes.excerpt(layer.song, layer.stem, layer.start, reach) for _, layer in chosen]
            )
            gains = torch.tensor([layer.gain / FULL_SCALE for _, layer in chosen], device=self._device)
            sound = cuts.transpose(1, 2) * gains[:, None, None]
            if changed:
                speeds = torch.tensor([layer.speed for _, layer in chosen], dtype=torch.float64)
                sound = _replay(sound, speeds.to(self._device), self._samples)
            stems = torch.tensor([layer.stem for _, layer in chosen], device=self._device)
            places = torch.tensor([place for place, _ in chosen], device=self._device)
            waves.index_put_((stems, places), sound, accumulate=True)
        return waves

    def _speed(self, changed: float) -> float:
        """Draw another speed, with probability `changed`."""
        if self._rng.random() >= changed:
            return 1.0
        low, high = np.log(_SPEEDS)
        return float(np.exp(self._rng.uniform(low, high)))

    def _balance(self, waves: Tensor, balanced: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
        """Set the voice to a random level above the band in the patches that are `balanced`."""
        wanted = self._tensor(10 ** (self._rng.uniform(*_VOICE_LEVELS, len(balanced)) / 20))
        voice = waves[_VOICE].square().mean((1, 2)).sqrt()
        band = waves[1:].sum(0).square().mean((1, 2)).sqrt()
        apply = torch.from_numpy(balanced).to(self._device) & (torch.minimum(voice, band) > _QUIETEST)
        gain = torch.where(apply, wanted * band / voice.clamp_min(_QUIETEST), torch.ones_like(band))
        waves[_VOICE] *= gain[:, None, None]

    def _place(self, waves: Tensor) -> None:
        """Swap sides, put voices into the middle or off it, make some patches mono."""
        rng = self._rng
        size = waves.shape[1]
        for stem in range(STEMS):
            swapped = torch.from_numpy(np.flatnonzero(rng.random(size) < 0.5)).to(self._device)
            waves[stem, swapped] = waves[stem, swapped].flip(1)
        middle = np.flatnonzero(rng.random(size) < 0.5)
        sides = np.where(rng.random((len(middle), 1)) < 0.35, rng.uniform(0.3, 1.2, (len(middle), 2)), 1.0)
        chosen = torch.from_numpy(middle).to(self._device)
        waves[_VOICE, chosen] = waves[_VOICE, chosen].mean(1, keepdim=True) * self._tensor(sides)[..., None]
        mono = torch.from_numpy(np.flatnonzero(rng.random(size) < 0.12)).to(self._device)
        waves[:, mono] = waves[:, mono].mean(2, keepdim=True).expand(-1, -1, 2, -1)

    def _pick(self, songs: list[Song]) -> Song:
        return songs[self._rng.integers(len(songs))]

    def _singer(self) -> Song:
        """Draw a song with a voice, those with a favoured kind of voice more often than others."""
        sung = self._pool.sung
        if len(self._odds) != len(sung):
            self._odds = np.cumsum([self._favour.get(song.voice, 1.0) for song in sung])
        return sung[int(np.searchsorted(self._odds, self._rng.random() * self._odds[-1]))]

    def _start(self, song: Song, stem: int, wanted: float) -> int:
        """Draw where to cut: with probability `wanted` at a place where the stem can be heard."""
        last = max(0, song.audio.shape[1] - self._samples)
        audible = np.flatnonzero(song.activity[stem])
        if len(audible) and self._rng.random() < wanted:
            place = int(self._rng.choice(audible)) * ACTIVITY_STEP - int(
                self._rng.integers(self._samples - ACTIVITY_STEP)
            )
            return int(np.clip(place, 0, last))
        return int(self._rng.integers(last + 1))

    def _roughen(self, sources: Tensor) -> Tensor:
        """Apply what happens to music on its way: equalisers, low-passes, lossy codecs, level."""
        rng = self._rng
        size = sources.shape[1]
        points = np.cumsum(rng.normal(0, 1, (STEMS, size, _POINTS)), axis=2)
        points -= points.mean(2, keepdims=True)
        most = rng.uniform(0, 1, (STEMS, size, 1)) * np.array(_COLOURS)[:, None, None]
        most = np.where(rng.random((STEMS, size, 1)) < 0.7, most, 0)
        points *= most / np.maximum(1, np.abs(points).max(2, keepdims=True) / 2)
        points += rng.uniform(-16, 8, (1, size, 1))
        gains = 10 ** (self._tensor(points) @ self._curves / 20)
        edges = np.where(rng.random(size) < 0.15, rng.uniform(350, 1000, size), BINS)
        above = torch.arange(BINS, device=self._device) >= self._tensor(edges)[:, None]
        gains *= torch.where(above, self._tensor(rng.uniform(0, 0.1, (size, 1))), 1.0)
        sources *= gains[:, :, None, None]
        holed = torch.from_numpy(np.flatnonzero(rng.random(size) < 0.2)).to(self._device)
        if len(holed):
            floors = self._tensor(10 ** (-rng.uniform(22, 45, (len(holed), 1, 1, 1, 1)) / 20))
            magnitude = sources[:, holed].sum(0).abs().unflatten(-1, (32, 32))
            kept = (magnitude > magnitude.amax(-1, keepdim=True) * floors).flatten(-2)
            sources[:, holed] *= kept
        return sources

    def _tensor(self, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Tensor:
        return torch.from_numpy(values).to(self._device, torch.float32)


def _decibels(rng: np.random.Generator, low: float, high: float) -> float:
    return float(10 ** (rng.uniform(low, high) / 20))


def _replay(sound: Tensor, speeds: Tensor, samples: int) -> Tensor:
    """Return [n, 2, samples] of `sound`, [n, 2, enough], each played `speeds` times as fast."""
    places = torch.arange(samples, device=sound.device, dtype=torch.float64) * speeds[:, None]
    left = places.long()
    share = (places - left).float()[:, None]
    left = left[:, None].expand(-1, 2, -1)
    return torch.lerp(sound.gather(2, left), sound.gather(2, left + 1), share)


def length(frames: int) -> int:
    """Return how many samples that many frames take."""
    return (frames - 1) * HOP + FRAME_LENGTH


def spectra(waves: Tensor) -> Tensor:
    """Compute the complex spectrogram as Spleeter sees it: [..., samples] -> [..., frames, BINS]."""
    window = torch.hann_window(FRAME_LENGTH, device=waves.device)
    frames = waves.unfold(-1, FRAME_LENGTH, HOP)
    if waves.device.type != "cpu":
        return torch.fft.rfft(frames * window)[..., :BINS]
    found = torch.empty((*frames.shape[:-1], BINS), dtype=torch.complex64)
    for place in np.ndindex(frames.shape[:-2]):  # one by one they stay in the cache: eight times faster
        found[place] = torch.from_numpy(fft.rfft(frames[place].numpy() * window.numpy())[..., :BINS])
    return found


def _curves() -> Tensor:
    """Return [_POINTS, BINS]: a curve over the bins through points that lie evenly on eight octaves."""
    pitch = np.log2(np.maximum(np.arange(BINS) * SAMPLE_RATE / FRAME_LENGTH, 40) / 40)
    places = np.linspace(0, pitch[-1], _POINTS)
    return torch.from_numpy(np.stack([np.interp(pitch, places, row) for row in np.eye(_POINTS)])).float()
