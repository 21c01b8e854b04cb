"""The weights of one network in a file of PyTorch's, checked against the shapes that they should have."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from separation.engines import model_files
from separation.engines.descriptors import ModelSpec, ModelUnavailable
from separation.engines.weightfiles.errors import WeightFileError
from separation.engines.weightfiles.torch_file import as_state, read_torch_file

Shapes = Mapping[str, tuple[int, ...]]
"""Of arrays, by the names that PyTorch gives them."""
State = dict[str, npt.NDArray[np.float32]]


def read_states(spec: ModelSpec, models_dir: Path, shapes: Shapes) -> list[State]:
    """Return the arrays that `shapes` names from each file of `spec`, verified. Raises `ModelUnavailable`."""
    folder = model_files.verified(spec, models_dir)
    try:
        return [read_state(folder / file.name, shapes) for file in spec.files]
    except (WeightFileError, OSError) as error:
        raise ModelUnavailable(f"{spec.slug}: {error}") from error


def read_state(path: Path, shapes: Shapes) -> State:
    """Return the arrays that `shapes` names as float32; those that are float32 in the file are views of it.

    What else the file holds is left out. Raises `WeightFileError` and OSError.
    """
    tensors = as_state(read_torch_file(path))
    state = {}
    for name, shape in shapes.items():
        tensor = tensors.get(name)
        if tensor is None:
            raise WeightFileError(f"{path.name} lacks the weights {name}")
        if tensor.shape != shape or tensor.dtype.kind != "f":
            found = f"{tensor.dtype} {tensor.shape}"
            raise WeightFileError(f"{path.name}: the weights {name} are {found}, not float32 {shape}")
        if not np.isfinite(tensor).all():
            raise WeightFileError(f"{path.name}: the weights {name} are not finite")
        state[name] = tensor.astype(np.float32, copy=False)
    return state


def float32_bytes(shapes: Shapes) -> int:
    """Return the size of float32 arrays of `shapes`."""
    return 4 * sum(math.prod(shape) for shape in shapes.values())
