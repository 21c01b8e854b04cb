"""Streams added up: sample by sample, whatever their blocks; never clipped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audio.effects.mixing import Encoding, Part, TempoPitch, mix, render
from audio.effects.panning import pan_matrix
from audio.effects.time_stretch import time_stretch
from tests.songs import RATE, song


def parts_of(audio: NDArray[np.float32], size: int) -> list[NDArray[np.float32]]:
    return [audio[:, start : start + size] for start in range(0, audio.shape[1], size)]


def store(folder: Path, seed: int, gain: float, loudness: float = 1.0) -> Part:
    path = folder / f"{seed}.wav"
    audio = song(2.0, seed=seed) * np.float32(loudness)
    soundfile.write(path, audio, RATE, subtype="PCM_16")
    return Part(path, gain, 2.0, float(np.abs(audio).max()))


def test_streams_of_any_blocks_are_added_up() -> None:
    one, two = song(3.0, seed=1).T, song(2.0, seed=2).T
    made = np.concatenate(list(mix([(parts_of(one, 999), 0.5), (parts_of(two, 70_001), 2.0)])), axis=1)
    wanted = 0.5 * one
    wanted[:, : two.shape[1]] += 2.0 * two
    assert np.allclose(made, wanted, atol=1e-6)


def test_a_mix_is_what_the_gains_say(tmp_path: Path) -> None:
    told: list[float] = []
    parts = [store(tmp_path, 1, 0.5), store(tmp_path, 2, 0.25)]
    gain = render(parts, TempoPitch(), tmp_path / "mix.flac", Encoding("flac", None), told.append)
    made, _rate = soundfile.read(tmp_path / "mix.flac")
    assert gain == 1.0
    assert np.abs(made - (0.5 * song(2.0, seed=1) + 0.25 * song(2.0, seed=2))).max() < 2 / 32768
    assert told[-1] == 1.0
    assert told == sorted(told)


@pytest.mark.parametrize(("tempo", "spooled"), [(1.0, 0), (0.8, 1 << 30), (0.8, 0)])
def test_a_mix_that_would_clip_is_quieter_as_a_whole(
    tmp_path: Path, tempo: float, spooled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audio.effects.mixing.MOST_SPOOLED", spooled)
    told: list[float] = []
    parts = [store(tmp_path, 1, 2.0), store(tmp_path, 2, 1.5)]
    gain = render(parts, TempoPitch(tempo), tmp_path / "mix.flac", Encoding("flac", None), told.append)
    made, _rate = soundfile.read(tmp_path / "mix.flac", dtype="int16")
    assert gain < 0.6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.wav", "2.wav", "mix.flac"]
    assert 32_700 < np.abs(made.astype(int)).max() <= 32_767
    assert told[-1] == 1.0
    assert told == sorted(told)
    if tempo == 1:
        wanted = gain * (2.0 * song(2.0, seed=1) + 1.5 * song(2.0, seed=2))
        assert np.abs(made / 32768 - wanted).max() < 3 / 32768


# What Chromium's StereoPannerNode makes of 1 on the left, and of 1 on the right; tests/e2e measures it again.
PANNED: dict[float, list[list[float]]] = {
    -1.0: [[1, 0], [1, 0]],
    -0.4: [[1, 0], [0.587785, 0.809017]],
    0.0: [[1, 0], [0, 1]],
    0.5: [[0.707107, 0.707107], [0, 1]],
    1.0: [[0, 1], [0, 1]],
}


@pytest.mark.parametrize("pan", PANNED)
def test_pan_is_that_of_the_player(pan: float) -> None:
    assert np.allclose(pan_matrix(pan).T, PANNED[pan], atol=1e-6)


def test_parts_are_panned_in_a_mix_and_when_stretched(tmp_path: Path) -> None:
    first, second = replace(store(tmp_path, 1, 0.5), pan=-0.4), replace(store(tmp_path, 2, 0.25), pan=1.0)
    render([first, second], TempoPitch(), tmp_path / "mix.flac", Encoding("flac", None), lambda _done: None)
    made, _rate = soundfile.read(tmp_path / "mix.flac")
    left = 0.5 * song(2.0, seed=1) @ np.array(PANNED[-0.4])
    right = 0.25 * song(2.0, seed=2) @ np.array(PANNED[1.0])
    assert np.abs(made - (left + right)).max() < 2 / 32768
    audio = song(1.0, seed=1).T
    plain = np.concatenate(list(time_stretch([([audio], 0.5)], 0.8, 0.0)), axis=1)
    panned = np.concatenate(list(time_stretch([([audio], 0.5 * pan_matrix(0.5))], 0.8, 0.0)), axis=1)
    assert np.allclose(panned.T, plain.T @ np.array(PANNED[0.5]), atol=1e-6)


def test_a_mix_that_clips_because_of_its_pan_is_quieter(tmp_path: Path) -> None:
    part = replace(store(tmp_path, 1, 1.0, loudness=1.0), pan=-1.0)
    loud = replace(part, gain=0.98 / part.peak)  # alone it would fit
    gain = render([loud], TempoPitch(), tmp_path / "mix.flac", Encoding("flac", None), lambda _done: None)
    assert gain < 1
