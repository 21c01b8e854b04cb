"""Short-time Fourier transform of one chunk and back, around engines that run networks only.

Transforms are float32, in blocks of frames that fit the processor's cache. The native engine does the same in C
(``native/src/stft.h``).
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from separation.engines.chunking import Audio
from separation.engines.real_fft import irfft, rfft
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.spleeter.stft_params import (
    ANALYSIS_WINDOW,
    CHUNK,
    FRAME_LENGTH,
    FRAMES,
    HOP,
    OVERLAP_HOPS,
    SYNTHESIS_WINDOW,
    WINDOW_SUM,
)

_BLOCK = 16
_BINS = FRAME_LENGTH // 2 + 1

Spectrum = npt.NDArray[np.complex64]


class Network(Protocol):
    """A network for one chunk at a time; `StftSlot` makes a worker slot of it."""

    @property
    def magnitude(self) -> npt.NDArray[np.float32]:
        """The input, [2, FRAMES, bins]: write the magnitudes of a chunk here."""

    def masks(self) -> Sequence[npt.NDArray[np.float32]]:
        """Run the network; return a ratio mask [2, FRAMES, bins] for each stem, valid until the next call."""


class StftSlot:
    """A worker slot around a network. Spectra are [frames, 2, bins]."""

    def __init__(self, network: Network, spec: SpleeterSpec) -> None:
        self._network = network
        self._bins = spec.settings.bins
        self._average = spec.settings.mask_extension == "average"
        # Bins above the network's are needed only where masks extend to them.
        self._kept = _BINS if self._average else spec.settings.bins
        self._spectrum = np.empty((FRAMES, 2, self._kept), dtype=np.complex64)
        self._masked = np.zeros((_BLOCK, 2, _BINS), dtype=np.complex64)

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:  # noqa: ARG002 (every chunk is alike)
        """Separate one chunk, see `WorkerSlot`: the first and last OVERLAP samples are partial sums."""
        self._analyse(chunk)
        masks = self._network.masks()
        if self._average:  # such masks add up to one at every bin: the last stem is what remains
            masks = masks[:-1]
        hops = stems.reshape(*stems.shape[:2], CHUNK // HOP, HOP)
        hops[: len(masks), :, :OVERLAP_HOPS] = 0
        for stem, mask in zip(hops, masks, strict=False):
            for start in range(0, FRAMES, _BLOCK):
                frames = self._synthesise(mask[:, start : start + _BLOCK].transpose(1, 0, 2), start)
                for channel in range(2):
                    _overlap_add(frames[:, channel], stem[channel, start : start + _BLOCK + OVERLAP_HOPS])
        if len(masks) < len(stems):
            np.multiply(chunk, WINDOW_SUM, out=stems[-1])
            for other in stems[:-1]:
                stems[-1] -= other

    def _analyse(self, chunk: Audio) -> None:
        strides = (HOP * chunk.itemsize, chunk.strides[0], chunk.itemsize)
        framed = np.lib.stride_tricks.as_strided(chunk, (FRAMES, 2, FRAME_LENGTH), strides, writeable=False)
        magnitudes = self._network.magnitude.transpose(1, 0, 2)
        for start in range(0, FRAMES, _BLOCK):
            block = slice(start, start + _BLOCK)
            spectrum = rfft(framed[block] * ANALYSIS_WINDOW)
            self._spectrum[block] = spectrum[:, :, : self._kept]
            low = spectrum[:, :, : self._bins]
            np.sqrt(np.square(low.real) + np.square(low.imag), out=magnitudes[block])

    def _synthesise(self, mask: npt.NDArray[np.float32], start: int) -> Audio:
        """Return _BLOCK windowed frames [.., 2, FRAME_LENGTH] from `start` under `mask` [.., 2, bins]."""
        spectrum = self._spectrum[start : start + _BLOCK]
        np.multiply(spectrum[:, :, : self._bins], mask, out=self._masked[:, :, : self._bins])
        if self._average:
            mean = mask.mean(axis=2, keepdims=True)
            np.multiply(spectrum[:, :, self._bins :], mean, out=self._masked[:, :, self._bins :])
        frames: Audio = irfft(self._masked, FRAME_LENGTH)
        frames *= SYNTHESIS_WINDOW
        return frames


def _overlap_add(frames: Audio, hops: Audio) -> None:
    """Add `frames` [_BLOCK, FRAME_LENGTH], a hop apart, to `hops` [_BLOCK + OVERLAP_HOPS, HOP].

    Only the first OVERLAP_HOPS of `hops` have been written before; the rest is assigned what comes there
    first.
    """
    parts = frames.reshape(_BLOCK, OVERLAP_HOPS + 1, HOP)  # a view, also of one channel of two
    hops[OVERLAP_HOPS:] = parts[:, OVERLAP_HOPS]
    for part in reversed(range(OVERLAP_HOPS)):
        hops[part : part + _BLOCK] += parts[:, part]
