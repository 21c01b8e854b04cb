"""The engine used in production: one chunk at a time on each of its worker slots, in C."""

import ctypes
import itertools
from pathlib import Path

import numpy as np

from separation.engines.caches import weight_cache
from separation.engines.caches.weight_cache import Floats, Form, Weights
from separation.engines.chunking import Audio
from separation.engines.spleeter import weights
from separation.engines.spleeter.native import binding, build
from separation.engines.spleeter.native.binding import LAYERS, Model, StftWindows, Variables
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.spleeter.stft_params import (
    ANALYSIS_WINDOW,
    CHUNKING,
    FRAMES,
    SYNTHESIS_WINDOW,
    WINDOW_SUM,
)
from separation.engines.spleeter.weights import DEPTH

_ACTIVATIONS = {"ReLU": 0, "LeakyReLU": 1, "ELU": 2}
_LAYERS = (
    *(f"conv{number}" for number in range(1, DEPTH + 1)),
    *(f"up{number}" for number in range(1, DEPTH + 1)),
    "mask",
)
_PARTS = {
    "kernel": "kernel",
    "bias": "bias",
    "gamma": "bn_gamma",
    "beta": "bn_beta",
    "mean": "bn_mean",
    "variance": "bn_var",
}


class NativeEngine:
    """Run `spec` with packed weights (of `load` or `pack`) on `threads` worker slots."""

    chunking = CHUNKING

    def __init__(self, spec: SpleeterSpec, packed: Floats, *, threads: int) -> None:
        self.spec = spec
        self.slots = [_NativeSlot(spec, packed) for _ in range(threads)]


class _NativeSlot:
    def __init__(self, spec: SpleeterSpec, packed: Floats) -> None:
        self._model = _model(spec)
        self._packed = packed.reshape(len(spec.settings.networks), -1)
        self._windows = StftWindows(*(w.ctypes.data for w in (ANALYSIS_WINDOW, SYNTHESIS_WINDOW, WINDOW_SUM)))
        self._workspace = weight_cache.zeros(binding.workspace_floats(self._model))

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:  # noqa: ARG002 (every chunk is alike)
        binding.separate(
            self._model,
            windows=self._windows,
            packed=self._packed,
            workspace=self._workspace,
            chunk=chunk,
            stems=stems,
        )


def load(spec: SpleeterSpec, models_dir: Path) -> Floats:
    """Load the weights of `spec`, verified and packed. Raises `ModelUnavailable` like `weights.load`."""
    return weight_cache.load(spec, models_dir, form()).floats


def pack(spec: SpleeterSpec, loaded: Weights) -> Floats:
    """Pack weights that are in memory. Raises ValueError if they are not of the shapes of `spec`."""
    return weight_cache.in_memory(spec, loaded, form()).floats


def weights_bytes(spec: SpleeterSpec) -> int:
    """Return the size of the packed weights."""
    return 4 * _packed_floats(spec)


def slot_bytes(spec: SpleeterSpec) -> int:
    """Return the size of a worker slot's buffers: spectrum, tensors between layers, masks."""
    return 4 * binding.workspace_floats(_model(spec))


def form() -> Form:
    """Return the layout of packed weights on this processor."""
    return Form("packed", build.identity(), _packed_floats, weights.load, _pack)


def _model(spec: SpleeterSpec) -> Model:
    return Model(
        frames=FRAMES,
        bins=spec.settings.bins,
        widths=(ctypes.c_int * DEPTH)(*spec.settings.filters),
        encoder=_ACTIVATIONS[spec.settings.conv_activation],
        decoder=_ACTIVATIONS[spec.settings.deconv_activation],
        softmax=spec.settings.softmax,
        exponent=spec.settings.exponent,
        networks=len(spec.settings.networks),
        stems=len(spec.stems),
        average=spec.settings.mask_extension == "average",
    )


def _packed_floats(spec: SpleeterSpec) -> int:
    return len(spec.settings.networks) * binding.packed_floats(_model(spec))


def _pack(spec: SpleeterSpec, loaded: Weights, floats: Floats) -> None:
    weights.check(spec, loaded)
    for network, packed in zip(
        spec.settings.networks, floats.reshape(len(spec.settings.networks), -1), strict=True
    ):
        layers = (Variables * LAYERS)()
        alive = []  # until they are packed
        for layer, (field, part) in itertools.product(range(LAYERS), _PARTS.items()):
            array = loaded.get(f"{network}/{_LAYERS[layer]}/{part}")
            if array is not None:
                alive.append(np.ascontiguousarray(array, dtype=np.float32))
                setattr(layers[layer], field, alive[-1].ctypes.data)
        binding.pack(_model(spec), layers, packed)
