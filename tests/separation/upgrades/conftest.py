"""A small model that takes the place of another one, and songs of the other one."""

from dataclasses import replace
from typing import Any

import pytest

from separation.engines import modelspec
from separation.engines.descriptors import ModelSpec

OLD, NEW = "compact:2stems", "compact:better"


@pytest.fixture(autouse=True)
def room(settings: Any) -> None:
    settings.DISK_FLOOR_BYTES, settings.WORKERS = 0, 1


@pytest.fixture
def better(monkeypatch: pytest.MonkeyPatch) -> ModelSpec:
    """The same network under another name."""
    spec = replace(modelspec.SPECS[OLD], slug=NEW, revision="better")
    monkeypatch.setitem(modelspec.SPECS.packaged, NEW, spec)
    return spec
