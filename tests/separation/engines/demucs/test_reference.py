"""Our separation is Demucs', sample by sample."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separation.engines import registry
from separation.engines.demucs.settings import DemucsSpec
from separation.engines.streaming import measure, separate
from tests.separation.engines.demucs.packages import FOUR
from tests.separation.engines.demucs.tiny import HYBRID, TINY, TINY_BAG, TINY_HYBRID, TRANSFORMER
from tests.separation.engines.tiny import TinyModel

ROOT = Path(__file__).resolve().parents[4]
PYTHON = ROOT / ".venv-reference/bin/python"
CLOSE = 3e-5
"""Where 1 is full scale. The smallest networks, with one hidden channel in a branch, amplify rounding most."""

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the originals are not installed (make reference)"
)


@dataclass(frozen=True)
class Case:
    model: TinyModel
    order: list[str]
    weights: list[list[float]] | None
    segment: float | None
    lengths: Sequence[int]


def around(samples: int) -> list[int]:
    return [samples - 1, samples, samples + 1]


SEGMENT = TRANSFORMER.settings.samples
CASES = {
    "transformer": Case(TINY, FOUR, None, None, (2, 700, *around(SEGMENT), 5 * SEGMENT // 2)),
    "bag": Case(TINY_BAG, FOUR, [[1, 0, 1, 0], [0, 1, 0, 1]], None, (2 * SEGMENT,)),
    # Above 200 frames, the LSTM is given parts that overlap.
    "hybrid": Case(TINY_HYBRID, FOUR, None, 5, (2, 30_000, HYBRID.settings.samples + 40_000)),
}


def song(samples: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Noise and a gliding tone, not the same in both channels, with silence here and there and an offset."""
    generator = np.random.default_rng(samples)
    time = np.arange(samples) / 44_100
    tone = 0.3 * np.sin(2 * np.pi * (220 + 40 * time) * time) + 0.02
    noise = generator.normal(0, 0.1, (2, samples)) * (np.sin(2 * np.pi * 1.7 * time) > 0)
    return np.asarray(tone + noise, dtype=np.float32)


def test_equals_demucs(tmp_path: Path, subtests: pytest.Subtests) -> None:
    jobs = []
    for name, case in CASES.items():
        spec: DemucsSpec = case.model.spec
        folder = case.model.install(tmp_path, case.model.files())
        songs = []
        for samples in case.lengths:
            np.save(tmp_path / f"{name}-{samples}.npy", song(samples))
            songs.append(
                [str(tmp_path / f"{name}-{samples}.npy"), str(tmp_path / f"{name}-{samples}-stems.npy")]
            )
        files = [str(folder / network.file) for network in spec.settings.networks]
        jobs.append({"files": files, "weights": case.weights, "segment": case.segment, "songs": songs})
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    command = [str(PYTHON), str(Path(__file__).with_name("reference.py")), str(tmp_path / "jobs.json")]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for name, case in CASES.items():
        engine = registry.load_engine(case.model.spec, tmp_path)
        order = [case.order.index(stem) for stem in case.model.spec.stems]
        for samples in case.lengths:
            with subtests.test(model=name, samples=samples):
                mixture = song(samples)
                stems = np.concatenate(list(separate([mixture], engine, measure([mixture]))), axis=2)
                expected = np.load(tmp_path / f"{name}-{samples}-stems.npy")[order]
                assert stems.shape == expected.shape
                np.testing.assert_allclose(stems, expected, rtol=0, atol=CLOSE)
