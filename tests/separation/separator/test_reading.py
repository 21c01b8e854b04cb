"""Songs for models that need the mean and the level of the whole song: read once before they are separated."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audio.types import Limits
from separation.engines.chunking import Chunking
from separation.separator import worker as module
from separation.separator.worker import Worker
from tests.separation.engines.fakes import FakeEngine, identity

SECONDS = 70


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine(
        Chunking(100_000, 75_000, normalise=True, window=np.ones(100_000, np.float32)), identity
    )
    monkeypatch.setattr(Worker, "_engine_for", lambda _worker, _slug: engine)
    return engine


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    samples = np.random.default_rng(5).normal(0.1, 0.1, (SECONDS * 44_100, 2))
    path = tmp_path / "song.flac"
    soundfile.write(path, np.clip(samples, -1, 1), 44_100, subtype="PCM_16")
    return path


def request(mixture: Path, number: int = 1) -> dict[str, Any]:
    return {
        "id": number,
        "mixture": str(mixture),
        "mixture_gain": 1.0,
        "model": "compact:2stems",
        "out_dir": str(mixture.parent / "stems"),
        "limits": {field: getattr(Limits(), field) for field in Limits.__dataclass_fields__},
        "expected_samples": SECONDS * 44_100,
    }


def serve(mixture: Path, stopped: set[int]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    worker = Worker(
        lambda **message: messages.append(message),
        lambda: None,
        stopped.__contains__,
        models_dir=str(mixture.parent),
        engine="native",
        threads=1,
    )
    worker.serve(request(mixture))
    return messages


def test_a_normalised_song_is_read_twice_and_comes_out_at_its_own_level(
    engine: FakeEngine, mixture: Path
) -> None:
    messages = serve(mixture, set())
    assert messages[-1]["event"] == "done", messages[-1]
    result = messages[-1]["result"]
    assert result["samples"] == SECONDS * 44_100
    stem, _ = soundfile.read(result["stems"][0]["path"], dtype="float32")
    song, _ = soundfile.read(mixture, dtype="float32")
    np.testing.assert_allclose(stem / result["gain"], song, atol=1e-4)
    mono = engine.given[3].mean(axis=0, dtype=np.float64)
    assert mono.mean() == pytest.approx(0, abs=0.02)
    assert mono.std() == pytest.approx(1, abs=0.02)


def test_reading_is_reported_and_can_be_stopped(
    engine: FakeEngine, mixture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = [message for message in serve(mixture, set()) if message.get("fraction") == 0.0]
    assert len(reading) >= SECONDS // 30
    separated = len(engine.given)
    monkeypatch.setattr(module, "_READING_SAMPLES", 44_100)
    messages = serve(mixture, {1})
    assert messages[-1] == {"event": "failed", "kind": "stopped", "id": 1}
    assert len(engine.given) == separated
