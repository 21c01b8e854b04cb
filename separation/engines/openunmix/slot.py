"""Separate one chunk of a song with the networks of Open-Unmix."""

from typing import Any

import numpy as np
import numpy.typing as npt

from separation.engines.openunmix import wiener
from separation.engines.openunmix.network import CHANNELS, Settings
from separation.engines.spectrogram import Analysis, Audio, Spectrum, reflect_ends, song_frames

CONTEXT_FRAMES = 300
"""Frames at each end of a chunk that only the networks' memory needs."""
OWN_FRAMES = 1200
"""Frames that a chunk is made for: whole windows of the Wiener filter, which so lie where the original's lie."""

_FRAMES_AT_ONCE = 100
"""Frames that the first part of the networks is given at once: it needs no neighbours."""


class OpenUnmixSlot:
    """A worker slot: three parts of the networks, as inference requests.

    Chunks are of ``CONTEXT_FRAMES + OWN_FRAMES + CONTEXT_FRAMES`` frames.
    """

    def __init__(self, settings: Settings, first: Any, middle: Any, last: Any) -> None:
        self._settings = settings
        self._analysis = Analysis(settings.transform)
        self._first, self._middle, self._last = first, middle, last

    def separate(self, chunk: Audio, stems: Audio, song: slice) -> None:
        """Separate `chunk` [2, n] into `stems` [stems, 2, n]; `song` tells which of its samples are the song's.

        The stems are partial sums: neighbouring chunks add their frames to the first and last samples.
        """
        stems[...] = 0
        length = chunk.shape[1]
        reflect_ends(self._settings.transform, chunk, song)
        frames = song_frames(self._settings.transform, length, song)
        own = range(CONTEXT_FRAMES, min(frames.stop, CONTEXT_FRAMES + OWN_FRAMES))
        if not own:
            return
        vectors = self._vectors(chunk, frames)
        for start in range(own.start, own.stop, self._settings.window_frames):
            window = range(start, min(own.stop, start + self._settings.window_frames))
            spectra = self._separated(chunk, window, vectors[window.start - frames.start :][: len(window)])
            for estimate, stem in zip(spectra, stems, strict=True):
                self._analysis.overlap_add(estimate, window, stem)
        stems /= self._analysis.window_sum(length, frames, starts=song.start > 0, ends=song.stop < length)

    def _vectors(self, chunk: Audio, frames: range) -> Audio:
        """Return what the last part of the networks needs of `frames`: [frames, stems * hidden]."""
        seen = self._settings.input_bins
        encoded = []
        for start in range(frames.start, frames.stop, _FRAMES_AT_ONCE):
            part = range(start, min(frames.stop, start + _FRAMES_AT_ONCE))
            magnitudes = np.abs(self._analysis.spectra(chunk, part)[:, :, :seen])
            encoded.append(_infer(self._first, magnitudes.reshape(len(part), -1))[0].copy())
        return _infer(self._middle, np.concatenate(encoded))[0]

    def _separated(self, chunk: Audio, window: range, vectors: Audio) -> Spectrum:
        """Return the stems' spectra [stems, frames, 2, bins] of one window of the Wiener filter."""
        mixture = self._analysis.spectra(chunk, window)
        factors = _infer(self._last, np.ascontiguousarray(vectors))
        estimates = np.empty((len(factors), *mixture.shape), dtype=np.complex64)
        for estimate, factor in zip(estimates, factors, strict=True):
            np.multiply(mixture, factor.reshape(len(window), CHANNELS, -1), out=estimate)
        wiener.filter_estimates(mixture, estimates, self._settings.iterations)
        return estimates


def _infer(request: Any, values: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Run one part; return its outputs, valid until it runs again."""
    request.infer([values])
    return [request.get_output_tensor(index).data for index in range(len(request.model_outputs))]
