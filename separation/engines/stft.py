"""Short-time Fourier transform of one window and back, around engines that run networks only.

In blocks that fit the processor's cache. Our own engine does the same in C (native/spectral.h).
"""

import numpy as np
import numpy.typing as npt

from separation.engines import fft
from separation.engines.modelspec import FRAME_LENGTH, ModelSpec
from separation.engines.protocol import FRAMES, Network
from separation.engines.stft_params import ANALYSIS, CARRY, COVERED, HOP, SYNTHESIS, Audio

_BLOCK = 16
_BINS = FRAME_LENGTH // 2 + 1

_forward, _inverse = fft.transforms()


class WindowSeparator:
    """A lane around a network, with buffers that it keeps. Left and right lie side by side in them."""

    def __init__(self, network: Network, spec: ModelSpec) -> None:
        self._network = network
        self._bins = spec.bins
        self._average = spec.mask_extension == "average"
        # Bins above the network's are needed only where the mask extends to them.
        self._kept = _BINS if self._average else spec.bins
        self._spectrum = np.empty((FRAMES, self._kept, 2), dtype=np.complex64)
        self._frames = np.empty((_BLOCK, 2, FRAME_LENGTH), dtype=np.float32)
        self._block = np.empty((_BLOCK, _BINS, 2), dtype=np.complex64)
        self._masked = np.zeros((_BLOCK, _BINS, 2), dtype=np.complex64)
        self._mask = np.zeros((_BLOCK, spec.bins, 2), dtype=np.complex64)
        self._power = np.empty((_BLOCK, spec.bins, 2), dtype=np.float32)

    def separate(self, window: Audio, share: Audio) -> None:
        """See `Lane`."""
        self._analyse(window)
        masks = self._network.masks()
        if self._average:  # masks for all of the spectrum, which add up to one: the last stem is what is left
            masks = masks[:-1]
        hops = share.reshape(*share.shape[:2], FRAMES + CARRY, HOP)
        hops[: len(masks), :, :CARRY] = 0
        for stem, mask in enumerate(masks):
            in_order = mask.transpose(1, 2, 0)
            for start in range(0, FRAMES, _BLOCK):
                frames = slice(start, start + _BLOCK)
                self._synthesise(in_order[frames], self._spectrum[frames])
                for channel in range(2):
                    _overlap_add(
                        self._frames[:, channel], hops[stem, channel, start : start + _BLOCK + CARRY]
                    )

        if len(masks) < len(share):
            np.multiply(window, COVERED, out=share[-1])
            for other in share[:-1]:
                share[-1] -= other

    def _analyse(self, window: Audio) -> None:
        strides = (HOP * window.itemsize, window.strides[0], window.itemsize)
        framed = np.lib.stride_tricks.as_strided(window, (FRAMES, 2, FRAME_LENGTH), strides, writeable=False)
        magnitudes = self._network.magnitude.transpose(1, 2, 0)
        low = self._block[:, : self._bins]
        for start in range(0, FRAMES, _BLOCK):
            frames = slice(start, start + _BLOCK)
            np.multiply(framed[frames], ANALYSIS, out=self._frames)
            _forward(self._frames, self._block.transpose(0, 2, 1))
            self._spectrum[frames] = self._block[:, : self._kept]
            magnitude = magnitudes[frames]
            np.square(low.real, out=magnitude)
            np.square(low.imag, out=self._power)
            magnitude += self._power
            np.sqrt(magnitude, out=magnitude)

    def _synthesise(self, mask: npt.NDArray[np.float32], spectrum: npt.NDArray[np.complex64]) -> None:
        """Masks and spectrum of one block -> its windowed frames, [_BLOCK, 2, FRAME_LENGTH]."""
        bins = self._bins
        self._mask.real = mask  # one product of complex numbers is faster than two of their parts
        np.multiply(spectrum[:, :bins], self._mask, out=self._masked[:, :bins])
        if self._average:
            np.multiply(spectrum[:, bins:], mask.mean(axis=1, keepdims=True), out=self._masked[:, bins:])
        _inverse(self._masked.transpose(0, 2, 1), self._frames)
        self._frames *= SYNTHESIS


def _overlap_add(frames: Audio, hops: Audio) -> None:
    """Add `frames` [_BLOCK, FRAME_LENGTH], a hop apart, to `hops` [_BLOCK + CARRY, HOP].

    Of `hops`, only the first CARRY have been written before: the rest gets what comes there first.
    """
    parts = frames.reshape(_BLOCK, CARRY + 1, HOP)  # a view, also of one channel of two
    hops[CARRY:] = parts[:, CARRY]
    for part in reversed(range(CARRY)):
        hops[part : part + _BLOCK] += parts[:, part]
