"""Our separation is that of the package `openunmix`."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separation.engines import model_files, modelspec, registry
from separation.engines.chunking import Audio
from separation.engines.descriptors import ModelFile
from separation.engines.openunmix.settings import OpenUnmixSettings, OpenUnmixSpec
from separation.engines.streaming import separate
from tests.separation.engines.reference_environment import run_reference

CLOSE = 1e-5
CLOSE_FILTERED = 1e-4
"""Where covariances are nearly singular, the original's filter in float32 is so far from itself in float64."""
SMALL = OpenUnmixSettings(hidden=16, input_bins=70, iterations=1, frame_length=256, hop=64, window_frames=120)
OFFICIAL = modelspec.get("openunmix:umxhq").settings
STRIDE = 4 * SMALL.window_frames * SMALL.hop

SONGS = {
    "two seconds": 88_200,
    "mono": 88_200,
    # The original cannot mirror a song that is shorter than half a frame.
    "short": SMALL.frame_length // 2 + 1,
    "one": STRIDE,
    "longer": STRIDE + 1,
    "frame": STRIDE + SMALL.window_frames * SMALL.hop - 127,
    "long": 3 * STRIDE + 12_345,
}
SHORT_SONGS = ("short", "one", "longer", "frame", "long")

CASES: dict[str, tuple[OpenUnmixSettings, tuple[str, ...]]] = {
    "umxhq": (OFFICIAL, ("two seconds",)),
    "umxhq-plain": (replace(OFFICIAL, iterations=0), ("two seconds", "mono")),
    "small": (SMALL, SHORT_SONGS),
    "small-plain": (replace(SMALL, iterations=0), SHORT_SONGS),
    # The original in float64: for songs in mono and after two steps, it returns noise in float32.
    "small-double": (SMALL, ("mono", "long")),
    "small-twice-double": (replace(SMALL, iterations=2, residual=True), ("long",)),
}


def spec_of(name: str) -> OpenUnmixSpec:
    settings, _ = CASES[name]
    stems = ("vocals", "drums", "residual") if settings.residual else ("vocals", "drums", "bass", "other")
    files = tuple(ModelFile(f"{stem}-1.pth") for stem in stems if stem != "residual")
    return replace(modelspec.get("openunmix:umxhq"), settings=settings, stems=stems, files=files, folder=name)


def clip(name: str) -> Audio:
    """Two tones and a noise from three directions, which sound in turns and together, over faint noise.

    Never silence: there, the original adds 1 to the mixture's spectrum, which becomes audible in its residual.
    """
    samples = SONGS[name]
    generator = np.random.default_rng(samples)
    time = np.arange(samples) / 44_100
    sources = [
        0.3 * np.sin(2 * np.pi * 220 * time) * (np.sin(2 * np.pi * 0.7 * time) > -0.3),
        0.2 * np.sin(2 * np.pi * (900 + 40 * time) * time) * (np.sin(2 * np.pi * 1.3 * time) > 0),
        generator.normal(0, 0.1, samples) * (np.sin(2 * np.pi * 2.1 * time) > 0.5),
    ]
    audio = np.array([[0.8, 0.3, 0.5], [0.4, 0.9, 0.5]]) @ np.array(sources)
    audio += generator.normal(0, 1e-4, audio.shape)
    if name == "mono":
        audio[:] = audio.mean(axis=0)
    return np.asarray(audio, dtype=np.float32)


def case_of(name: str) -> dict[str, Any]:
    settings, songs = CASES[name]
    networks = len(spec_of(name).files)
    return asdict(settings) | {
        "name": name, "songs": songs, "networks": networks, "double": name.endswith("double")
    }  # fmt: skip


# One test, so that one process of the original does everything.
def test_equals_openunmix(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for song in SONGS:
        np.save(tmp_path / f"{song}.npy", clip(song))
    cases = json.dumps([case_of(name) for name in CASES])
    run_reference(Path(__file__).with_name("reference.py"), tmp_path, cases)
    for name, (_, songs) in CASES.items():
        spec = spec_of(name)
        model_files.seal(spec, tmp_path / name)
        engine = registry.load_engine(spec, tmp_path)
        exact = spec.settings.iterations == 0 or name.endswith("double")
        for song in songs:
            with subtests.test(model=name, song=song):
                expected = np.load(tmp_path / name / f"{song}.npy")
                stems = np.concatenate(list(separate([clip(song)], engine)), axis=2)
                assert stems.shape == expected.shape
                np.testing.assert_allclose(stems, expected, rtol=0, atol=CLOSE if exact else CLOSE_FILTERED)
                assert np.abs(expected).max() > 0.01
