"""The engine where the native one is not built: OpenVINO, in float32, one chunk at a time per stream."""

from typing import Any

import numpy as np
import numpy.typing as npt

from separation.engines.openvino_runtime import import_without_telemetry
from separation.engines.spleeter.openvino import graph
from separation.engines.spleeter.openvino.weights import MappedWeights
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.spleeter.stft import StftSlot
from separation.engines.spleeter.stft_params import CHUNKING, FRAMES


class OpenVinoEngine:
    """Run `spec` on the processor with `threads` streams of one thread each.

    This costs the least time and memory for a song: cores need no synchronisation within a chunk.
    """

    chunking = CHUNKING

    def __init__(self, spec: SpleeterSpec, weights: MappedWeights, *, threads: int) -> None:
        openvino = import_without_telemetry()
        self.spec = spec
        # No CACHE_DIR: reading the compiled model back takes as long as compiling it.
        with weights.bounded_memory():
            compiled = openvino.Core().compile_model(
                graph.build(spec, weights, FRAMES),
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": "f32",  # the default may choose bfloat16: audibly not the same
                    "INFERENCE_NUM_THREADS": threads,
                    "NUM_STREAMS": threads,
                    # Its compiler of element-wise operations costs more time and memory than it saves.
                    "SNIPPETS_MODE": "DISABLE",
                },
            )
        # In one thread: concurrent first calls of the Python bindings can deadlock.
        self.networks = [_OpenVinoNetwork(openvino, compiled) for _ in range(threads)]
        self.slots = [StftSlot(network, spec) for network in self.networks]


class _OpenVinoNetwork:
    def __init__(self, openvino: Any, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        matrix = np.zeros(tuple(compiled.input(0).shape), dtype=np.float32)
        self._input = openvino.Tensor(matrix, shared_memory=True)
        self._request.set_input_tensor(self._input)
        self._masks = [
            _as_image(self._request.get_output_tensor(index).data) for index in range(len(compiled.outputs))
        ]
        self.magnitude = _as_image(matrix)

    def masks(self) -> list[npt.NDArray[np.float32]]:
        self._request.infer()
        return self._masks


def _as_image(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a view [2, frames, bins] of `matrix` [frames, bins * 2]."""
    return matrix.reshape(len(matrix), -1, 2).transpose(2, 0, 1)
