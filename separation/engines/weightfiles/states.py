"""The weights of one network in a file of PyTorch's, checked against the shapes that they should have."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from separation.engines.weightfiles.errors import WeightFileError
from separation.engines.weightfiles.torch_file import as_state, read_torch_file


def read_state(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, npt.NDArray[np.float32]]:
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
