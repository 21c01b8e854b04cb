"""The engines for processors, made from weights that are in memory."""

from collections.abc import Callable

from separation.engines.caches.weight_cache import Weights
from separation.engines.protocol import Engine
from separation.engines.spleeter.native import engine as native_engine
from separation.engines.spleeter.openvino import weights as openvino_weights
from separation.engines.spleeter.openvino.engine import OpenVinoEngine
from separation.engines.spleeter.settings import SpleeterSpec


def _native(spec: SpleeterSpec, weights: Weights, threads: int) -> Engine:
    return native_engine.NativeEngine(spec, native_engine.pack(spec, weights), threads=threads)


def _openvino(spec: SpleeterSpec, weights: Weights, threads: int) -> Engine:
    return OpenVinoEngine(spec, openvino_weights.arrange(spec, weights), threads=threads)


ENGINES: dict[str, Callable[[SpleeterSpec, Weights, int], Engine]] = {
    "native": _native,
    "openvino": _openvino,
}
