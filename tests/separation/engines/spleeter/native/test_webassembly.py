"""The builds for browsers: those of the sources, and as exact as the library for this machine."""

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio.checksum import checksum
from separation.engines.spleeter import weights
from separation.engines.spleeter.checkpoint import CHECKPOINT_FILES
from separation.engines.spleeter.native import webassembly
from separation.engines.spleeter.native.build import WARNINGS
from separation.engines.spleeter.native.webassembly import WeightFiles
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.streaming import separate
from tests.separation.engines.spleeter.archives import checkpoint
from tests.separation.engines.spleeter.engines import ENGINES
from tests.separation.engines.spleeter.models import LENGTHS, MODELS, TWO_CHUNKS, clip, weights_of

ROOT = Path(__file__).resolve().parents[5]
SCRIPT = ROOT / "tests/js/separator/separate_songs.js"
NODE = shutil.which("node", path=str(ROOT / ".venv-lint/bin"))  # another one may lack relaxed SIMD


def close_to(name: str) -> float:
    return 1e-5 if MODELS[name].settings.mask_extension == "zeros" else 3e-5


def read(name: str) -> Any:
    return json.loads((webassembly.FOLDER / name).read_text(encoding="utf-8"))


def test_models_are_described_as_they_are() -> None:
    assert read(webassembly.MODELS) == webassembly.bundled_models()


def test_builds_are_compiled_from_these_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    cache = str(pytestconfig.cache.mkdir("zig"))
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", cache)
    monkeypatch.setenv("ZIG_LOCAL_CACHE_DIR", cache)
    assert read(webassembly.MANIFEST) == webassembly.manifest(webassembly.FOLDER), (
        "python -m separation.engines.spleeter.native --wasm compiles them again"
    )
    webassembly.compile_to(tmp_path, *WARNINGS)
    for name in webassembly.BUILDS:
        assert (tmp_path / name).read_bytes() == (webassembly.FOLDER / name).read_bytes(), name


def files_of(spec: SpleeterSpec, name: str, folder: Path) -> WeightFiles:
    """Weights as a browser gets them: an archive, or, in two pieces, the checkpoint of a model that has one."""
    if spec.bundled:
        archive = folder / f"{name}.npz"
        np.savez(archive, **weights_of(name))
        return WeightFiles([str(archive)], checksum(archive), archive.stat().st_size)
    (folder / name).mkdir()
    for file, content in checkpoint(spec, weights_of(name)).items():
        (folder / name / file).write_bytes(content)
    data = (folder / name / CHECKPOINT_FILES[1]).read_bytes()
    pieces = [data[:1001], data[1001:]]
    for number, piece in enumerate(pieces):
        (folder / name / str(number)).write_bytes(piece)
    files = [str(folder / name / str(number)) for number in range(len(pieces))]
    return WeightFiles(files, sha256(data).hexdigest(), len(data), weights.locate(spec, folder / name))


@pytest.mark.skipif(NODE is None, reason="Node comes with the environment of the linters")
def test_stems_are_those_of_the_native_engine(tmp_path: Path, subtests: pytest.Subtests) -> None:
    jobs = []
    for name, spec in MODELS.items():
        songs = []
        for samples in LENGTHS if name == "two" else (TWO_CHUNKS,):
            file = tmp_path / f"{samples}.f32"
            clip(samples).tofile(file)
            songs.append({"file": str(file), "samples": samples, "to": str(tmp_path / f"{name}-{samples}")})
        model = webassembly.describe(spec, files_of(spec, name, tmp_path))
        for relaxed in (False, True):
            outputs = [song | {"to": f"{song['to']}-{relaxed}"} for song in songs]
            jobs.append({"model": model, "relaxed": relaxed, "workers": 1 + relaxed, "songs": outputs})
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    assert NODE
    done = subprocess.run(
        [NODE, str(SCRIPT), str(tmp_path / "jobs.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name, spec in MODELS.items():
        engine = ENGINES["native"](spec, weights_of(name), 2)
        for samples in LENGTHS if name == "two" else (TWO_CHUNKS,):
            expected = np.concatenate(list(separate([clip(samples)], engine)), axis=2)
            for relaxed in (False, True):
                with subtests.test(model=name, samples=samples, relaxed=relaxed):
                    stems = np.fromfile(tmp_path / f"{name}-{samples}-{relaxed}", dtype=np.float32)
                    np.testing.assert_allclose(
                        stems.reshape(expected.shape), expected, rtol=0, atol=close_to(name)
                    )
