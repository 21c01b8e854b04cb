"""Weights on their way: npz files with the engine's names, and the model that they are of."""

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from separation.engines import modelspec
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.spleeter.weights import DEPTH

Array = npt.NDArray[np.float32]


def read(path: Path) -> dict[str, Array]:
    """Return the arrays in `path`, float32. Raises OSError or ValueError for what is no npz."""
    with np.load(path) as archive:
        return {name: archive[name].astype(np.float32) for name in archive.files}


def write(path: Path, arrays: dict[str, Array]) -> None:
    """Write `arrays` to `path`, complete or not at all."""
    part = path.with_suffix(".part.npz")
    np.savez(part, **arrays)
    part.replace(path)


def spec_of(stem_count: int, arrays: dict[str, Array] | None = None) -> SpleeterSpec:
    """Return the bundled model with that many stems, as wide as `arrays` are, which may be wider than the released one.

    Raises KeyError if they are not a network's.
    """
    spec = modelspec.get(f"compact:{stem_count}stems")
    if arrays is None:
        return spec
    net = spec.settings.networks[0]
    widths = tuple(arrays[f"{net}/conv{layer}/kernel"].shape[3] for layer in range(1, DEPTH + 1))
    return dataclasses.replace(spec, settings=dataclasses.replace(spec.settings, filters=widths))
