"""Where our own network is not built: OpenVINO, in float32, one window at a time in each stream."""

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from separation.engines.modelspec import ModelSpec
from separation.engines.openvino import graph as networks
from separation.engines.openvino.weights import Kernels
from separation.engines.protocol import FRAMES
from separation.engines.stft import WindowSeparator


class OpenVinoEngine:
    """Runs `spec` on the processor with `threads` streams of one thread each.

    That is the least work and memory for a song: a window needs no synchronisation between cores.
    """

    def __init__(self, spec: ModelSpec, kernels: Kernels, *, threads: int) -> None:
        openvino = import_silently()
        self.spec = spec
        # No CACHE_DIR: reading the compiled model back takes as long as compiling it.
        with kernels.few_pages():
            compiled = openvino.Core().compile_model(
                networks.build(spec, kernels, FRAMES),
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": "f32",  # the default may choose bfloat16: audibly not the same
                    "INFERENCE_NUM_THREADS": threads,
                    "NUM_STREAMS": threads,
                    # Its compiler of chains of sums takes longer and leaves more behind than it saves here.
                    "SNIPPETS_MODE": "DISABLE",
                },
            )
        # All Python bindings are exercised here, in one thread: two first calls at once can deadlock.
        self.networks = [_OpenVinoNetwork(openvino, compiled) for _ in range(threads)]
        self.lanes = [WindowSeparator(network, spec) for network in self.networks]


class _OpenVinoNetwork:
    def __init__(self, openvino: Any, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        matrix = np.zeros(tuple(compiled.input(0).shape), dtype=np.float32)
        self._input = openvino.Tensor(matrix, shared_memory=True)
        self._request.set_input_tensor(self._input)
        self._masks = [
            _image(self._request.get_output_tensor(index).data) for index in range(len(compiled.outputs))
        ]
        self.magnitude = _image(matrix)

    def masks(self) -> list[npt.NDArray[np.float32]]:
        self._request.infer()
        return self._masks


def _image(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """[frames, bins * 2] -> the same numbers as [2, frames, bins]."""
    return matrix.reshape(len(matrix), -1, 2).transpose(2, 0, 1)


def import_silently() -> Any:
    """Import OpenVINO without its telemetry, which reports each import to its makers."""
    if "openvino" not in sys.modules:
        # Makes that import fail, upon which OpenVINO uses a stub that does nothing.
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # as Python documents it
    import openvino

    return openvino
