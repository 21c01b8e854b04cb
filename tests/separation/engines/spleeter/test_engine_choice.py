"""Which engine "auto" is."""

import sys
from pathlib import Path

import pytest

from separation.engines.protocol import EngineName
from separation.engines.spleeter import engine_choice
from separation.engines.spleeter.native import build


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """A machine whose properties the test chooses."""
    has = {"native": True, "openvino": True, "gpu": False}
    monkeypatch.setattr(build, "is_built", lambda: has["native"])
    monkeypatch.setattr(engine_choice, "_sees_gpu", lambda: has["gpu"])
    monkeypatch.setattr(engine_choice, "find_spec", lambda name: sys if has[name] else None)
    return has


def test_auto_is_our_own_where_it_is_built_else_openvino_where_that_is_installed(
    machine: dict[str, bool],
) -> None:
    assert engine_choice.choose("auto") == "native"
    machine["native"] = False
    assert engine_choice.choose("auto") == "openvino"
    machine["openvino"] = False
    assert engine_choice.choose("auto") == "tensorflow"


def test_a_gpu_is_for_tensorflow(machine: dict[str, bool]) -> None:
    machine["gpu"] = True
    assert engine_choice.choose("auto") == "tensorflow"


@pytest.mark.parametrize("name", ["native", "openvino", "tensorflow"])
def test_who_names_an_engine_gets_it(machine: dict[str, bool], name: EngineName) -> None:
    machine |= {"native": False, "openvino": False, "gpu": True}
    assert engine_choice.choose(name) == name


def test_pytorch_is_no_engine_of_this_family(machine: dict[str, bool]) -> None:
    assert engine_choice.choose("torch") == "native"
    machine["gpu"] = True
    assert engine_choice.choose("torch") == "tensorflow"
    assert engine_choice.on_processors("torch") == "native"


def test_without_a_device_nothing_is_imported_to_look_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    glob = Path.glob
    monkeypatch.setattr(Path, "glob", lambda at, *what: iter(()) if at == Path("/dev") else glob(at, *what))
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # importing it would fail
    assert engine_choice.choose("auto") == "native"
