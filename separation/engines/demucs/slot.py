"""Separate one chunk with Demucs: its networks in OpenVINO, and the transforms around them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from separation.engines.caches import compiled_cache
from separation.engines.caches.compiled_cache import CachedNetwork, Compiled
from separation.engines.chunking import Audio
from separation.engines.demucs import network
from separation.engines.demucs.package import load_package
from separation.engines.demucs.settings import DemucsSpec, Network
from separation.engines.demucs.spectrogram import Transform
from separation.engines.openvino_runtime import compile_model, one_chunk_at_a_time

_EPSILON = 1e-5


class _Network:
    """One network, compiled for whole chunks; for shorter ones it is compiled again when they come."""

    def __init__(self, spec: DemucsSpec, part: Network, models_dir: Path, threads: int) -> None:
        self._spec, self._part, self._models_dir = spec, part, models_dir
        self._config = one_chunk_at_a_time(threads)
        self._stems = part.stems or spec.stems
        self.stems = [spec.stems.index(stem) for stem in self._stems]
        """Where its stems stand among those of the model."""
        self._request: Any = None
        self._samples = spec.settings.samples
        self._compiled = self._compile()

    @property
    def fft_length(self) -> int:
        """Return the length of the transform that the network was trained with."""
        return 2 * int(self._compiled.model.inputs[0].shape[1])

    def prepare(self, samples: int) -> None:
        """Be ready for chunks of `samples`."""
        if samples != self._samples:
            self._request, self._samples = None, samples
            del self._compiled  # there may not be memory for two
            self._compiled = self._compile()

    def run(self, spectrogram: Audio, waveform: Audio) -> tuple[Audio, Audio]:
        """Return the stems' spectrograms and waveforms, valid until the next call."""
        if self._request is None:
            self._request = self._compiled.model.create_infer_request()
        self._request.infer([spectrogram, waveform])
        return self._request.get_output_tensor(0).data, self._request.get_output_tensor(1).data

    def release(self) -> None:
        """Free the memory of intermediate results."""
        self._compiled.model.release_memory()

    def _compile(self) -> Compiled:
        if self._samples != self._spec.settings.samples:
            return Compiled(compile_model(self._build(), self._config))
        layout = f"{network.LAYOUT}; {self._samples} samples; {', '.join(self._stems)}"
        cached = CachedNetwork(self._spec, self._models_dir, self._part.file, layout, self._build)
        return compiled_cache.load(cached, self._config)

    def _build(self) -> Any:
        package = load_package(self._spec, self._part, self._models_dir)
        return network.build(package, self._stems, self._samples)


class DemucsSlot:
    """The networks, and the transforms around them."""

    def __init__(self, networks: Sequence[_Network]) -> None:
        self._networks = networks
        self._samples = 0

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:  # noqa: ARG002 (every chunk is alike)
        """Separate one chunk, see `WorkerSlot`."""
        if chunk.shape[1] != self._samples:
            self._samples = chunk.shape[1]
            self._transform = Transform(self._networks[0].fft_length, self._samples)
            for part in self._networks:
                part.prepare(self._samples)
        spectrogram = self._transform.forward(chunk)
        parts = np.ascontiguousarray(spectrogram.transpose(0, 2, 1)).view(np.float32)
        spectral, temporal = _Normal(parts), _Normal(np.ascontiguousarray(chunk.T))
        for part in self._networks:
            spectra, waves = part.run(spectral.values, temporal.values)
            for index, stem in enumerate(part.stems):
                restored = spectral.undone(spectra[:, :, 4 * index : 4 * index + 4])
                stems[stem] = self._transform.backward(restored.view(np.complex64).transpose(0, 2, 1))
                stems[stem] += temporal.undone(waves[:, 2 * index : 2 * index + 2]).T
            if len(self._networks) > 1:
                part.release()


def slots(spec: DemucsSpec, models_dir: Path, threads: int) -> list[DemucsSlot]:
    """Load the networks of `spec` for one chunk at a time, in `threads` threads. Raises `ModelUnavailable`.

    Several chunks at a time would take no less time, and as much more memory.
    """
    return [DemucsSlot([_Network(spec, part, models_dir, threads) for part in spec.settings.networks])]


class _Normal:
    """Values with mean 0 and deviation 1, as the networks expect them."""

    def __init__(self, values: npt.NDArray[np.float32]) -> None:
        mean, deviation = values.mean(dtype=np.float64), values.std(dtype=np.float64, ddof=1)
        self._mean, self._deviation = np.float32(mean), np.float32(deviation)
        self.values = (values - self._mean) / np.float32(_EPSILON + deviation)

    def undone(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return `values` of a stem at the level and mean of the mixture."""
        return values * self._deviation + self._mean
