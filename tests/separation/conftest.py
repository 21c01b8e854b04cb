"""A model that separates a stem further."""

from pathlib import Path
from typing import Any

import pytest

from separation.engines import modelspec
from separation.engines.descriptors import ModelSpec
from tests.separation.engines.exchange.tiny import KIT


@pytest.fixture
def kit(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> ModelSpec:
    """Know and install a model that takes the stem drums apart, and no other one that is not bundled."""
    settings.MODELS_DIR = tmp_path / "models"
    KIT.install(settings.MODELS_DIR, KIT.files())
    monkeypatch.setitem(modelspec.SPECS.packaged, KIT.spec.slug, KIT.spec)
    return KIT.spec
