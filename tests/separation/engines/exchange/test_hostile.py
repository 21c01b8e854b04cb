"""Files that were made to do harm, or are damaged, are refused with a sentence."""

import contextlib
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from separation.engines import model_files, modelspec, registry
from separation.engines.chunking import Audio
from separation.engines.descriptors import ModelUnavailable
from separation.engines.exchange.settings import ExchangeSettings
from separation.separator.preparation import prepare_in_child
from tests.separation.engines.exchange.onnx_file import Node, Outside, onnx_file
from tests.separation.engines.exchange.tiny import spec, spectrogram_files
from tests.separation.engines.own_models import GOOD, known_in, put

SETTINGS = ExchangeSettings("model.onnx", 100, 100, "b c n", "b c n", 1)
MODEL = spec("hostile", SETTINGS, ("vocals",), ("model.onnx",))
SCALE = np.array([[[0.5], [0.25]]], dtype=np.float32)


def network(
    factors: Audio | Outside = SCALE, *, operation: str = "Mul", shape: tuple[int | str, ...] = (1, 2, 100)
) -> bytes:
    nodes = [Node(operation, ["given", "factors"], "result")]
    return onnx_file(nodes, {"factors": factors}, {"given": shape}, {"result": shape})


def inflated(count: int, length: int = 100) -> bytes:
    """A network of a few bytes that makes so many zeros of nothing, and adds their sum."""
    nodes = [
        Node("ConstantOfShape", ["count"], "zeros"),
        Node("ReduceSum", ["zeros"], "sum"),
        Node("Add", ["given", "sum"], "result"),
    ]
    shape = (1, 2, length)
    return onnx_file(nodes, {"count": np.array([count])}, {"given": shape}, {"result": shape})


def reason(files: Mapping[str, bytes], models_dir: Path, model: object = MODEL) -> str:
    """Why the model is refused."""
    folder = models_dir / MODEL.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    model_files.seal(MODEL, folder)
    with pytest.raises(ModelUnavailable) as refused:
        registry.prepare(MODEL, models_dir)
    return str(refused.value)


def test_a_good_file_is_prepared(tmp_path: Path) -> None:
    (tmp_path / "hostile").mkdir()
    (tmp_path / "hostile/model.onnx").write_bytes(network())
    model_files.seal(MODEL, tmp_path / "hostile")
    registry.prepare(MODEL, tmp_path)


@pytest.mark.parametrize("place", ["../secret.bin", "{folder}/secret.bin", "link.bin"])
def test_data_outside_of_the_folder_is_not_read(tmp_path: Path, place: str) -> None:
    (tmp_path / "secret.bin").write_bytes(SCALE.tobytes())
    (tmp_path / "hostile").mkdir()
    (tmp_path / "hostile/link.bin").symlink_to(tmp_path / "secret.bin")
    file = network(Outside((1, 2, 1), place.format(folder=tmp_path)))
    assert "outside the base directory" in reason({"model.onnx": file}, tmp_path)


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        (Outside((1, 2, 1), "none.bin"), "none.bin"),
        (Outside((1, 2, 1), "model.onnx", {"offset": "-8", "length": "8"}), "externally stored data"),
        (
            Outside((1, 2, 1), "model.onnx", {"offset": "999999999999", "length": "8"}),
            "externally stored data",
        ),
        (Outside((1, 200_000, 1), "model.onnx"), "size of the external data"),
        (Outside((1 << 40,), ""), ""),
    ],
)
def test_data_that_is_not_there_is_refused(tmp_path: Path, factors: Outside, said: str) -> None:
    sentence = reason({"model.onnx": network(factors)}, tmp_path)
    assert sentence.startswith("exchange:hostile: model.onnx: ")
    assert said in sentence


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", ""),
        (b"not a network", ""),
        (network()[:-40], ""),
        (network(operation="RunCommand"), "RunCommand"),
        (inflated(1 << 40), ""),
        (network(np.ones((1, 3, 1), np.float32)), ""),
        (network(np.full((1, 2, 1), np.inf, np.float32)), "not finite"),
    ],
)
def test_what_is_no_such_network_is_refused(tmp_path: Path, file: bytes, said: str) -> None:
    sentence = reason({"model.onnx": file}, tmp_path)
    assert sentence.startswith("exchange:hostile: model.onnx: ")
    assert said in sentence


def test_a_network_that_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    with known_in(tmp_path) as own:
        put(own, GOOD.replace('["vocals", "rest"]', '["rest"]').replace('"b s c n"', '"b c n"'))
        model = modelspec.get("exchange:mynet")
        (tmp_path / "mynet").mkdir()
        (tmp_path / "mynet/mynet.onnx").write_bytes(inflated(1 << 30, 1000))
        model_files.seal(model, tmp_path / "mynet")
        with pytest.raises(ModelUnavailable, match="more than 286 MiB of memory"):
            prepare_in_child(model, tmp_path, "auto", lambda: None, 300_000_000)


def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    """An IR file whose weights are missing, too short, or another network's."""
    files = spectrogram_files(16, 100)
    model = replace(
        MODEL,
        settings=replace(SETTINGS, graph="model.xml"),
        files=tuple(replace(MODEL.files[0], name=name) for name in files),
    )
    for weights in (b"", files["model.bin"][:100]):
        folder = tmp_path / MODEL.folder
        folder.mkdir(exist_ok=True)
        for name, content in (files | {"model.bin": weights}).items():
            (folder / name).write_bytes(content)
        model_files.seal(model, folder)
        with pytest.raises(ModelUnavailable, match=r"model\.xml: "):
            registry.prepare(model, tmp_path)
    (folder / "model.bin").unlink()
    with pytest.raises(ModelUnavailable, match=r"model\.bin"):
        model_files.seal(model, folder)


def test_damaged_files_are_refused_or_harmless(tmp_path: Path) -> None:
    """Bytes changed and removed anywhere: nothing else is raised, and nothing else is written."""
    generator, whole = random.Random(7), network()
    folder = tmp_path / MODEL.folder
    folder.mkdir()
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(generator.randint(1, 3)):
            begin = generator.randrange(len(content))
            content[begin : begin + generator.randint(0, 3)] = generator.randbytes(generator.randint(0, 3))
        (folder / "model.onnx").write_bytes(content)
        model_files.seal(MODEL, folder)
        with contextlib.suppress(ModelUnavailable):
            registry.prepare(MODEL, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["model.onnx", "verified.json"]
