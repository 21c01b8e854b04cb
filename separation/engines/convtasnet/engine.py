"""The engine of Conv-TasNet's models: their network in OpenVINO."""

from typing import Any

import numpy as np

from separation.engines.chunking import Audio, Chunking
from separation.engines.convtasnet import network
from separation.engines.convtasnet.network import Weights
from separation.engines.convtasnet.settings import OVERLAP, ConvTasNetSettings, ConvTasNetSpec
from separation.engines.openvino_runtime import compile_requests, infer


def chunking(settings: ConvTasNetSettings) -> Chunking:
    """Return the chunks of the original, with triangular weights; the last one is as short as the song leaves it."""
    length = settings.segment
    weights = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1))
    return Chunking(
        length=length,
        stride=int((1 - OVERLAP) * length),
        window=(weights / weights.max()).astype(np.float32),
        short_ends="short",
        normalise=True,
    )


class ConvTasNetEngine:
    """Run the network of `spec` on the processor, `threads` chunks at a time, each in one thread."""

    def __init__(self, spec: ConvTasNetSpec, weights: Weights, *, threads: int) -> None:
        self.spec = spec
        self.chunking = chunking(spec.settings)
        requests = compile_requests(network.build(spec.settings, weights, len(spec.stems)), threads)
        self.slots = [_Slot(request, spec.settings.frame_length) for request in requests]


class _Slot:
    def __init__(self, request: Any, frame_length: int) -> None:
        self._request = request
        self._frame_length = frame_length

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:  # noqa: ARG002 (every chunk is alike)
        """Separate one chunk, see `WorkerSlot`. What does not fill half a frame at the end becomes silence."""
        missing = max(0, self._frame_length - chunk.shape[1])
        outputs = infer(
            self._request, np.pad(chunk, ((0, 0), (0, missing)))[None] if missing else chunk[None]
        )
        count = min(outputs[0].shape[2], chunk.shape[1])
        for stem, output in zip(stems, outputs, strict=True):
            stem[:, :count] = output[0, :, :count]
            stem[:, count:] = 0
