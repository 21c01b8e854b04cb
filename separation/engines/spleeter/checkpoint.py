"""Read a TensorFlow checkpoint (a "tensor bundle") without TensorFlow.

``model.index`` is a sorted-string table, in LevelDB's format, of protocol-buffer entries that say where each
tensor lies in ``model.data-00000-of-00001``. The tensors are mapped, not read: pages are loaded when they are
used and need no copy of their own, so that a 1 GB machine can load an official model and never has to import
TensorFlow.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

CHECKPOINT_FILES = ("model.index", "model.data-00000-of-00001")

_TABLE_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES = 48
_UNCOMPRESSED = 0
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DTYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 3: np.dtype("<i4"), 9: np.dtype("<i8")}


class CheckpointError(ValueError):
    """The checkpoint is damaged, or uses a feature that no Spleeter model uses."""


@dataclass(frozen=True, slots=True)
class TensorPlace:
    """Where a tensor lies in the data file, in bytes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    size: int


def read_checkpoint(prefix: Path) -> Mapping[str, npt.NDArray[np.generic]]:
    """Map the tensors of the checkpoint ``prefix.index`` read-only; return them by variable name.

    Variables of other types than float32, int32 and int64 are left out. Raises `CheckpointError`, `OSError`.
    """
    data = np.memmap(_data_path(prefix), dtype=np.uint8, mode="r")
    return {
        name: data[place.offset : place.offset + place.size].view(place.dtype).reshape(place.shape)
        for name, place in locate_tensors(prefix).items()
    }


def locate_tensors(prefix: Path) -> dict[str, TensorPlace]:
    """Return where the data file has the tensors that `read_checkpoint` maps. Raises `CheckpointError`, `OSError`."""
    table = prefix.with_name(prefix.name + ".index").read_bytes()
    data_size = _data_path(prefix).stat().st_size
    places: dict[str, TensorPlace] = {}
    try:
        for key, value in _table_entries(table):
            if not key:
                _check_header(value)
                continue
            place = _place(value, data_size)
            if place is not None:
                places[key.decode()] = place
    except CheckpointError:
        raise
    except (IndexError, struct.error, ValueError) as error:
        raise CheckpointError(f"{prefix.name}.index is damaged: {error}") from error
    return places


def _data_path(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + ".data-00000-of-00001")


def _place(entry: bytes, data_size: int) -> TensorPlace | None:
    dtype_code, shard, offset, size = 0, 0, 0, 0
    shape: list[int] = []
    for number, value in _fields(entry):
        if number == 1:
            dtype_code = _integer(value)
        elif number == 2:
            shape = [_dimension(dim) for n, dim in _fields(_message(value)) if n == 2]
        elif number == 3:
            shard = _integer(value)
        elif number == 4:
            offset = _integer(value)
        elif number == 5:
            size = _integer(value)
        elif number == 7:
            raise CheckpointError("sliced variables are not supported")
    dtype = _DTYPES.get(dtype_code)
    if dtype is None:
        return None
    if (
        shard != 0
        or offset + size > data_size
        or size != dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    ):
        raise CheckpointError("a tensor lies outside the data file")
    return TensorPlace(dtype, tuple(shape), offset, size)


def _check_header(header: bytes) -> None:
    fields = dict(_fields(header))
    if fields.get(1, 1) != 1 or fields.get(2, 0) != 0:
        raise CheckpointError("only little-endian checkpoints in one shard are supported")


def _dimension(dim: int | bytes) -> int:
    return next((_integer(value) for number, value in _fields(_message(dim)) if number == 1), 0)


def _table_entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(table) < _FOOTER_BYTES or struct.unpack("<Q", table[-8:])[0] != _TABLE_MAGIC:
        raise CheckpointError("not a checkpoint index")
    footer = table[-_FOOTER_BYTES:]
    position = 0
    for _ in range(2):  # skip the handle of the (empty) meta index
        _, position = _varint(footer, position)
    index = _block(table, footer[position:])
    for _, handle in _block_entries(index):
        yield from _block_entries(_block(table, handle))


def _block(table: bytes, handle: bytes) -> bytes:
    offset, position = _varint(handle, 0)
    size, _ = _varint(handle, position)
    if table[offset + size] != _UNCOMPRESSED:
        raise CheckpointError("compressed checkpoint indexes are not supported")
    return table[offset : offset + size]


def _block_entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    (restarts,) = struct.unpack_from("<I", block, len(block) - 4)
    end = len(block) - 4 - 4 * restarts
    position, key = 0, b""
    while position < end:
        shared, position = _varint(block, position)
        unshared, position = _varint(block, position)
        length, position = _varint(block, position)
        key = key[:shared] + block[position : position + unshared]
        position += unshared
        yield key, block[position : position + length]
        position += length


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of a protocol-buffer message."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire_type = tag >> 3, tag & 7
        value: int | bytes
        if wire_type == _VARINT:
            value, position = _varint(message, position)
        elif wire_type == _BYTES:
            length, position = _varint(message, position)
            value, position = message[position : position + length], position + length
        elif wire_type in {_FIXED32, _FIXED64}:
            width = 4 if wire_type == _FIXED32 else 8
            value, position = message[position : position + width], position + width
        else:
            raise CheckpointError(f"unknown wire type {wire_type}")
        yield number, value


def _varint(buffer: bytes, position: int) -> tuple[int, int]:
    result, shift = 0, 0
    while True:
        byte = buffer[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7


def _integer(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise CheckpointError("a number was expected")
    return value


def _message(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise CheckpointError("a message was expected")
    return value
