"""Files of safetensors are mapped; damaged ones are refused."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separation.engines.weightfiles.errors import WeightFileError
from separation.engines.weightfiles.safetensors import read_safetensors
from tests.separation.engines.weightfiles.writing import write_safetensors

TENSORS: dict[str, np.ndarray[Any, Any]] = {
    "weight": np.arange(6, dtype=np.float16).reshape(2, 3),
    "bias": np.arange(3, dtype=np.float32),
    "count": np.array(7),
}


def test_reads_tensors_and_text(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_safetensors(path, TENSORS, {"klass": "demucs.htdemucs.HTDemucs"})
    read = read_safetensors(path)
    assert read.metadata == {"klass": "demucs.htdemucs.HTDemucs"}
    assert read.tensors.keys() == TENSORS.keys()
    for name, expected in TENSORS.items():
        assert read.tensors[name].dtype == expected.dtype
        np.testing.assert_array_equal(read.tensors[name], expected)
        assert not read.tensors[name].flags.writeable


def entry(**changes: Any) -> dict[str, Any]:
    return {"t": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (entry(data_offsets=[0, 16], shape=[4]), "outside"),
        (entry(data_offsets=[-8, 0]), "outside"),
        (entry(data_offsets=[0, 4]), "outside"),
        (entry(shape=[-2]), "shape"),
        (entry(shape=[1 << 40, 1 << 40]), "outside"),
        (entry(shape=["2"]), "shape"),
        (entry(dtype="F8_E4M3"), "type F8_E4M3"),
        ({"t": []}, "described"),
        ([], "header"),
        ({"__metadata__": {"a": 1}}, "header"),
    ],
)
def test_refuses_wrong_headers(tmp_path: Path, header: Any, message: str) -> None:
    text = json.dumps(header).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))
    with pytest.raises(WeightFileError, match=message):
        read_safetensors(path)


@pytest.mark.parametrize(
    "content", [b"", b"\1", struct.pack("<Q", 1 << 60) + bytes(20), b"\2" + bytes(7) + b"[" * 2]
)
def test_refuses_other_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightFileError, match="damaged"):
        read_safetensors(path)


def test_damage_is_an_error_of_ours_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_safetensors(path, TENSORS, {"klass": "x"})
    whole = path.read_bytes()
    generator = np.random.default_rng(1)
    for _ in range(200):
        damaged = bytearray(whole[: generator.integers(1, len(whole))] if generator.random() < 0.3 else whole)
        damaged[generator.integers(len(damaged))] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            tensors = read_safetensors(path).tensors
        except WeightFileError:
            continue
        for tensor in tensors.values():
            tensor.sum()
