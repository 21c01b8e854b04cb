"""Demucs' own code in PyTorch, as an engine."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from separation.engines import memory, registry
from separation.engines.chunking import Audio
from separation.engines.protocol import Engine
from separation.engines.streaming import measure, separate
from separation.engines.torch import interpreter
from tests.separation.engines.demucs.tiny import TINY, TINY_BAG, TINY_HYBRID
from tests.separation.engines.fakes import joined, song
from tests.separation.engines.spleeter.tiny import TINY as SPLEETER
from tests.separation.engines.tiny import TinyModel

CLOSE = 3e-5
"""As in ``demucs/test_reference.py``."""

with_pytorch = pytest.mark.skipif(
    not interpreter.DEFAULT.exists(), reason="the originals are not installed (make reference)"
)


def separated(engine: Engine, mixture: Audio) -> Audio:
    return joined(list(separate([mixture], engine, measure([mixture]))))


@with_pytorch
@pytest.mark.parametrize("model", [TINY, TINY_BAG, TINY_HYBRID], ids=lambda model: model.spec.slug)
def test_stems_are_those_of_our_engine(model: TinyModel, tmp_path: Path) -> None:
    model.install(tmp_path, model.files())
    mixture = song(model.spec.settings.samples * 5 // 4)
    ours, theirs = (
        separated(registry.load_engine(model.spec, tmp_path, name=name), mixture)
        for name in ("openvino", "torch")
    )
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=CLOSE * np.abs(mixture).max())
    assert ours.any()


@with_pytorch
def test_a_process_that_dies_is_an_error_and_not_silence(tmp_path: Path) -> None:
    TINY.install(tmp_path, TINY.files())
    engine: Any = registry.load_engine(TINY.spec, tmp_path, name="torch")
    (slot,) = engine.slots
    assert slot.device
    slot._process.kill()
    with pytest.raises(RuntimeError, match="ended with status -9"):
        separated(engine, song(1000))


@pytest.mark.parametrize(
    ("python", "reason"), [("/nowhere/python", "does not run"), (sys.executable, "has no torch")]
)
def test_an_interpreter_without_pytorch_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, python: str, reason: str
) -> None:
    TINY.install(tmp_path, TINY.files())
    monkeypatch.setenv(interpreter.VARIABLE, python)
    with pytest.raises(ImportError, match=f"{python} {reason}.*STEMOTECA_TORCH_PYTHON"):
        registry.load_engine(TINY.spec, tmp_path, name="torch")
    settings.SEPARATOR_ENGINE, settings.TORCH_PYTHON = "torch", Path(python)
    with pytest.raises(SystemCheckError, match=f"STEMOTECA_ENGINE is torch, but {python} {reason}"):
        call_command("check", "--tag", "separation")


def test_families_without_an_original_use_their_own_engine() -> None:
    assert registry.choose(TINY.spec, "torch") == "torch"
    assert registry.on_processors(SPLEETER.spec, "torch") != "torch"


def test_pytorch_needs_more_memory() -> None:
    needed = [memory.needed_bytes(TINY.spec, 1, kind) for kind in ("openvino", "torch")]
    assert needed[0] < needed[1]
