"""How much memory a model of this family takes."""

from separation.engines.protocol import EngineKind
from separation.engines.spleeter import weights
from separation.engines.spleeter.native import engine as native_engine
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.weightfiles.states import float32_bytes

_MB = 1_000_000
# Measured with ``python -m benchmarks memory``, rounded up: process and decoder, weights, and each thread's chunks. The
# native engine computes what its buffers take; TensorFlow keeps two copies of the weights.
_BASE = {"native": 90, "openvino": 270, "tensorflow": 750}
_COPIES = {"openvino": 1, "tensorflow": 2}
_THREAD = {"native": 10, "openvino": 60, "tensorflow": 120}
_THREAD_STEM = {"native": 6, "openvino": 15, "tensorflow": 30}


def needed_bytes(spec: SpleeterSpec, threads: int, engine: EngineKind) -> int:
    """Return the most memory that separating with `spec` takes, decoder included, at any length of the song."""
    chunks = (_THREAD[engine] + _THREAD_STEM[engine] * len(spec.stems) * spec.settings.bins / 1024) * _MB
    if engine == "native":
        known = native_engine.weights_bytes(spec) + threads * native_engine.slot_bytes(spec)
    else:
        known = _COPIES[engine] * float32_bytes(weights.shapes(spec))
    return int(_BASE[engine] * _MB + known + threads * chunks)
