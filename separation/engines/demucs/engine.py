"""The engine of Demucs' models: its networks in OpenVINO, and the transforms around them."""

import threading
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
    """Run the networks of `spec` on the processor, `threads` chunks at a time, each in one thread."""

    def __init__(self, spec: DemucsSpec, packages: Sequence[Package], *, threads: int) -> None:
        self.spec = spec
        self.chunking = chunking(spec)
        networks = []
        for package, part in zip(packages, spec.settings.networks, strict=True):
            stems = part.stems or spec.stems
            compiled = _Compiled(package, stems, self.chunking.length, threads)
            networks.append((compiled, [spec.stems.index(stem) for stem in stems]))
        self.slots = [_DemucsSlot(networks) for _ in range(threads)]


class _Compiled:
    """One network, compiled for chunks of `samples`; for shorter ones it is compiled again when they come."""

    def __init__(self, package: Package, stems: Sequence[str], samples: int, threads: int) -> None:
        self._package = package
        self._stems = stems
        self._samples = samples
        self._model = self._compile(samples, threads)
        self._compiling = threading.Lock()

    @property
    def fft_length(self) -> int:
        """Return the samples of a frame of the spectrogram."""
        return self._package.architecture.fft_length

    def request(self, samples: int) -> Any:
        """Return an inference request for a chunk of `samples`."""
        # One at a time: concurrent first calls of the Python bindings can deadlock.
        with self._compiling:
            model = self._model if samples == self._samples else self._compile(samples, 1)
            return model.create_infer_request()

    def _compile(self, samples: int, threads: int) -> Any:
        openvino = import_without_telemetry()
        return openvino.Core().compile_model(
            network.build(self._package, self._stems, samples),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "f32",  # the default may choose bfloat16: audibly not the same
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": threads,
            },
        )


class _DemucsSlot:
    """A request for each network, and the buffers around it."""

    def __init__(self, networks: Sequence[tuple[_Compiled, list[int]]]) -> None:
        self._networks = networks
        self._samples = 0
        self._requests: list[Any] = []

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:  # noqa: ARG002 (every chunk is alike)
        """Separate one chunk, see `WorkerSlot`."""
        if chunk.shape[1] != self._samples:
            self._samples = chunk.shape[1]
            self._requests = [compiled.request(self._samples) for compiled, _ in self._networks]
            self._transform = Transform(self._networks[0][0].fft_length, self._samples)
        spectrogram = self._transform.forward(chunk)
        parts = np.ascontiguousarray(spectrogram.transpose(0, 2, 1)).view(np.float32)
        spectral, temporal = _Normal(parts), _Normal(np.ascontiguousarray(chunk.T))
        for request, (_, chosen) in zip(self._requests, self._networks, strict=True):
            request.infer([spectral.values, temporal.values])
            for index, output in enumerate(chosen):
                part = request.get_output_tensor(0).data[:, :, 4 * index : 4 * index + 4]
                restored = spectral.undone(part).view(np.complex64).transpose(0, 2, 1)
                stems[output] = self._transform.backward(restored)
                stems[output] += temporal.undone(
                    request.get_output_tensor(1).data[:, 2 * index : 2 * index + 2]
                ).T


class _Normal:
    """Values with mean 0 and deviation 1, as the networks expect them."""

    def __init__(self, values: npt.NDArray[np.float32]) -> None:
        mean, deviation = values.mean(dtype=np.float64), values.std(dtype=np.float64, ddof=1)
        self._mean, self._deviation = np.float32(mean), np.float32(deviation)
        self.values = (values - self._mean) / np.float32(_EPSILON + deviation)

    def undone(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return `values` of a stem at the level and mean of the mixture."""
        return values * self._deviation + self._mean
