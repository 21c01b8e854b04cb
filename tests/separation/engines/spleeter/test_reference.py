"""Our separation is Spleeter's, sample by sample."""

import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from separation.engines.spleeter import weights
from separation.engines.spleeter.checkpoint import CheckpointError, read_checkpoint
from separation.engines.streaming import separate
from tests.separation.engines.spleeter.engines import ENGINES
from tests.separation.engines.spleeter.models import LENGTHS, MODELS, TWO_CHUNKS, clip, weights_of

ROOT = Path(__file__).resolve().parents[4]
CLOSE = 1e-5
# Spleeter's transform there and back alone errs by 1.7e-5 on the clip. Where the mask reaches above the network's
# band, as in the compact models, all of that remains, and what its spectra err by reaches the masks as well. Our
# two engines, whose transform errs by 3e-7, agree with each other on these models.
CLOSE_ABOVE = 3e-5
CLOSE_TO_ONE_ANOTHER = 2e-6


def close_to(name: str) -> float:
    return CLOSE if MODELS[name].settings.mask_extension == "zeros" else CLOSE_ABOVE


def fingerprint() -> str:
    """What the reference depends on: the models and clips of these tests, our weights and engines, the libraries."""
    digest = hashlib.sha256("".join(version(name) for name in ("spleeter", "tensorflow", "numpy")).encode())
    for path in (
        *sorted((ROOT / "separation/engines").rglob("*.py")),
        *sorted(Path(__file__).parent.glob("*.py")),
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.fixture(scope="module")
def reference(pytestconfig: pytest.Config) -> Path:
    """Spleeter's stems, kept between runs: they take a minute of TensorFlow."""
    kept = pytestconfig.cache.mkdir("spleeter-reference")
    folder = kept / fingerprint()
    if not folder.is_dir():
        partial = Path(tempfile.mkdtemp(dir=kept, prefix=".partial-"))
        command = [sys.executable, "-m", "tests.separation.engines.spleeter.reference", str(partial)]
        # With oneDNN, TensorFlow adds up in another order on each kind of processor.
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "TF_ENABLE_ONEDNN_OPTS": "0"}
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | quiet, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        for old in kept.iterdir():
            if old != partial:
                shutil.rmtree(old)
        partial.rename(folder)
    return folder


# One test, so that one process makes the reference however the tests are spread.
def test_equals_spleeter(reference: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    ours: dict[tuple[str, str], np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = {}
    for (kind, make), (name, spec) in itertools.product(ENGINES.items(), MODELS.items()):
        engine = make(spec, weights_of(name), 2)
        for samples in LENGTHS if name == "two" else (TWO_CHUNKS,):
            with subtests.test(engine=kind, model=name, samples=samples):
                expected = np.load(reference / f"{name}-{samples}.npy")
                stems = np.concatenate(list(separate([clip(samples)], engine)), axis=2)
                assert stems.shape == expected.shape == (len(spec.stems), 2, samples)
                if samples == TWO_CHUNKS:
                    ours[kind, name] = stems
                np.testing.assert_allclose(stems, expected, rtol=0, atol=close_to(name))
    for name in ("compact2", "two"):
        with subtests.test("engine in TensorFlow", model=name):
            expected = np.load(reference / f"{name}-{TWO_CHUNKS}.npy")
            stems = np.load(reference / f"tensorflow-{name}.npy")
            np.testing.assert_allclose(stems, expected, rtol=0, atol=close_to(name))
            for kind in ENGINES:
                np.testing.assert_allclose(stems, ours[kind, name], rtol=0, atol=CLOSE_TO_ONE_ANOTHER)
    for kind, name in itertools.product(ENGINES, ("compact2", "compact4")):
        with subtests.test("stems add up", engine=kind, model=name):
            np.testing.assert_allclose(
                ours[kind, name].sum(axis=0), clip(TWO_CHUNKS), rtol=0, atol=CLOSE_TO_ONE_ANOTHER
            )
    for name, spec in MODELS.items():
        with subtests.test("checkpoint", model=name):
            expected_weights = weights.with_every_network(spec, weights_of(name))
            loaded = weights.load_checkpoint(spec, reference / name)
            assert loaded.keys() == expected_weights.keys()
            assert all(np.array_equal(loaded[part], expected_weights[part]) for part in loaded)
    with subtests.test("damaged checkpoint"):
        shutil.copytree(reference / "two", tmp_path / "two")
        refuses_damage(tmp_path / "two", np.random.default_rng(1))


def refuses_damage(folder: Path, generator: np.random.Generator) -> None:
    """Whatever byte of the index is wrong: an error of ours, or tensors within the file, but no crash."""
    index = folder / "model.index"
    whole = index.read_bytes()
    for _ in range(300):
        damaged = bytearray(whole[: generator.integers(len(whole))] if generator.random() < 0.3 else whole)
        if damaged:
            damaged[generator.integers(len(damaged))] ^= 1 << generator.integers(8)
        index.write_bytes(damaged)
        try:
            read_checkpoint(folder / "model")
        except CheckpointError:
            continue
    index.write_bytes(whole)
