"""Separations of real songs, by the separator of this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from catalog.uploads.ingest import ingest
from separation.models import Separation
from separation.queue.requests import ask
from separation.queue.separator_holder import holder
from tests.songs import write_song

Asker = Callable[..., Separation]


@pytest.fixture(scope="module")
def warm() -> Iterator[None]:
    """One separator for all of these tests; none afterwards."""
    yield
    holder.close()


@pytest.fixture
def asked(user: User, tmp_path: Path, settings: Any) -> Asker:
    """A waiting separation of a real song."""
    settings.WORK_DIR = tmp_path / "work"
    settings.WORK_DIR.mkdir()
    settings.DISK_FLOOR_BYTES = 0

    def make(seconds: float = 3.0, seed: int = 1) -> Separation:
        path = write_song(tmp_path / f"song {seed}.flac", seconds, seed=seed)
        track = ingest(path, filename=path.name, user=user).track
        return ask(track, "compact:2stems", user).separation

    return make


def after(separation: Separation, settings: Any) -> tuple[str, int, str]:
    """Status, attempts and error; nothing temporary may be left by then."""
    separation.refresh_from_db()
    assert list(settings.WORK_DIR.iterdir()) == []
    return separation.status, separation.attempts, separation.error_code
