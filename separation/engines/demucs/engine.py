"""The engine of Demucs' models: its networks in OpenVINO, and the transforms around them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from separation.engines.chunking import Audio, Chunking
from separation.engines.demucs import network
from separation.engines.demucs.package import Package
from separation.engines.demucs.settings import DemucsSpec
from separation.engines.demucs.spectrogram import Transform
from separation.engines.openvino_runtime import import_without_telemetry

_OVERLAP = 0.25
_EPSILON = 1e-5


def chunking(spec: DemucsSpec) -> Chunking:
    """Return the chunks of the original: a quarter of each overlaps the next one, with triangular weights."""
    length = spec.settings.samples
    weights = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1))
    return Chunking(
        length=length,
        stride=int((1 - _OVERLAP) * length),
        window=(weights / weights.max()).astype(np.float32),
        # A transformer is always given what it was trained with.
        short_ends="centred" if spec.settings.kind == "HTDemucs" else "short",
        normalise=True,
    )


class DemucsEngine:
    """Run the networks of `spec` on the processor, one chunk at a time in `threads` threads.

    Several chunks at a time would take no less time, and as much more memory.
    """

    def __init__(self, spec: DemucsSpec, packages: Sequence[Package], *, threads: int) -> None:
        self.spec = spec
        self.chunking = chunking(spec)
        networks = []
        for package, part in zip(packages, spec.settings.networks, strict=True):
            stems = part.stems or spec.stems
            compiled = _Compiled(package, stems, self.chunking, threads)
            networks.append((compiled, [spec.stems.index(stem) for stem in stems]))
        self.slots = [_DemucsSlot(networks, packages[0].architecture.fft_length)]


class _Compiled:
    """One network, compiled for the chunks of `chunking`; for shorter ones it is compiled again when they come."""

    def __init__(self, package: Package, stems: Sequence[str], chunking: Chunking, threads: int) -> None:
        self._threads = threads
        self._samples = chunking.length
        self._request: Any = None
        self._model = self._compile(package, stems, chunking.length)
        # Not kept where no chunk is shorter, so that its file can be closed.
        self._source = (package, stems) if chunking.short_ends == "short" else None

    def prepare(self, samples: int) -> None:
        """Be ready for chunks of `samples`."""
        if samples != self._samples and self._source is not None:
            self._request = None
            self._model = self._compile(*self._source, samples)
            self._samples = samples

    def run(self, spectrogram: Audio, waveform: Audio) -> tuple[Audio, Audio]:
        """Return the stems' spectrograms and waveforms, valid until the next call."""
        if self._request is None:
            self._request = self._model.create_infer_request()
        self._request.infer([spectrogram, waveform])
        return self._request.get_output_tensor(0).data, self._request.get_output_tensor(1).data

    def release(self) -> None:
        """Free the memory of intermediate results."""
        self._model.release_memory()

    def _compile(self, package: Package, stems: Sequence[str], samples: int) -> Any:
        openvino = import_without_telemetry()
        return openvino.Core().compile_model(
            network.build(package, stems, samples),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "f32",  # the default may choose bfloat16: audibly not the same
                "INFERENCE_NUM_THREADS": self._threads,
                "NUM_STREAMS": 1,
            },
        )


class _DemucsSlot:
    """The networks, and the transforms around them."""

    def __init__(self, networks: Sequence[tuple[_Compiled, list[int]]], fft_length: int) -> None:
        self._networks = networks
        self._fft_length = fft_length
        self._samples = 0

    def separate(self, chunk: Audio, stems: Audio) -> None:
        """Separate one chunk, see `WorkerSlot`."""
        if chunk.shape[1] != self._samples:
            self._samples = chunk.shape[1]
            self._transform = Transform(self._fft_length, self._samples)
            for compiled, _ in self._networks:
                compiled.prepare(self._samples)
        spectrogram = self._transform.forward(chunk)
        parts = np.ascontiguousarray(spectrogram.transpose(0, 2, 1)).view(np.float32)
        spectral, temporal = _Normal(parts), _Normal(np.ascontiguousarray(chunk.T))
        for compiled, chosen in self._networks:
            spectra, waves = compiled.run(spectral.values, temporal.values)
            for index, stem in enumerate(chosen):
                restored = spectral.undone(spectra[:, :, 4 * index : 4 * index + 4])
                stems[stem] = self._transform.backward(restored.view(np.complex64).transpose(0, 2, 1))
                stems[stem] += temporal.undone(waves[:, 2 * index : 2 * index + 2]).T
            if len(self._networks) > 1:
                compiled.release()


class _Normal:
    """Values with mean 0 and deviation 1, as the networks expect them."""

    def __init__(self, values: npt.NDArray[np.float32]) -> None:
        mean, deviation = values.mean(dtype=np.float64), values.std(dtype=np.float64, ddof=1)
        self._mean, self._deviation = np.float32(mean), np.float32(deviation)
        self.values = (values - self._mean) / np.float32(_EPSILON + deviation)

    def undone(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return `values` of a stem at the level and mean of the mixture."""
        return values * self._deviation + self._mean
