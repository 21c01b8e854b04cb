"""Streams added up: sample by sample, whatever their blocks; never clipped."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audio.effects.mixing import Encoding, Part, TempoPitch, mix, render
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
