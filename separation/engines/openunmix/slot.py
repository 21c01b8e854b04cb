"""Separate one chunk of a song with the networks of Open-Unmix.

A chunk is made for OWN frames. CONTEXT frames on either side of them, except at the song's ends, only warm up the
memory of the networks. In the original they see the whole song at once.
"""

from typing import Any

import numpy as np

from separation.engines.chunking import Chunking
from separation.engines.openunmix import wiener
from separation.engines.openunmix.network import CHANNELS
from separation.engines.openunmix.settings import STFT, OpenUnmixSettings
from separation.engines.openvino_runtime import infer
from separation.engines.spectrogram import Audio, Spectrum

WINDOW = 300
"""Frames that the Wiener filter looks at together."""
CONTEXT = WINDOW
"""A multiple of WINDOW, like OWN, so that the filter's windows lie where they lie in the original."""
OWN = 4 * WINDOW

_HALF = STFT.frame_length // 2
_USED_FROM = CONTEXT * STFT.hop - _HALF
_OVERLAP = STFT.frame_length - STFT.hop
CHUNKING = Chunking(
    length=2 * _USED_FROM + OWN * STFT.hop + _OVERLAP,
    stride=OWN * STFT.hop,
    context=_USED_FROM,
    short_ends="short",
)

_AT_ONCE = 100
"""Frames that the first part of the networks is given at once: it needs no neighbours."""


class OpenUnmixSlot:
    """A worker slot; `first`, `middle` and `last` are inference requests of the parts that `network` builds."""

    def __init__(self, settings: OpenUnmixSettings, first: Any, middle: Any, last: Any) -> None:
        self._settings = settings
        self._first, self._middle, self._last = first, middle, last

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:
        """Separate one chunk, see `WorkerSlot`. The stems are partial sums, to which its neighbours add theirs."""
        stems[...] = 0
        samples = chunk.shape[1]
        is_end = samples < CHUNKING.length
        frames = range(STFT.frames(samples))
        own = range(0 if is_first else CONTEXT, min(frames.stop, CONTEXT + OWN))
        padded = STFT.pad(chunk)
        vectors = self._vectors(padded, frames)
        for start in range(own.start, own.stop, WINDOW):
            window = range(start, min(own.stop, start + WINDOW))
            spectra = self._separated(STFT.analyse(padded, window), vectors[window.start : window.stop])
            for spectrum, stem in zip(spectra, stems, strict=True):
                STFT.add(spectrum, window, stem)
        before, after = 0 if is_first else STFT.reach, 0 if is_end else STFT.reach
        stems /= STFT.gain(samples, range(-before, frames.stop + after))

    def _vectors(self, padded: Audio, frames: range) -> Audio:
        """Return what the last part of the networks needs: [frames, stems * hidden]."""
        encoded = []
        for start in range(0, len(frames), _AT_ONCE):
            part = frames[start : start + _AT_ONCE]
            magnitudes = np.abs(STFT.analyse(padded, part)[:, :, : self._settings.input_bins])
            encoded.append(infer(self._first, magnitudes.reshape(len(part), -1))[0].copy())
        return infer(self._middle, np.concatenate(encoded))[0]

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
