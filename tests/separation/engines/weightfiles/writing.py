"""Write files as ``torch.save`` and safetensors do, from NumPy's arrays."""

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_STORAGES = {
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "float64": "DoubleStorage",
    "int64": "LongStorage",
    "bool": "BoolStorage",
}
_SAFETENSORS = {"float32": "F32", "float16": "F16", "float64": "F64", "int64": "I64", "bool": "BOOL"}


@dataclass(frozen=True)
class Global:
    """A name in a pickle: ``module name``."""

    name: str


@dataclass(frozen=True)
class Call:
    """A call in a pickle, whose result is the value."""

    function: Global
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class View:
    """A tensor over some numbers, with whatever offset, shape and strides."""

    numbers: "np.ndarray[Any, Any]"
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class _Storage:
    reference: tuple[Any, ...]


_PythonPickler: Any = pickle._Pickler  # the one in Python, whose instructions can be added to


class Pickler(_PythonPickler):  # type: ignore[misc]
    """Collects the numbers of arrays in `storages`; they are referred to, as PyTorch does."""

    dispatch = dict(_PythonPickler.dispatch)

    def __init__(self, stream: io.BytesIO, *, legacy: bool = False) -> None:
        super().__init__(stream, protocol=2)
        self.storages: dict[str, np.ndarray[Any, Any]] = {}
        self._legacy = legacy

    def persistent_id(self, obj: Any) -> Any:
        return obj.reference if isinstance(obj, _Storage) else None

    def save_global_name(self, obj: Global) -> None:
        self.write(b"c" + obj.name.replace(" ", "\n").encode() + b"\n")

    def save_call(self, obj: Call) -> None:
        self.save(obj.function)
        self.save(obj.arguments)
        self.write(pickle.REDUCE)

    def save_array(self, obj: Any) -> None:
        array = np.ascontiguousarray(obj).reshape(obj.shape)
        strides = tuple(stride // array.itemsize for stride in array.strides)
        self.save_view(View(array.ravel(), 0, array.shape, strides))

    def save_view(self, obj: View) -> None:
        key = str(len(self.storages))
        self.storages[key] = obj.numbers
        kind = Global(f"torch {_STORAGES[obj.numbers.dtype.name]}")
        legacy = (None,) if self._legacy else ()
        storage = _Storage(("storage", kind, key, "cpu", obj.numbers.size, *legacy))
        hooks = Call(Global("collections OrderedDict"), ())
        arguments = (storage, obj.offset, obj.shape, obj.strides, False, hooks)
        self.save(Call(Global("torch._utils _rebuild_tensor_v2"), arguments))

    dispatch[Global] = save_global_name
    dispatch[Call] = save_call
    dispatch[View] = save_view
    dispatch[np.ndarray] = save_array


def torch_archive(value: Any, folder: str = "archive") -> bytes:
    """Return the file that ``torch.save`` makes of `value` since PyTorch 1.6."""
    stream, archive = io.BytesIO(), io.BytesIO()
    pickler = Pickler(stream)
    pickler.dump(value)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        target.writestr(f"{folder}/data.pkl", stream.getvalue())
        target.writestr(f"{folder}/byteorder", "little")
        for key, numbers in pickler.storages.items():
            target.writestr(f"{folder}/data/{key}", numbers.tobytes())
        target.writestr(f"{folder}/version", "3\n")
    return archive.getvalue()


def legacy_torch_file(value: Any) -> bytes:
    """Return the file that ``torch.save`` made of `value` before PyTorch 1.6."""
    stream = io.BytesIO()
    for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(header, stream, protocol=2)
    pickler = Pickler(stream, legacy=True)
    pickler.dump(value)
    pickle.dump(sorted(pickler.storages), stream, protocol=2)
    for _, numbers in sorted(pickler.storages.items()):
        stream.write(struct.pack("<q", numbers.size) + numbers.tobytes())
    return stream.getvalue()


def write_safetensors(
    path: Path, tensors: Mapping[str, "np.ndarray[Any, Any]"], metadata: Mapping[str, str] | None = None
) -> None:
    """Write `tensors`, and text by name."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    position = 0
    for name, tensor in tensors.items():
        end = position + tensor.nbytes
        kind = _SAFETENSORS[tensor.dtype.name]
        header[name] = {"dtype": kind, "shape": tensor.shape, "data_offsets": [position, end]}
        position = end
    text = json.dumps(header).encode()
    numbers = b"".join(tensor.tobytes() for tensor in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + numbers)
