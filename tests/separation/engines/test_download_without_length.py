"""A server that does not say how long a file is fills no disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from separation.engines.download import FetchError, fetch, find, http
from tests.separation.engines.spleeter.archives import Mirror, serving

NAME = "4stems"  # whose size is not published


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as mirror:
        mirror.lengths = False
        mirror.offer(NAME, bytes(1_000_000))
        yield mirror


def refusal(mirror: Mirror, models_dir: Path, reserve: int = 0) -> FetchError:
    with pytest.raises(FetchError) as failure:
        fetch(find(NAME), models_dir, source=mirror.url, on_progress=lambda *_step: None, reserve=reserve)
    return failure.value


def stored(models_dir: Path) -> int:
    """Bytes that have arrived and stay."""
    return sum(path.stat().st_size for path in models_dir.rglob("*") if path.is_file())


def test_file_without_an_end_is_refused_and_thrown_away(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_MAX_BYTES", 600_000)
    error = refusal(mirror, tmp_path)
    assert (error.code, "sends more than 600000 bytes" in str(error)) == ("damaged", True)
    assert stored(tmp_path) == 0


def test_space_that_is_left_to_others_stays(mirror: Mirror, tmp_path: Path) -> None:
    assert refusal(mirror, tmp_path, reserve=1 << 60).code == "no_space"
    assert stored(tmp_path) == 0
