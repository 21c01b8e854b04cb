"""OpenVINO, for the families that build their networks with it."""

import sys
from collections.abc import Mapping
from typing import Any


def import_without_telemetry() -> Any:
    """Import OpenVINO without its telemetry, which reports each import to its makers."""
    if "openvino" not in sys.modules:
        # Makes the import of the telemetry fail, upon which OpenVINO uses a stub that does nothing.
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # as Python documents it
    import openvino

    return openvino


def compile_model(model: Any, config: Mapping[str, Any]) -> Any:
    """Compile an ``openvino.Model`` for the processor."""
    return import_without_telemetry().Core().compile_model(model, "CPU", dict(config))


def one_chunk_at_a_time(threads: int) -> dict[str, Any]:
    """Return the settings of a network that is run for one chunk at a time, in `threads` threads."""
    # The default may choose bfloat16: audibly not the same.
    return {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}


def compile_requests(model: Any, threads: int) -> list[Any]:
    """Compile an ``openvino.Model`` for the processor; return so many inference requests, of one thread each."""
    compiled = compile_model(
        model,
        one_chunk_at_a_time(threads)
        | {
            "NUM_STREAMS": threads,
            # Its compiler of element-wise operations costs more time and memory than it saves.
            "SNIPPETS_MODE": "DISABLE",
        },
    )
    # In one thread: concurrent first calls of the Python bindings can deadlock.
    return [compiled.create_infer_request() for _ in range(threads)]


def infer(request: Any, values: Any) -> list[Any]:
    """Run a request on its one input; return the arrays of its outputs, valid until it runs again."""
    request.infer([values])
    return [request.get_output_tensor(index).data for index in range(len(request.model_outputs))]
