"""The stream through an engine: every sample, whatever the pieces, whatever the sound."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from separation.engines.protocol import Engine
from separation.engines.streaming import separate
from tests.separation.engines.spleeter.engines import ENGINES
from tests.separation.engines.spleeter.models import MODELS, TWO_CHUNKS, clip, weights_of

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return ENGINES["native"](MODELS["compact2"], weights_of("compact2"), 2)


def whole(chunks: list[npt.NDArray[np.float32]], engine: Engine) -> npt.NDArray[np.float32]:
    return np.concatenate(list(separate(chunks, engine)), axis=2)


def test_the_pieces_it_comes_in_make_no_difference(engine: Engine) -> None:
    song = clip(2 * TWO_CHUNKS)
    borders = [1, 1025, 4097, 300_000, 300_001, 900_000]
    pieces = np.split(song, borders, axis=1)
    np.testing.assert_array_equal(whole(pieces, engine), whole([song], engine))


def test_stems_add_up_to_the_mixture(engine: Engine) -> None:
    song = clip(TWO_CHUNKS + 12_345)
    np.testing.assert_allclose(whole([song], engine).sum(axis=0), song, rtol=0, atol=1e-5)


def test_silence_stays_silent(engine: Engine) -> None:
    assert not whole([np.zeros((2, 20_000), dtype=np.float32)], engine).any()


def test_nothing_in_nothing_out(engine: Engine) -> None:
    assert whole([], engine).shape == (2, 2, 0)


def test_absurdly_loud_samples_stay_numbers(engine: Engine) -> None:
    song = clip(5000)
    song[0, 1000], song[1, 2000] = 1e38, -3e38
    assert np.isfinite(whole([song], engine)).all()


def test_an_error_of_the_source_comes_through(engine: Engine) -> None:
    def breaking() -> Iterator[npt.NDArray[np.float32]]:
        yield clip(TWO_CHUNKS)
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        list(separate(breaking(), engine))


@pytest.mark.parametrize("name", list(ENGINES))
def test_an_engine_tells_nobody_and_brings_no_tensorflow(name: str) -> None:
    program = f"""
import sys
calls = []
network = ("socket.", "urllib.", "http.")
sys.addaudithook(lambda name, args: calls.append(name) if name.startswith(network) else None)
from separation.engines.registry import load_engine
from separation.engines.modelspec import get
from pathlib import Path
load_engine(get("compact:2stems"), Path("."), name="{name}")
loaded = {{"tensorflow", "spleeter", "django", "openvino_telemetry"}} & {{n for n, m in sys.modules.items() if m}}
print(calls, sorted(loaded))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[] []"
