"""The engine of production: our own in C, one window at a time on each thread."""

import ctypes
import itertools
from pathlib import Path
from typing import Any

import numpy as np

from separation.engines import weight_cache
from separation.engines.modelspec import ModelSpec
from separation.engines.native import library
from separation.engines.native.library import Model, Tapers, Variables
from separation.engines.protocol import FRAMES
from separation.engines.stft_params import ANALYSIS, COVERED, SYNTHESIS, Audio
from separation.engines.weight_cache import Floats, Form
from separation.engines.weights import DEPTH, Weights

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
    """Runs `spec` with the weights that `load` or `packed` gave, on as many lanes as there are `threads`."""

    def __init__(self, spec: ModelSpec, weights: Floats, *, threads: int) -> None:
        self.spec = spec
        self.lanes = [_NativeLane(spec, weights) for _ in range(threads)]


class _NativeLane:
    def __init__(self, spec: ModelSpec, weights: Floats) -> None:
        self._separate = library.load().separate
        self._model = _model(spec)
        self._weights = weights
        self._networks = _pointers(list(weights.reshape(len(spec.networks), -1)))
        self._tapers = Tapers(*(taper.ctypes.data for taper in (ANALYSIS, SYNTHESIS, COVERED)))
        self._workspace = weight_cache.zeros(library.load().workspace_floats(self._model))
        self._masks = [weight_cache.zeros(FRAMES * spec.bins * 2) for _ in spec.stems]
        self._mask_pointers = _pointers(self._masks)

    def separate(self, window: Audio, share: Audio) -> None:
        self._separate(
            self._model,
            self._networks,
            self._tapers,
            self._workspace.ctypes.data,
            self._mask_pointers,
            window.ctypes.data,
            share.ctypes.data,
        )


def load(spec: ModelSpec, models_dir: Path) -> Floats:
    """The weights of `spec`, verified and packed. Raises `ModelUnavailable` as ``weights.load``."""
    return weight_cache.load(spec, models_dir, form()).floats


def packed(spec: ModelSpec, weights: Weights) -> Floats:
    """The same of weights that are in memory."""
    return weight_cache.in_memory(spec, weights, form()).floats


def weights_bytes(spec: ModelSpec) -> int:
    """Memory that the packed weights take."""
    return 4 * _floats(spec)


def lane_bytes(spec: ModelSpec) -> int:
    """Memory that each lane takes: spectrum, images between layers, and masks."""
    return 4 * (int(library.load().workspace_floats(_model(spec))) + len(spec.stems) * FRAMES * spec.bins * 2)


def form() -> Form:
    """How this processor wants weights. Raises `library.NotBuilt`."""
    return Form("packed", library.identity(), _floats, _pack)


def _model(spec: ModelSpec) -> Model:
    widths = (ctypes.c_int * DEPTH)(*spec.filters)
    encoder, decoder = _ACTIVATIONS[spec.conv_activation], _ACTIVATIONS[spec.deconv_activation]
    networks, stems = len(spec.networks), len(spec.stems)
    average = spec.mask_extension == "average"
    return Model(
        FRAMES, spec.bins, widths, encoder, decoder, spec.softmax, spec.exponent, networks, stems, average
    )


def _floats(spec: ModelSpec) -> int:
    return len(spec.networks) * int(library.load().packed_floats(_model(spec)))


def _pack(spec: ModelSpec, weights: Weights, floats: Floats) -> None:
    for network, into in zip(spec.networks, floats.reshape(len(spec.networks), -1), strict=True):
        layers = (Variables * len(_LAYERS))()
        alive = []
        for layer, (field, part) in itertools.product(range(len(_LAYERS)), _PARTS.items()):
            array = weights.get(f"{network}/{_LAYERS[layer]}/{part}")
            if array is not None:
                alive.append(np.ascontiguousarray(array, dtype=np.float32))
                setattr(layers[layer], field, alive[-1].ctypes.data)
        library.load().pack(_model(spec), layers, into.ctypes.data)


def _pointers(arrays: list[Floats]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
