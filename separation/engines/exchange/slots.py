"""Separate one chunk with a network of an exchange format."""

from typing import Any

import numpy as np

from separation.engines.chunking import Audio
from separation.engines.exchange.settings import ExchangeSettings, SpectrogramSettings
from separation.engines.openvino_runtime import infer
from separation.engines.spectrogram import Spectrum

_FAINT = np.float32(1e-10)


class ExchangeSlot:
    """A worker slot; `request` runs the network, which gives so many stems."""

    def __init__(self, settings: ExchangeSettings, request: Any, stems: int) -> None:
        self._settings = settings
        self._request = request
        self._input, self._output = settings.input_layout, settings.output_layout
        self._sizes = settings.sizes(stems)

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:  # noqa: ARG002 (every chunk is alike)
        """Separate one chunk, see `WorkerSlot`."""
        given = self._sizes["s"]
        if self._settings.spectrogram is None:
            stems[:given] = self._run(chunk)
        else:
            self._separate_spectra(self._settings.spectrogram, chunk, stems[:given])
        if given < len(stems):
            np.subtract(chunk, stems[:given].sum(axis=0), out=stems[given])

    def _run(self, values: Audio) -> Audio:
        """Return what the network gives for `values`; the axes are those of the settings."""
        outputs = infer(self._request, self._input.pack(values, self._settings.input_axes))
        axes = self._settings.output_axes
        if "s" in self._output.axes:
            return self._output.unpack(outputs[0], axes, self._sizes)
        return np.stack([self._output.unpack(output, axes[1:], self._sizes) for output in outputs])

    def _separate_spectra(self, settings: SpectrogramSettings, chunk: Audio, stems: Audio) -> None:
        stft = settings.stft
        frames = range(stft.frames(chunk.shape[1]))
        whole = stft.analyse(stft.pad(chunk), frames)  # [frames, channels, bins]
        seen = whole[:, :, : settings.bins].transpose(1, 2, 0)
        given = self._run(_parts(seen) if settings.takes == "complex" else np.abs(seen))
        gain = stft.gain(chunk.shape[1], frames)
        for stem, values in zip(stems, given, strict=True):
            separated = np.zeros_like(whole)
            separated[:, :, : settings.bins] = _spectra(settings, seen, values).transpose(2, 0, 1)
            stem[...] = 0
            stft.add(separated, frames, stem)
            np.divide(stem, gain, out=stem)


def _parts(spectra: Spectrum) -> Audio:
    """Return the real and imaginary parts of `spectra` [channels, bins, frames] as [channels, 2, bins, frames]."""
    return np.stack([spectra.real, spectra.imag], axis=1)


def _spectra(settings: SpectrogramSettings, mixture: Spectrum, values: Audio) -> Spectrum:
    """Return a stem's spectra [channels, bins, frames] from what the network gives for it."""
    estimate = values if values.ndim == 3 else values[:, 0] + np.complex64(1j) * values[:, 1]
    if settings.gives == "masks":
        estimate = mixture * estimate
    elif values.ndim == 3:
        estimate = mixture / np.maximum(np.abs(mixture), _FAINT) * estimate
    return np.asarray(estimate, dtype=np.complex64)
