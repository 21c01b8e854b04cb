"""Read a safetensors file: the length of a header (8 bytes, little-endian), the header in JSON, and the numbers.

The header gives each tensor's type, shape and place behind the header; ``__metadata__`` holds text by name.
The format: https://github.com/huggingface/safetensors
"""

import json
import math
import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from separation.engines.weightfiles.errors import WeightFileError

_MAX_HEADER = 16_000_000
_MAX_DIMENSIONS = 8
_DTYPES: dict[str, np.dtype[Any]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "BOOL": np.dtype("?"),
}


@dataclass(frozen=True, slots=True)
class SafetensorsFile:
    """What a file holds: tensors by name, views of the mapped file, and text by name."""

    tensors: dict[str, npt.NDArray[np.generic]]
    metadata: dict[str, str]


def read_safetensors(path: Path) -> SafetensorsFile:
    """Map the tensors of `path` read-only. Raises `WeightFileError` and OSError."""
    with path.open("rb") as file:
        start = int.from_bytes(file.read(8), "little") + 8
        size = path.stat().st_size
        if not 10 <= start <= min(size, _MAX_HEADER):
            raise WeightFileError("the file is damaged or not of the safetensors format")
        header = file.read(start - 8)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        entries = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise WeightFileError("the file's header is damaged") from error
    if not isinstance(entries, dict):
        raise WeightFileError("the file's header is damaged")
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise WeightFileError("the file's header is damaged")
    return SafetensorsFile({name: _tensor(mapped, start, entry) for name, entry in entries.items()}, metadata)


def _tensor(mapped: mmap.mmap, start: int, entry: Any) -> npt.NDArray[np.generic]:
    match entry:
        case {"dtype": str(name), "shape": [*shape], "data_offsets": [int(begin), int(end)]}:
            pass
        case _:
            raise WeightFileError("a tensor in the file is not described as it should be")
    dtype = _DTYPES.get(name)
    if dtype is None:
        raise WeightFileError(f"the file holds numbers of the type {name[:20]}, which no known model uses")
    if len(shape) > _MAX_DIMENSIONS or not all(type(size) is int and size >= 0 for size in shape):
        raise WeightFileError("a tensor in the file has no valid shape")
    count = math.prod(shape)
    if begin < 0 or end - begin != count * dtype.itemsize or start + end > len(mapped):
        raise WeightFileError("a tensor in the file lies outside of its numbers")
    return np.frombuffer(mapped, dtype, count, start + begin).reshape(shape)
