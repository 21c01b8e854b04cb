"""Networks that OpenVINO compiled are kept beside their weights, and never used for others."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separation.engines.caches import compiled_cache
from separation.engines.caches.compiled_cache import CachedNetwork
from separation.engines.caches.derived_file import DerivedFile
from separation.engines.descriptors import ModelUnavailable
from separation.engines.openvino_runtime import one_chunk_at_a_time
from tests.separation.engines.demucs.tiny import TRANSFORMER
from tests.separation.engines.tiny import TinyModel

FILE = "tiny.th"
KEPT = "tiny.compiled"
MODEL = TinyModel(TRANSFORMER, files=dict, files_of_another=dict, kinds=("openvino",))
ONES = np.ones((1, 64), np.float32)


@dataclass
class Factory:
    """Builds a network that multiplies by `factor`, and counts how often."""

    factor: float
    built: int = 0

    def __call__(self) -> Any:
        import openvino
        from openvino import opset13 as ops

        self.built += 1
        matrix = ops.constant(self.factor * np.eye(64, dtype=np.float32))
        given = ops.parameter([1, 64], dtype=np.float32)
        return openvino.Model([ops.matmul(given, matrix, False, False)], [given], "tiny")  # noqa: FBT003


@pytest.fixture
def network(tmp_path: Path) -> CachedNetwork:
    MODEL.install(tmp_path, {FILE: b"weights"})
    return CachedNetwork(MODEL.spec, tmp_path, FILE, "1", Factory(3))


def result(network: CachedNetwork, threads: int = 1) -> float:
    compiled = compiled_cache.load(network, one_chunk_at_a_time(threads))
    request = compiled.model.create_infer_request()
    request.infer([ONES])
    return float(request.get_output_tensor(0).data[0, 5])


def built(network: CachedNetwork) -> int:
    assert isinstance(network.build, Factory)
    return network.build.built


def test_a_network_is_compiled_once(network: CachedNetwork) -> None:
    assert [result(network), result(network), result(network, threads=2)] == [3, 3, 3]
    assert built(network) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / KEPT).write_bytes(b"short"),
        lambda folder: (folder / KEPT).unlink(),
        lambda folder: (folder / "tiny.json").write_text("{"),
    ],
    ids=["content", "missing", "seal"],
)
def test_what_is_spoiled_is_compiled_again(network: CachedNetwork, spoil: Callable[[Path], None]) -> None:
    result(network)
    spoil(network.models_dir / MODEL.spec.folder)
    assert [result(network), result(network)] == [3, 3]
    assert built(network) == 2


def test_what_openvino_cannot_read_is_compiled_again(network: CachedNetwork) -> None:
    result(network)
    folder = network.models_dir / MODEL.spec.folder
    seal = json.loads((folder / "tiny.json").read_text())
    DerivedFile(KEPT, seal["layout"]).keep(folder, seal["source"], memoryview(b"of another version"))
    assert [result(network), result(network)] == [3, 3]
    assert built(network) == 2


def test_another_graph_and_other_weights_are_compiled_again(network: CachedNetwork) -> None:
    result(network)
    assert result(replace(network, layout="2", build=Factory(4))) == 4
    MODEL.install(network.models_dir, {FILE: b"others!"})
    assert result(replace(network, layout="2", build=Factory(5))) == 5


def test_a_disk_that_cannot_be_written_costs_time_only(
    network: CachedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(DerivedFile, "keep", full)
    assert [result(network), result(network)] == [3, 3]
    assert built(network) == 2


def test_what_is_not_installed_is_not_compiled(network: CachedNetwork) -> None:
    with pytest.raises(ModelUnavailable, match="not installed"):
        result(replace(network, models_dir=network.models_dir / "nowhere"))
