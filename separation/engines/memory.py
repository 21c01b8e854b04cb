"""How much memory a model takes, and with how many threads it fits.

Checked before a model is loaded, so that one that is too big is refused with a message; otherwise the kernel
would kill a process of its choice.
"""

from typing import Literal

import numpy as np

from separation.engines.modelspec import ModelSpec
from separation.engines.spleeter import weights
from separation.engines.spleeter.native import engine as native_engine

_MB = 1_000_000
# Measured with ``python -m benchmarks memory``, rounded up: process and decoder, weights, and each thread's chunks. The
# native engine computes what its buffers take; TensorFlow keeps two copies of the weights.
_BASE = {"native": 90, "openvino": 270, "tensorflow": 750}
_COPIES = {"openvino": 1, "tensorflow": 2}
_THREAD = {"native": 10, "openvino": 60, "tensorflow": 120}
_THREAD_STEM = {"native": 6, "openvino": 15, "tensorflow": 30}

EngineKind = Literal["native", "openvino", "tensorflow"]


class NotEnoughMemory(Exception):  # noqa: N818 (says what is missing)
    """The model does not fit; the message says how much it needs and how much there is."""


def needed_bytes(spec: ModelSpec, threads: int, engine: EngineKind) -> int:
    """Return the most memory that separating with `spec` takes, decoder included, at any length of the song."""
    chunks = (_THREAD[engine] + _THREAD_STEM[engine] * len(spec.stems) * spec.bins / 1024) * _MB
    if engine == "native":
        known = native_engine.weights_bytes(spec) + threads * native_engine.slot_bytes(spec)
    else:
        known = _COPIES[engine] * 4 * sum(int(np.prod(shape)) for shape in weights.shapes(spec).values())
    return int(_BASE[engine] * _MB + known + threads * chunks)


def fitting_threads(spec: ModelSpec, wanted: int, engine: EngineKind, available: int) -> int:
    """Return `wanted`, or as many threads as fit into `available` bytes. Raises `NotEnoughMemory` if none does."""
    for threads in range(wanted, 0, -1):
        if needed_bytes(spec, threads, engine) <= available:
            return threads
    needed = needed_bytes(spec, 1, engine)
    raise NotEnoughMemory(
        f"{spec.slug} needs {-(-needed // _MB)} MB of memory and {available // _MB} MB are available"
    )
