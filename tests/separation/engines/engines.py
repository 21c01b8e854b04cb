"""The engines for processors, made from weights that are in memory."""

from collections.abc import Callable

from separation.engines import kernels, native
from separation.engines.modelspec import ModelSpec
from separation.engines.openvino import OpenVinoEngine
from separation.engines.protocol import Engine
from separation.engines.weights import Weights


def _native(spec: ModelSpec, weights: Weights, threads: int) -> Engine:
    return native.NativeEngine(spec, native.packed(spec, weights), threads=threads)


def _openvino(spec: ModelSpec, weights: Weights, threads: int) -> Engine:
    return OpenVinoEngine(spec, kernels.arranged(spec, weights), threads=threads)


ENGINES: dict[str, Callable[[ModelSpec, Weights, int], Engine]] = {"native": _native, "openvino": _openvino}
