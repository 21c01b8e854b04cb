"""A model's weights in the layout of `graph`: kernels [out, in, height, width], aligned.

The arrays follow one another in the order of ``weights.shapes``. OpenVINO copies each kernel into a layout of
its own, after which `MappedWeights.drop_pages` frees the memory of what was read from the file.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from separation.engines.caches import weight_cache
from separation.engines.caches.weight_cache import Array, Converted, Floats, Form, Weights
from separation.engines.spleeter import weights
from separation.engines.spleeter.settings import SpleeterSpec

_ALIGNMENT = 16
"""Each array begins at a multiple of so many float32."""
_DROP_SECONDS = 0.02


class MappedWeights(Mapping[str, Array]):
    """Arrays by the names that `weights` gives them, mapped from a file where possible."""

    def __init__(self, spec: SpleeterSpec, loaded: Converted) -> None:
        self._arrays = dict(_views(spec, loaded.floats))
        self.drop_pages = loaded.drop_pages

    @contextmanager
    def bounded_memory(self) -> Iterator[None]:
        """Drop pages every few milliseconds while the arrays are read one after the other."""
        done = threading.Event()

        def drop() -> None:
            while not done.wait(_DROP_SECONDS):
                self.drop_pages()

        dropper = threading.Thread(target=drop, name="drop-pages")
        dropper.start()
        try:
            yield
        finally:
            done.set()
            dropper.join()
            self.drop_pages()

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def load(spec: SpleeterSpec, models_dir: Path) -> MappedWeights:
    """Load the weights of `spec`, verified by checksum. Raises `ModelUnavailable` like `weights.load`."""
    return MappedWeights(spec, weight_cache.load(spec, models_dir, FORM))


def arrange(spec: SpleeterSpec, loaded: Weights) -> MappedWeights:
    """Arrange weights that are in memory."""
    return MappedWeights(spec, weight_cache.in_memory(spec, loaded, FORM))


def _openvino_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Turn TensorFlow's [height, width, in, out] (transposed: [.., out, in]) into [out, in, ..] ([in, out, ..])."""
    if len(shape) != 4:
        return shape
    return shape[3], shape[2], shape[0], shape[1]


def _views(spec: SpleeterSpec, floats: Floats) -> Iterator[tuple[str, Array]]:
    begin = 0
    for name, shape in weights.shapes(spec).items():
        count = int(np.prod(shape))
        yield name, floats[begin : begin + count].reshape(_openvino_shape(shape))
        begin += _aligned(count)


def _floats(spec: SpleeterSpec) -> int:
    return sum(_aligned(int(np.prod(shape))) for shape in weights.shapes(spec).values())


def _aligned(count: int) -> int:
    return -(-count // _ALIGNMENT) * _ALIGNMENT


def _fill(spec: SpleeterSpec, loaded: Weights, floats: Floats) -> None:
    for name, array in _views(spec, floats):
        array[...] = loaded[name].transpose(3, 2, 0, 1) if array.ndim == 4 else loaded[name]


FORM = Form("kernels", "7", _floats, weights.load, _fill)
