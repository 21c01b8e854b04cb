"""Short-time Fourier transform of one window and back, in blocks that fit the processor's cache.

A window is FRAMES frames of FRAME_LENGTH samples, HOP apart: WINDOW samples, plus OVERLAP of the next one.
"""

import numpy as np
import numpy.typing as npt
import scipy.fft

from separation.engines.modelspec import FRAME_LENGTH, ModelSpec
from separation.engines.protocol import FRAMES, Lane

HOP = 1024
WINDOW = FRAMES * HOP
OVERLAP = FRAME_LENGTH - HOP
CARRY = OVERLAP // HOP
"""Hops by which the last frame of a window reaches into the next one."""

_BLOCK = 64
_BINS = FRAME_LENGTH // 2 + 1
_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_LENGTH) / FRAME_LENGTH)).astype(np.float32)
_SYNTHESIS = (_HANN * np.float32(2 / 3)).astype(np.float32)

Audio = npt.NDArray[np.float32]


class WindowSeparator:
    """Separates single windows on one lane, in buffers that it keeps."""

    def __init__(self, lane: Lane, spec: ModelSpec) -> None:
        self._lane = lane
        self._spec = spec
        # Bins above the network's are needed only where the mask extends to them.
        self._kept = _BINS if spec.mask_extension == "average" else spec.bins
        self._spectrum = np.empty((2, FRAMES, self._kept), dtype=np.complex64)
        self._masked = np.zeros((_BLOCK, _BINS), dtype=np.complex64)

    def separate(self, window: Audio) -> Audio:
        """[2, WINDOW + OVERLAP] samples -> [stems, 2, WINDOW + OVERLAP]: the window's share of the stems."""
        self._analyse(window)
        masks = self._lane.masks()
        result = np.zeros((len(masks), 2, FRAMES + CARRY, HOP), dtype=np.float32)
        for stem, channel in np.ndindex(result.shape[:2]):
            for start in range(0, FRAMES, _BLOCK):
                frames = slice(start, start + _BLOCK)
                synthesised = self._synthesise(masks[stem, channel, frames], self._spectrum[channel, frames])
                _overlap_add(synthesised, result[stem, channel, start : start + _BLOCK + CARRY])
        return result.reshape(len(masks), 2, WINDOW + OVERLAP)

    def _analyse(self, window: Audio) -> None:
        bins = self._spec.bins
        strides = (window.strides[0], HOP * window.itemsize, window.itemsize)
        framed = np.lib.stride_tricks.as_strided(window, (2, FRAMES, FRAME_LENGTH), strides, writeable=False)
        for channel in range(2):
            for start in range(0, FRAMES, _BLOCK):
                frames = slice(start, start + _BLOCK)
                spectrum = scipy.fft.rfft(framed[channel, frames] * _HANN, overwrite_x=True)
                self._spectrum[channel, frames] = spectrum[:, : self._kept]
                low = spectrum[:, :bins]
                power = np.square(low.real)
                power += np.square(low.imag)
                np.sqrt(power, out=self._lane.magnitude[channel, frames])

    def _synthesise(self, mask: npt.NDArray[np.float32], spectrum: npt.NDArray[np.complex64]) -> Audio:
        """Masks and spectrum of one block -> its windowed frames, [_BLOCK, FRAME_LENGTH]."""
        bins = self._spec.bins
        np.multiply(spectrum[:, :bins], mask, out=self._masked[:, :bins])
        if self._spec.mask_extension == "average":
            np.multiply(spectrum[:, bins:], mask.mean(axis=1, keepdims=True), out=self._masked[:, bins:])
        frames: Audio = scipy.fft.irfft(self._masked, FRAME_LENGTH)
        frames *= _SYNTHESIS
        return frames


def _overlap_add(frames: Audio, hops: Audio) -> None:
    """Add `frames` [_BLOCK, FRAME_LENGTH], a hop apart, to `hops` [_BLOCK + CARRY, HOP]."""
    parts = frames.reshape(_BLOCK, CARRY + 1, HOP)
    for part in range(CARRY + 1):
        hops[part : part + _BLOCK] += parts[:, part]
