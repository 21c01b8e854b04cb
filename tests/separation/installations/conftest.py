"""A small model that a server on this machine releases, and administrators."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from separation.engines import model_files, modelspec, registry
from separation.engines.descriptors import Archive, ModelSpec
from separation.installations import worker
from tests.separation.engines.spleeter.archives import Mirror, archive, checkpoint, serving
from tests.separation.engines.spleeter.models import SMALL, with_filters

NAME = "2stems"
SLUG = "spleeter:2stems"


@dataclass
class Release:
    """The official model in small, at an address on this machine."""

    server: Mirror
    spec: ModelSpec
    archive: bytes
    models_dir: Path

    def is_installed(self) -> bool:
        return model_files.is_available(self.spec, self.models_dir)

    @property
    def ranges(self) -> list[str | None]:
        return [wanted for path, wanted in self.server.asked if path.endswith(".gz")]


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[Release]:
    settings.MODELS_DIR, settings.DISK_FLOOR_BYTES = tmp_path / "models", 0
    settings.MODELS_DIR.mkdir()
    with serving() as server:
        small = with_filters(modelspec.SPECS[SLUG], SMALL)
        content = archive(checkpoint(small))
        server.offer(NAME, content)
        there = Archive(f"{server.url}/{NAME}.tar.gz", sha256(content).hexdigest(), len(content))
        for slug in (SLUG, f"{SLUG}-16kHz"):
            monkeypatch.setitem(modelspec.SPECS.packaged, slug, replace(small, slug=slug, archive=there))
        # The child process knows the models of full size alone.
        monkeypatch.setattr(
            worker,
            "prepare_in_child",
            lambda spec, folder, engine, _tick, _limit: registry.prepare(spec, folder, engine),
        )
        yield Release(server, modelspec.SPECS[SLUG], content, settings.MODELS_DIR)


@pytest.fixture
def administrator(client: Client) -> User:
    """A superuser, signed in."""
    someone = User.objects.create_superuser("root@example.org")
    client.force_login(someone)
    return someone
