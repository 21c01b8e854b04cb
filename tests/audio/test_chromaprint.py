"""Fingerprints made in the sandbox, and how they are compared."""

import base64
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio import probe
from audio.encoding.encode import encode
from audio.errors import ProbeFailed
from audio.fingerprint import chromaprint, matching
from audio.types import Limits
from benchmarks.catalogue.tunes import tune
from tests.audio.making import RATE, with_sndfile

needs_chromaprint = pytest.mark.skipif(not chromaprint.version(), reason="libchromaprint is not installed")


def made_up(count: int, seed: int = 1) -> matching.Values:
    """Numbers that no song has, all different."""
    return np.random.default_rng(seed).integers(0, 1 << 32, count, np.uint32)


def disturbed(values: matching.Values, share: float) -> matching.Values:
    """Some bits of some numbers flipped, as another encoding does."""
    rng = np.random.default_rng(9)
    flips = rng.integers(0, 32, len(values)).astype(np.uint32)
    return np.where(rng.random(len(values)) < share, values ^ (np.uint32(1) << flips), values).astype(
        np.uint32
    )


@needs_chromaprint
def test_other_encodings_have_nearly_the_same_fingerprint(tmp_path: Path) -> None:
    sound = tune(3, 20)
    late = np.concatenate([np.zeros((2, 3 * RATE), np.float32), sound], axis=1)
    encode([sound], tmp_path / "a.flac", "flac")
    encode([late], tmp_path / "late.mp3", "mp3", 128)
    first, second = (
        matching.parse_values(probe.probe(tmp_path / name).fingerprint or b"")
        for name in ("a.flac", "late.mp3")
    )
    found = matching.compare(second, first)
    assert found is not None
    assert found.similarity > 0.9
    assert found.offset == pytest.approx(3, abs=0.1)


@needs_chromaprint
def test_fingerprint_equals_that_of_the_probe(tmp_path: Path) -> None:
    path = with_sndfile(tmp_path / "a.wav", tune(4, 8, 22_050), "PCM_16", "WAV", 22_050)
    whole = probe.probe(path).fingerprint
    assert whole
    assert probe.fingerprint(path) == whole


@needs_chromaprint
def test_fingerprint_covers_the_first_minutes() -> None:
    library = chromaprint.load()
    assert library is not None
    fingerprinter = chromaprint.Fingerprinter(library, 8_000)
    block = tune(5, 60, 8_000)
    for _ in range(5):
        fingerprinter.push(block)
    assert fingerprinter.full
    assert len(fingerprinter.finish()) <= 4 * chromaprint.MOST_VALUES


@needs_chromaprint
def test_short_audio_has_an_empty_fingerprint(tmp_path: Path) -> None:
    path = with_sndfile(tmp_path / "a.wav", tune(4, 1), "PCM_16", "WAV")
    assert probe.probe(path).fingerprint == b""


def test_probe_works_without_the_library(tmp_path: Path) -> None:
    path = with_sndfile(tmp_path / "a.wav", tune(4, 4, 8_000), "PCM_16", "WAV", 8_000)
    found = probe.probe(path, Limits(fingerprint=False))
    assert (found.fingerprint, found.duration) == (None, 4.0)
    assert chromaprint.load(("libnothing.so.1", "libc.so.6")) is None


def test_library_is_absent_where_no_process_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError

    monkeypatch.setattr(subprocess, "run", refuse)
    assert chromaprint.version.__wrapped__() == ""


@pytest.mark.parametrize(
    "told", ["no base64!", base64.b64encode(b"abc").decode(), base64.b64encode(bytes(9_000)).decode(), 7]
)
def test_impossible_fingerprint_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: Any
) -> None:
    monkeypatch.setattr(probe, "_answer", lambda _child, _limits: ({"fingerprint": told}, b""))
    path = with_sndfile(tmp_path / "a.wav", tune(4, 1), "PCM_16", "WAV")
    with pytest.raises(ProbeFailed):
        probe.fingerprint(path)


def test_terms_are_few_and_stable() -> None:
    values = made_up(1_400)
    mine = matching.terms(values)
    late = np.concatenate([np.zeros(24, np.uint32), disturbed(values, 0.7)])
    others = matching.terms(late)
    common = mine.keys() & others.keys()
    assert len(mine) == len(others) == matching.TERMS
    assert len(common) >= 10
    assert {others[term] - mine[term] for term in common} == {24}


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(1_400, np.uint32),
        np.full(1_400, 0xFFFFFFFF, np.uint32),
        np.tile(np.array([1, 2], np.uint32), 700),
        np.empty(0, np.uint32),
        np.ones(1, np.uint32),
    ],
)
def test_silence_and_held_tones_match_nothing(values: matching.Values) -> None:
    assert matching.terms(values) == {}
    assert matching.compare(values, values) is None


def test_same_recording_is_matched() -> None:
    values = made_up(1_000)
    found = matching.compare(disturbed(values, 0.8)[40:], values)
    assert found is not None
    assert found.similarity == pytest.approx(1 - 0.8 / 32, abs=0.01)
    assert found.offset == pytest.approx(-40 * chromaprint.ITEM_SECONDS)
    assert matching.compare(values, made_up(1_000, seed=2)) is None
    assert (
        matching.compare(values, np.concatenate([made_up(300, seed=3), values])) is None
    )  # half a minute late
    assert matching.compare(values[:8], values) is None  # too short to tell


def test_match_depends_on_equal_bits() -> None:
    """Some equal numbers among others that are not even alike: a sample, not the recording."""
    values = made_up(1_000)
    sampled = made_up(1_000, seed=2)
    sampled[:100] = values[:100]
    assert matching.compare(values, sampled) is None


def test_match_depends_on_length() -> None:
    assert matching.same_length(180, 186.9, 0)
    assert not matching.same_length(180, 188, 0)
    assert matching.same_length(180, 188, 3)
