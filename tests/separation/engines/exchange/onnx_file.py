"""Write small ONNX files without the package `onnx`: the few messages of its Protocol Buffers that they need.

Numbers of fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from separation.engines.chunking import Audio

_FLOAT = 1
_INTEGER = 7

Constant: TypeAlias = "Audio | npt.NDArray[np.int64] | Outside"


@dataclass(frozen=True)
class Node:
    """An operation; attributes are lists of whole numbers."""

    operation: str
    inputs: Sequence[str]
    output: str
    attributes: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outside:
    """A constant of float32 whose values are in another file, or nowhere."""

    shape: Sequence[int]
    place: str
    """Relative to the ONNX file; empty for nowhere."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Such as offset and length."""


def onnx_file(
    nodes: Sequence[Node],
    constants: Mapping[str, Constant],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
) -> bytes:
    """Return the file of a graph; a dimension that is a name is open."""
    graph = b"".join(
        [
            *(_message(1, _node(node)) for node in nodes),
            _text(2, "graph"),
            *(_message(5, _tensor(name, values)) for name, values in constants.items()),
            *(_message(11, _value(name, shape)) for name, shape in inputs.items()),
            *(_message(12, _value(name, shape)) for name, shape in outputs.items()),
        ]
    )
    return _number(1, 8) + _message(7, graph) + _message(8, _number(2, 17))


def _node(node: Node) -> bytes:
    parts = [*(_text(1, name) for name in node.inputs), _text(2, node.output), _text(4, node.operation)]
    for name, values in node.attributes.items():
        integers = 7
        attribute = _text(1, name) + b"".join(_number(8, value) for value in values) + _number(20, integers)
        parts.append(_message(5, attribute))
    return b"".join(parts)


def _tensor(name: str, values: Constant) -> bytes:
    shape = b"".join(_number(1, size) for size in values.shape)
    if isinstance(values, Outside):
        entries = {"location": values.place, **values.more} if values.place else {}
        outside = b"".join(_message(13, _text(1, key) + _text(2, value)) for key, value in entries.items())
        return shape + _number(2, _FLOAT) + _text(8, name) + outside + _number(14, 1 if entries else 0)
    if values.dtype == np.int64:
        return shape + _number(2, _INTEGER) + _text(8, name) + _message(9, values.astype("<i8").tobytes())
    return shape + _number(2, _FLOAT) + _text(8, name) + _message(9, values.astype("<f4").tobytes())


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    dimensions = b"".join(
        _message(1, _text(2, size) if isinstance(size, str) else _number(1, size)) for size in shape
    )
    tensor_type = _number(1, _FLOAT) + _message(2, dimensions)
    return _text(1, name) + _message(2, _message(1, tensor_type))


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes(parts) + struct.pack("B", value)


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _text(number: int, text: str) -> bytes:
    return _message(number, text.encode())
