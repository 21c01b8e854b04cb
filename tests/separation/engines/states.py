"""Random weights of networks, in the layout of PyTorch's files."""

from collections.abc import Mapping

import numpy as np

from separation.engines.chunking import Audio
from tests.separation.engines.weightfiles.writing import torch_archive


def drawn(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, Audio]:
    """Return arrays of `shapes` that keep signals at about their level, always the same."""
    generator = np.random.default_rng(seed)
    return {name: _array(name, shape, generator) for name, shape in shapes.items()}


def state_file(shapes: Mapping[str, tuple[int, ...]], seed: int) -> bytes:
    """Return the file that ``torch.save`` makes of such weights."""
    return torch_archive(drawn(shapes, seed))


def _array(name: str, shape: tuple[int, ...], generator: np.random.Generator) -> Audio:
    positive = ("running_var", "gamma", "scale", "bn1.weight", "bn2.weight", "bn3.weight", "output_mean")
    if name.endswith(positive):
        values = generator.uniform(0.5, 1.5, shape)
    elif max(shape) == np.prod(shape):
        values = generator.normal(0, 0.2, shape)
    else:
        values = generator.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape)
    return np.asarray(values, dtype=np.float32)
