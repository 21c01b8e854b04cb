"""A model's weights as our network in OpenVINO wants them: kernels [out, in, height, width], aligned.

The arrays lie one after the other in the order of ``weights.shapes``. OpenVINO packs each kernel for the processor
at hand, after which `Kernels.drop_pages` gives back what was read from the file.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from separation.engines import weight_cache, weights
from separation.engines.modelspec import ModelSpec
from separation.engines.weight_cache import Converted, Floats, Form
from separation.engines.weights import Array, Weights

_ALIGNMENT = 16
"""Each array begins at a multiple of so many float32."""
_DROP_SECONDS = 0.02


class Kernels(Mapping[str, Array]):
    """Arrays by the names that `weights` gives them."""

    def __init__(self, spec: ModelSpec, loaded: Converted) -> None:
        self._arrays = dict(_placed(spec, loaded.floats))
        self.drop_pages = loaded.drop_pages

    @contextmanager
    def few_pages(self) -> Iterator[None]:
        """Gives pages back again and again, while they are read one after the other."""
        done = threading.Event()

        def drop() -> None:
            while not done.wait(_DROP_SECONDS):
                self.drop_pages()

        dropper = threading.Thread(target=drop, name="kernels")
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


def load(spec: ModelSpec, models_dir: Path) -> Kernels:
    """The weights of `spec`, verified by checksum and arranged. Raises `ModelUnavailable` as `weights.load`."""
    return Kernels(spec, weight_cache.load(spec, models_dir, FORM))


def arranged(spec: ModelSpec, loaded: Weights) -> Kernels:
    """The same of weights that are in memory."""
    return Kernels(spec, weight_cache.in_memory(spec, loaded, FORM))


def _arranged_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """TensorFlow's [height, width, in, out] (transposed: [.., out, in]) to [out, in, ..] ([in, out, ..])."""
    if len(shape) != 4:
        return shape
    return shape[3], shape[2], shape[0], shape[1]


def _placed(spec: ModelSpec, floats: Floats) -> Iterator[tuple[str, Array]]:
    begin = 0
    for name, shape in weights.shapes(spec).items():
        count = int(np.prod(shape))
        yield name, floats[begin : begin + count].reshape(_arranged_shape(shape))
        begin += _aligned(count)


def _floats(spec: ModelSpec) -> int:
    return sum(_aligned(int(np.prod(shape))) for shape in weights.shapes(spec).values())


def _aligned(count: int) -> int:
    return -(-count // _ALIGNMENT) * _ALIGNMENT


def _fill(spec: ModelSpec, loaded: Weights, floats: Floats) -> None:
    for name, array in _placed(spec, floats):
        array[...] = loaded[name].transpose(3, 2, 0, 1) if array.ndim == 4 else loaded[name]


FORM = Form("kernels", "7", _floats, _fill)
