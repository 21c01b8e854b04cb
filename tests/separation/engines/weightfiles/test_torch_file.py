"""Files of PyTorch are read as data; whatever else they hold is refused."""

import io
import os
import pickle
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separation.engines.weightfiles.errors import WeightFileError
from separation.engines.weightfiles.torch_file import as_state, read_torch_file
from separation.engines.weightfiles.unpickling import Name
from tests.separation.engines.weightfiles.writing import Call, Global, View, legacy_torch_file, torch_archive

CLASS = "demucs.htdemucs.HTDemucs"


def package() -> dict[str, Any]:
    generator = np.random.default_rng(1)
    return {
        "klass": Global("demucs.htdemucs HTDemucs"),
        "args": (),
        "kwargs": {
            "sources": ["drums", "vocals"],
            "segment": Call(Global("fractions Fraction"), ("39/5",)),
            "half": Call(Global("fractions Fraction"), (1, 2)),
            "freq_emb": 0.2,
        },
        "state": Call(
            Global("collections OrderedDict"),
            (
                [
                    ["weight", generator.normal(size=(3, 4)).astype(np.float16)],
                    ["bias", generator.normal(size=3).astype(np.float32)],
                    ["count", np.array(7)],
                ],
            ),
        ),
    }


@pytest.mark.parametrize("write", [torch_archive, legacy_torch_file])
def test_reads_a_package(tmp_path: Path, write: Any) -> None:
    path = tmp_path / "model.th"
    path.write_bytes(write(package()))
    read = read_torch_file(path, classes={CLASS})
    assert read["klass"] == Name(CLASS)
    assert read["kwargs"] == {
        "sources": ["drums", "vocals"],
        "segment": Fraction(39, 5),
        "half": Fraction(1, 2),
        "freq_emb": 0.2,
    }
    for name, expected in package()["state"].arguments[0]:
        tensor = as_state(read["state"])[name]
        assert tensor.dtype == expected.dtype
        np.testing.assert_array_equal(tensor, expected)
        assert not tensor.flags.writeable


def test_reads_views_and_parameters(tmp_path: Path) -> None:
    path = tmp_path / "model.th"
    numbers = np.arange(12, dtype=np.float32)
    transposed = Call(
        Global("torch._utils _rebuild_parameter"), (View(numbers, 1, (2, 3), (1, 4)), True, None)
    )
    path.write_bytes(torch_archive({"weight": transposed}))
    np.testing.assert_array_equal(read_torch_file(path)["weight"], [[1, 5, 9], [2, 6, 10]])


def test_reads_scalars_of_numpy(tmp_path: Path) -> None:
    path = tmp_path / "model.th"
    scalar = Call(
        Global("numpy.core.multiarray scalar"),
        (
            Call(Global("numpy dtype"), ("f8", 0, 1)),
            Call(Global("_codecs encode"), (np.float64(0.5).tobytes().decode("latin1"), "latin1")),
        ),
    )
    path.write_bytes(torch_archive({"value": scalar}))
    assert read_torch_file(path) == {"value": 0.5}


class Evil:
    """What an attacker pickles."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self._target}",)


@pytest.mark.parametrize("legacy", [False, True])
def test_executes_nothing(tmp_path: Path, *, legacy: bool) -> None:
    evil = pickle.dumps(Evil(tmp_path / "executed"), protocol=2)
    path = tmp_path / "model.th"
    if legacy:
        path.write_bytes(evil)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", evil)
    with pytest.raises(WeightFileError, match=r"refers to posix\.system"):
        read_torch_file(path)
    assert [item.name for item in tmp_path.iterdir()] == ["model.th"]


REFUSED: dict[str, tuple[Any, str]] = {
    "unknown class": (Global("demucs.other Model"), r"refers to demucs\.other\.Model"),
    "class called": (Call(Global("demucs.htdemucs HTDemucs"), ()), "wants to create"),
    "built-in": (Call(Global("builtins eval"), ("1",)), r"refers to builtins\.eval"),
    "huge fraction": (Call(Global("fractions Fraction"), ("1e999999999",)), "fraction"),
    "beyond the end": (View(np.zeros(4, np.float32), 1, (4,), (1,)), "outside"),
    "before the start": (View(np.zeros(4, np.float32), -1, (2,), (1,)), "outside"),
    "backwards": (View(np.zeros(4, np.float32), 3, (2,), (-1,)), "shape"),
    "expanded": (View(np.zeros(1, np.float32), 0, (1 << 30, 1 << 30), (0, 0)), "outside"),
    "overflowing": (View(np.zeros(1, np.float32), 0, (1 << 62, 4), (0, 0)), "shape"),
    "nested key": ({((1,),): 1}, "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_what_no_model_needs(tmp_path: Path, case: str) -> None:
    value, message = REFUSED[case]
    path = tmp_path / "model.th"
    for content in (torch_archive(value), legacy_torch_file(value)):
        path.write_bytes(content)
        with pytest.raises(WeightFileError, match=message):
            read_torch_file(path, classes={CLASS})


def rewritten(
    content: bytes, *, rename: tuple[str, str] = ("", ""), method: int = zipfile.ZIP_STORED
) -> bytes:
    """The same archive with other names, or compressed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", method) as new:
        for name in old.namelist():
            new.writestr(name.replace(*rename), old.read(name))
    return target.getvalue()


def test_refuses_odd_archives(tmp_path: Path) -> None:
    whole = torch_archive(package())
    cases = {
        "outside of its own folder": rewritten(whole, rename=("archive/version", "archive/../../version")),
        "names files outside": rewritten(whole, rename=("archive/version", "/etc/version")),
        "compressed": rewritten(whole, method=zipfile.ZIP_DEFLATED),
        "has no data": rewritten(whole, rename=("data.pkl", "other.pkl")),
        "are missing": rewritten(whole, rename=("data/0", "data/9")),
        "is damaged": whole[:-200],
        "empty": b"",
    }
    path = tmp_path / "model.th"
    for message, content in cases.items():
        path.write_bytes(content)
        with pytest.raises(WeightFileError, match=message):
            read_torch_file(path, classes={CLASS})


def test_refuses_what_is_no_state() -> None:
    values: list[Any] = [[], {"a": 1}, {1: np.zeros(1)}]
    for value in values:
        with pytest.raises(WeightFileError, match="tensors of a network"):
            as_state(value)


@pytest.mark.parametrize("write", [torch_archive, legacy_torch_file])
def test_damage_is_an_error_of_ours_or_harmless(tmp_path: Path, write: Any) -> None:
    whole = write(package())
    path = tmp_path / "model.th"
    generator = np.random.default_rng(1)
    for _ in range(200):
        damaged = bytearray(whole[: generator.integers(1, len(whole))] if generator.random() < 0.3 else whole)
        for _ in range(generator.integers(1, 4)):
            damaged[generator.integers(len(damaged))] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            read = read_torch_file(path, classes={CLASS})
            tensors = as_state(read["state"]) if isinstance(read, dict) and "state" in read else {}
        except WeightFileError:
            continue
        for tensor in tensors.values():
            tensor.sum()  # within the map


def test_reads_deep_nesting(tmp_path: Path) -> None:
    path = tmp_path / "model.th"
    depth = 100_000
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b".")
    read = read_torch_file(path)
    assert isinstance(read, list)
