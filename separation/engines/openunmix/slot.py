"""Separate one chunk of a song with the networks of Open-Unmix.

In the original, the networks see the whole song at once. Here, a chunk has frames of its own, and on either side of
them, except at the song's ends, as many more that only the memory of the networks needs.
"""

from typing import Any

import numpy as np

from separation.engines.chunking import Chunking
from separation.engines.openunmix import wiener
from separation.engines.openunmix.network import CHANNELS
from separation.engines.openunmix.settings import OpenUnmixSettings
from separation.engines.openvino_runtime import infer
from separation.engines.spectrogram import Audio, Spectrum

CONTEXT_WINDOWS = 1
"""Context at each end of a chunk, in windows of the Wiener filter."""
OWN_WINDOWS = 4

_AT_ONCE = 100
"""Frames that the first part of the networks is given at once: it needs no neighbours."""


def chunking(settings: OpenUnmixSettings) -> Chunking:
    """Return chunks of whole windows of the Wiener filter, which so lie where they lie in the original."""
    context, own = (count * settings.window_frames * settings.hop for count in (CONTEXT_WINDOWS, OWN_WINDOWS))
    # The first of the chunk's own frames begins half a frame before its centre.
    unused = context - settings.frame_length // 2
    overlap = settings.frame_length - settings.hop
    return Chunking(length=2 * unused + own + overlap, stride=own, context=unused, short_ends="short")


class OpenUnmixSlot:
    """A worker slot; `first`, `middle` and `last` are inference requests of the parts that `network` builds."""

    def __init__(self, settings: OpenUnmixSettings, first: Any, middle: Any, last: Any) -> None:
        self._settings = settings
        self._stft = settings.stft
        self._length = chunking(settings).length
        self._first, self._middle, self._last = first, middle, last

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:
        """Separate one chunk, see `WorkerSlot`. The stems are partial sums, to which its neighbours add theirs."""
        stems[...] = 0
        stft, samples, size = self._stft, chunk.shape[1], self._settings.window_frames
        frames = range(stft.frames(samples))
        begin, end = CONTEXT_WINDOWS * size, (CONTEXT_WINDOWS + OWN_WINDOWS) * size
        own = range(0 if is_first else begin, min(frames.stop, end))
        padded = stft.pad(chunk)
        vectors = self._vectors(padded, frames)
        for start in range(own.start, own.stop, size):
            window = range(start, min(own.stop, start + size))
            spectra = self._separated(stft.analyse(padded, window), vectors[window.start : window.stop])
            for spectrum, stem in zip(spectra, stems, strict=True):
                stft.add(spectrum, window, stem)
        before = 0 if is_first else stft.reach
        after = stft.reach if samples == self._length else 0
        stems /= stft.gain(samples, range(-before, frames.stop + after))

    def _vectors(self, padded: Audio, frames: range) -> Audio:
        """Return what the last part of the networks needs: [frames, stems * hidden]."""
        encoded = []
        for start in range(0, len(frames), _AT_ONCE):
            part = frames[start : start + _AT_ONCE]
            magnitudes = np.abs(self._stft.analyse(padded, part)[:, :, : self._settings.input_bins])
            encoded.append(infer(self._first, magnitudes.reshape(len(part), -1))[0].copy())
        vectors: Audio = infer(self._middle, np.concatenate(encoded))[0]
        return vectors

    def _separated(self, mixture: Spectrum, vectors: Audio) -> Spectrum:
        """Return the stems' spectra [stems, frames, 2, bins] of one window of the Wiener filter."""
        factors = infer(self._last, np.ascontiguousarray(vectors))
        stems = len(factors) + self._settings.residual
        estimates = np.empty((stems, *mixture.shape), dtype=np.complex64)
        for estimate, factor in zip(estimates, factors, strict=False):
            np.multiply(mixture, factor.reshape(len(mixture), CHANNELS, -1), out=estimate)
        if self._settings.residual:
            np.subtract(mixture, estimates[:-1].sum(axis=0), out=estimates[-1])
        wiener.filter_estimates(mixture, estimates, self._settings.iterations)
        return estimates
