"""Read what PyTorch's ``torch.save`` has written, without PyTorch and without executing anything.

Since PyTorch 1.6 such a file is an uncompressed zip archive: ``<name>/data.pkl`` describes what was saved, and the
numbers of each tensor lie in ``<name>/data/<key>``. Before, it was a sequence of pickles with the numbers behind
them. Either is mapped into memory, and tensors are views of the map.
"""

import math
import mmap
import re
import struct
import zipfile
from collections.abc import Callable, Collection
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from separation.engines.weightfiles.errors import WeightFileError
from separation.engines.weightfiles.unpickling import Callables, Name, read_pickle

Tensor = npt.NDArray[np.generic]

_STORAGES: dict[str, np.dtype[Any]] = {
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.HalfStorage": np.dtype("<f2"),
    "torch.DoubleStorage": np.dtype("<f8"),
    "torch.LongStorage": np.dtype("<i8"),
    "torch.IntStorage": np.dtype("<i4"),
    "torch.BoolStorage": np.dtype("?"),
}
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_LOCAL_HEADER = struct.Struct(
    "<4s22xHH"
)  # of a zip archive's entry: signature, lengths of name and extra field
_MAX_ENTRIES = 20_000
_MAX_DIMENSIONS = 8
_MAX_NUMBERS = 1 << 40
_SCALARS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1")
_FRACTION = re.compile(r"-?\d{1,18}(/\d{1,18})?")


def read_torch_file(path: Path, *, classes: Collection[str] = ()) -> Any:
    """Return what was saved in `path`: containers, numbers, text, and tensors as read-only arrays.

    `classes` are the dotted names that may occur as classes; each is returned as `Name`. Raises `WeightFileError`
    and OSError.
    """
    with path.open("rb") as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise WeightFileError(f"{path.name} is empty") from error
        names = frozenset(classes) | _STORAGES.keys()
        if mapped[:4] == b"PK\3\4":
            return _read_archive(file, mapped, names)
        return _read_legacy(mapped, names)


def as_state(value: Any) -> dict[str, Tensor]:
    """Return `value` as the tensors of a network by name. Raises `WeightFileError` if it is anything else."""
    if not isinstance(value, dict) or not all(
        isinstance(key, str) and isinstance(tensor, np.ndarray) for key, tensor in value.items()
    ):
        raise WeightFileError("the file does not hold the tensors of a network")
    return value


def _read_archive(file: BinaryIO, mapped: mmap.mmap, names: frozenset[str]) -> Any:
    entries = _entries(file, mapped)
    storages: dict[tuple[str, str], Tensor] = {}
    if entries.get("byteorder", slice(0)) != slice(0) and mapped[entries["byteorder"]] != b"little":
        raise WeightFileError("the file's numbers are not in little-endian order")
    if "data.pkl" not in entries:
        raise WeightFileError("the archive does not come from PyTorch: it has no data.pkl")

    def persistent(reference: Any) -> Tensor:
        kind, key, count = _storage_reference(reference)
        place = entries.get(f"data/{key}")
        if place is None or place.stop - place.start != count * _STORAGES[kind].itemsize:
            raise WeightFileError(f"the numbers called {key[:40]} are missing or not of the stated size")
        if (kind, key) not in storages:
            storages[kind, key] = np.frombuffer(mapped, _STORAGES[kind], count, place.start)
        return storages[kind, key]

    mapped.seek(entries["data.pkl"].start)
    stream = cast("BinaryIO", mapped)
    return read_pickle(stream, names=names, callables=_callables(_tensor), persistent=persistent)


def _entries(file: BinaryIO, mapped: mmap.mmap) -> dict[str, slice]:
    """Return where in the file the archive's entries lie, by their name without the first folder."""
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError) as error:
        raise WeightFileError(f"the archive is damaged: {error}") from error
    if len(infos) > _MAX_ENTRIES:
        raise WeightFileError("the archive has too many entries")
    places: dict[str, slice] = {}
    for info in infos:
        folder, *rest = PurePosixPath(info.filename).parts or ("",)
        if folder in {"/", ".."} or ".." in rest:
            raise WeightFileError("the archive names files outside of its own folder")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise WeightFileError("the archive is compressed or encrypted, which PyTorch's never are")
        places["/".join(rest)] = _place(info, mapped)
    return places


def _place(info: zipfile.ZipInfo, mapped: mmap.mmap) -> slice:
    header = mapped[info.header_offset : info.header_offset + _LOCAL_HEADER.size]
    if len(header) == _LOCAL_HEADER.size:
        signature, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        start = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        if signature == b"PK\3\4" and start + info.file_size <= len(mapped):
            return slice(start, start + info.file_size)
    raise WeightFileError("the archive is damaged: an entry lies outside of the file")


