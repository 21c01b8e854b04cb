"""Our separation is that of the package `demucs` 2.0 with Conv-TasNet."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separation.engines import model_files, modelspec, registry
from separation.engines.chunking import Audio
from separation.engines.convtasnet.settings import ConvTasNetSettings, ConvTasNetSpec
from separation.engines.descriptors import ModelFile
from separation.engines.streaming import measure, separate
from tests.separation.engines.reference_environment import run_reference

CLOSE = 1e-5
OFFICIAL: ConvTasNetSettings = modelspec.get("convtasnet:tasnet").settings
SMALL = ConvTasNetSettings(
    segment=8000, filters=24, frame_length=20, bottleneck=16, hidden=32, kernel=3, blocks=4, repeats=2
)
STRIDE = 6000

# A chunk that is shorter than a frame breaks the original; we let it be silent under its weights near zero.
SONGS = {
    "two seconds": 88_200,
    "frame": 20,
    "one": 8000,
    "longer": 8001,
    "stride": STRIDE,
    "long": 7 * STRIDE + 4321,
}
CASES: dict[str, tuple[ConvTasNetSettings, tuple[str, ...]]] = {
    "tasnet": (OFFICIAL, ("two seconds",)),
    "small": (SMALL, ("frame", "one", "longer", "stride", "long")),
}


def spec_of(name: str) -> ConvTasNetSpec:
    spec = modelspec.get("convtasnet:tasnet")
    return replace(spec, settings=CASES[name][0], files=(ModelFile("weights.th"),), folder=name)


def clip(name: str) -> Audio:
    """A tone and noise, which are not centred around 0."""
    samples = SONGS[name]
    generator = np.random.default_rng(samples)
    time = np.arange(samples) / 44_100
    tone = 0.3 * np.sin(2 * np.pi * (220 + 40 * time) * time) * (np.sin(2 * np.pi * 0.9 * time) > -0.3)
    return np.asarray([[0.9], [0.4]] * tone + generator.normal(0.02, 0.1, (2, samples)), dtype=np.float32)


def case_of(name: str) -> dict[str, Any]:
    settings, songs = CASES[name]
    arguments = {
        "N": settings.filters,
        "L": settings.frame_length,
        "B": settings.bottleneck,
        "H": settings.hidden,
        "P": settings.kernel,
        "X": settings.blocks,
        "R": settings.repeats,
        "segment_length": settings.segment,
    }
    return {"name": name, "songs": songs, "arguments": arguments}


# One test, so that one process of the original does everything.
def test_equals_demucs(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for song in SONGS:
        np.save(tmp_path / f"{song}.npy", clip(song))
    cases = json.dumps([case_of(name) for name in CASES])
    run_reference(Path(__file__).with_name("reference.py"), tmp_path, cases)
    for name, (_, songs) in CASES.items():
        spec = spec_of(name)
        model_files.seal(spec, tmp_path / name)
        engine = registry.load_engine(spec, tmp_path)
        for song in songs:
            with subtests.test(model=name, song=song):
                expected, audio = np.load(tmp_path / name / f"{song}.npy"), clip(song)
                stems = np.concatenate(list(separate([audio], engine, measure([audio]))), axis=2)
                assert stems.shape == expected.shape
                np.testing.assert_allclose(stems, expected, rtol=0, atol=CLOSE)
                assert np.abs(expected).max() > 0.01
