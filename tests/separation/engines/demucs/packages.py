"""Files of Demucs' networks with random weights, in the official layout, always the same."""

from typing import Any

import numpy as np

from separation.engines.demucs.architecture import read_architecture
from separation.engines.demucs.shapes import weight_shapes
from tests.separation.engines.weightfiles.writing import Call, Global, torch_archive

CLASSES = {"HTDemucs": "demucs.htdemucs HTDemucs", "HDemucs": "demucs.hdemucs HDemucs"}
FOUR = ["drums", "bass", "other", "vocals"]
SIX = [*FOUR, "guitar", "piano"]
FIVE_TENTHS = Call(Global("fractions Fraction"), ("1/2",))

SMALL: dict[str, Any] = {
    "sources": FOUR, "segment": FIVE_TENTHS, "channels": 8, "bottom_channels": 16, "dconv_mode": 3, "multi_freqs": [],
}  # fmt: skip
SMALL_HYBRID: dict[str, Any] = {"sources": FOUR, "segment": 40, "channels": 8, "multi_freqs": []}


def weights(kind: str, arguments: dict[str, Any], seed: int = 1) -> dict[str, np.ndarray[Any, Any]]:
    """Weights that keep signals at their level and leave nothing at zero or one, where mistakes would hide."""
    generator = np.random.default_rng(seed)
    plain = {name: value for name, value in arguments.items() if not isinstance(value, Call)}
    shapes = weight_shapes(read_architecture(kind, plain))  # type: ignore[arg-type]  # one of the two
    return {name: _drawn(name, shape, generator).astype(np.float16) for name, shape in shapes.items()}


def _drawn(name: str, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray[Any, Any]:
    if name.endswith("scale"):  # of layers, which training begins at almost nothing
        return generator.uniform(0.2, 0.5, shape)
    if len(shape) == 1:
        gain = name.endswith("weight")
        return generator.uniform(0.5, 1.5, shape) if gain else generator.normal(0, 0.1, shape)
    if "embedding" in name:
        return generator.normal(0, 0.1, shape)
    inputs = shape[0] * 2 if "conv_tr" in name else np.prod(shape[1:])
    return generator.normal(0, 1 / np.sqrt(inputs), shape)


def package(kind: str, arguments: dict[str, Any], seed: int = 1) -> bytes:
    """Return the ``.th`` file of a network."""
    return torch_archive(
        {
            "klass": Global(CLASSES[kind]),
            "args": (),
            "kwargs": arguments,
            "state": weights(kind, arguments, seed),
            "training_args": {"seed": 42, "optim": {"lr": 3e-4}, "misc": [None, True]},
        }
    )