def _read_legacy(mapped: mmap.mmap, names: frozenset[str]) -> Any:
    """Read the file twice: where its numbers lie is known only after everything that refers to them."""
    referred: dict[str, tuple[np.dtype[Any], int]] = {}
    arrays: dict[str, Tensor] = {}

    def refer(reference: Any) -> Any:
        if isinstance(reference, tuple) and len(reference) == 4 and reference[0] == "module":
            return reference[1]  # a class, with its source text
        kind, key, count = _storage_reference(reference)
        if referred.setdefault(key, (_STORAGES[kind], count)) != (_STORAGES[kind], count):
            raise WeightFileError("the file is damaged: it contradicts itself about the size of a tensor")
        return arrays.get(key)

    def read(tensor: Callable[..., Any] = _tensor) -> Any:
        stream = cast("BinaryIO", mapped)
        return read_pickle(stream, names=names, callables=_callables(tensor), persistent=refer)

    if read() != _LEGACY_MAGIC or read() != _LEGACY_PROTOCOL:
        raise WeightFileError("the file does not come from PyTorch")
    read()  # about the machine that wrote it
    described = mapped.tell()
    read(tensor=lambda *_: None)
    keys = read()
    for key in keys if isinstance(keys, list) else ():
        if not isinstance(key, str) or key not in referred:
            raise WeightFileError("the file is damaged: it holds other numbers than it says")
        dtype, count = referred[key]
        if mapped.read(8) != struct.pack("<q", count):
            raise WeightFileError("the file is damaged: it holds other numbers than it says")
        start, size = mapped.tell(), count * dtype.itemsize
        if start + size > len(mapped):
            raise WeightFileError("the file is shorter than it should be")
        arrays[key] = np.frombuffer(mapped, dtype, count, start)
        mapped.seek(start + size)
    mapped.seek(described)
    return read()


def _storage_reference(reference: Any) -> tuple[str, str, int]:
    """Return type, key and count of numbers of a storage that the pickle refers to."""
    match reference:
        case ("storage", Name(dotted=kind), str(key), _, int(count), *view) if (
            kind in _STORAGES and 0 < count <= _MAX_NUMBERS and view in ([], [None])
        ):
            return kind, key, count
    raise WeightFileError("the file refers to numbers in a way that no known model does")


def _callables(tensor: Callable[..., Any]) -> Callables:
    """Return what a file may create: tensors by `tensor`, ordered dictionaries, fractions, NumPy's scalars."""
    return {
        "torch._utils._rebuild_tensor_v2": tensor,
        "torch._utils._rebuild_parameter": lambda data, *_: data,
        "collections.OrderedDict": _dictionary,
        "fractions.Fraction": _fraction,
        "numpy.dtype": _dtype,
        "numpy.core.multiarray.scalar": _scalar,
        "numpy._core.multiarray.scalar": _scalar,
        "_codecs.encode": _encoded,
    }


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    """Return a view of `storage` with `shape` and `strides`, counted in numbers, that lies within it."""
    if not isinstance(storage, np.ndarray) or not isinstance(offset, int):
        raise WeightFileError("a tensor in the file has no numbers")
    if not (_are_counts(shape) and _are_counts(strides) and len(shape) == len(strides) <= _MAX_DIMENSIONS):
        raise WeightFileError("a tensor in the file has no valid shape")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if 0 in shape or offset < 0 or last >= storage.size or math.prod(shape) > storage.size:
        raise WeightFileError("a tensor in the file lies outside of its numbers")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)


def _are_counts(values: Any) -> bool:
    return isinstance(values, tuple) and all(
        isinstance(value, int) and 0 <= value <= _MAX_NUMBERS for value in values
    )


def _dictionary(pairs: Any = ()) -> dict[Any, Any]:
    if any(
        not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str) for pair in pairs
    ):
        raise WeightFileError("a dictionary in the file is damaged")
    return dict(pairs)


def _fraction(*values: Any) -> Fraction:
    text = "/".join(map(str, values))
    if not all(isinstance(value, str | int) for value in values) or not _FRACTION.fullmatch(text):
        raise WeightFileError("a fraction in the file is damaged")
    return Fraction(text)


def _dtype(code: Any, *_: Any) -> np.dtype[Any]:
    if code not in _SCALARS:
        raise WeightFileError("the file holds numbers of a type that no known model uses")
    return np.dtype(code).newbyteorder("<")


def _scalar(dtype: Any, value: Any) -> float:
    if not isinstance(dtype, np.dtype) or not isinstance(value, bytes) or len(value) != dtype.itemsize:
        raise WeightFileError("a number in the file is damaged")
    number: float = np.frombuffer(value, dtype)[0].item()
    return number


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise WeightFileError("the file uses a feature that no known model uses")
    return text.encode("latin1")
