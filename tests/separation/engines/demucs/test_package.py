"""What a file of Demucs must hold."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separation.engines import modelspec
from separation.engines.demucs.architecture import read_architecture
from separation.engines.demucs.package import read_package
from separation.engines.demucs.settings import DemucsSettings, Network
from separation.engines.demucs.shapes import weight_shapes
from separation.engines.weightfiles.errors import WeightFileError
from tests.separation.engines.demucs.packages import CLASSES, FOUR, SMALL, SMALL_HYBRID, package, weights
from tests.separation.engines.weightfiles.writing import Global, torch_archive, write_safetensors

OFFICIAL = [spec for spec in modelspec.SPECS.values() if spec.family == "demucs"]


def parameters(spec: Any) -> int:
    shapes = weight_shapes(spec.settings.architecture(spec.stems))
    return sum(int(np.prod(shape)) for shape in shapes.values())


@pytest.mark.parametrize("spec", OFFICIAL, ids=lambda spec: spec.slug)
def test_official_files_are_as_large_as_their_networks(spec: Any) -> None:
    for file in spec.files:  # two bytes for each weight, and some hundred for the description of each tensor
        assert 0 < file.size - 2 * parameters(spec) < 200_000
        assert file.name.split("-")[1].startswith(file.sha256[:8])


def test_reads_either_format(tmp_path: Path) -> None:
    (tmp_path / "tiny.th").write_bytes(package("HTDemucs", SMALL))
    arguments = SMALL | {"segment": {"_type": "fraction", "numerator": 1, "denominator": 2}}
    metadata = {
        "klass": CLASSES["HTDemucs"].replace(" ", "."),
        "args": "[]",
        "kwargs": json.dumps(arguments),
    }
    write_safetensors(tmp_path / "tiny.safetensors", weights("HTDemucs", SMALL), metadata)
    first, second = (read_package(tmp_path / name) for name in ("tiny.th", "tiny.safetensors"))
    assert first.architecture == second.architecture
    assert first.architecture.segment == 0.5
    assert first.architecture.sources == tuple(FOUR)
    assert first.weights().keys() == second.weights().keys()
    for name, array in first.weights().items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, second.weights()[name])


def changed(**changes: Any) -> bytes:
    """A package whose entries are others; None removes a weight."""
    state: dict[str, Any] = dict(weights("HDemucs", SMALL_HYBRID))
    state.update(changes.pop("state", {}))
    content = {
        "klass": Global(CLASSES["HDemucs"]),
        "args": (),
        "kwargs": SMALL_HYBRID,
        "state": {name: value for name, value in state.items() if value is not None},
    }
    return torch_archive(content | changes)


BIAS = "encoder.0.conv.bias"

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another class": ({"klass": Global("demucs.demucs Demucs")}, r"refers to demucs\.demucs"),
    "positional arguments": ({"args": (1,)}, "not a package"),
    "no dictionary": ({"kwargs": []}, "not a package"),
    "quantised": ({"state": {"__quantized": True}}, "tensors of a network"),
    "missing": ({"state": {BIAS: None}}, "lacks weights"),
    "unknown": ({"state": {"more": np.zeros(1, np.float32)}}, "unknown weights"),
    "other shape": ({"state": {BIAS: np.zeros(9, np.float16)}}, "not as they should be"),
    "other type": ({"state": {BIAS: np.zeros(8, np.int64)}}, "not as they should be"),
    "not finite": ({"state": {BIAS: np.full(8, np.nan, np.float16)}}, "not finite"),
    "bands of their own": ({"kwargs": SMALL_HYBRID | {"multi_freqs": [0.5]}}, "networks of their own"),
    "masks": ({"kwargs": SMALL_HYBRID | {"cac": False}}, "cac"),
    "huge": ({"kwargs": SMALL_HYBRID | {"channels": 1 << 40}}, "channels"),
    "no number": ({"kwargs": SMALL_HYBRID | {"growth": "2"}}, "growth"),
    "no sources": ({"kwargs": SMALL_HYBRID | {"sources": []}}, "what its network separates"),
    "endless": ({"kwargs": SMALL_HYBRID | {"segment": 1e9}}, "how long"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_other_packages(tmp_path: Path, case: str) -> None:
    changes, message = REFUSED[case]
    (tmp_path / "tiny.th").write_bytes(changed(**changes))
    with pytest.raises(WeightFileError, match=message):
        read_package(tmp_path / "tiny.th")


def test_what_was_changed_for_these_tests_is_all_that_was_wrong(tmp_path: Path) -> None:
    (tmp_path / "tiny.th").write_bytes(changed())
    assert read_package(tmp_path / "tiny.th").architecture == read_architecture("HDemucs", SMALL_HYBRID)


def test_settings_must_make_a_network() -> None:
    plain: dict[str, Any] = {
        "kind": "HTDemucs",
        "channels": 8,
        "bottom_channels": 16,
        "networks": (Network("a.th"),),
    }
    assert DemucsSettings(**plain, segment=7.8).samples == 343_980
    with pytest.raises(ValueError, match="segment"):
        DemucsSettings(**plain, segment=0)
    with pytest.raises(ValueError, match="networks"):
        DemucsSettings(**(plain | {"networks": ()}), segment=7.8)
    with pytest.raises(ValueError, match="channels"):
        DemucsSettings(**(plain | {"channels": 0}), segment=7.8)
