"""Stretched and shifted: the length is exact, tones keep their pitch, attacks come when they should."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.effects.onsets import OnsetDetector
from audio.effects.time_stretch import Vocoder, time_stretch
from tests.songs import RATE, song

Samples = NDArray[np.float32]

CHANGES = [(0.5, 0.0), (2.0, 0.0), (0.83, 3.37), (1.0, -12.0), (0.5, 12.0), (2.0, -12.0), (1.25, -1.0)]


def in_blocks(audio: Samples, size: int) -> Iterator[Samples]:
    for start in range(0, audio.shape[1], size):
        yield audio[:, start : start + size]


def changed(audio: Samples, tempo: float, semitones: float, size: int = 30_011) -> Samples:
    made: Samples = np.concatenate(list(time_stretch(in_blocks(audio, size), tempo, semitones)), axis=1)
    return made


def tone(frequency: float, seconds: float = 3.0) -> Samples:
    time = np.arange(round(seconds * RATE)) / RATE
    both = [0.5 * np.sin(2 * np.pi * frequency * time), 0.3 * np.sin(2 * np.pi * frequency * time + 1)]
    made: Samples = np.stack(both).astype(np.float32)
    return made


def clicks(seconds: float, places: list[float]) -> Samples:
    audio = np.zeros((2, round(seconds * RATE)), np.float32)
    for place in places:
        audio[:, round(place * RATE)] = 0.8
    return audio


def envelope(audio: Samples) -> NDArray[np.float64]:
    """The loudness of the first channel, over 10 ms."""
    loudness: NDArray[np.float64] = np.sqrt(
        np.convolve(np.square(audio[0], dtype=np.float64), np.ones(441) / 441, "valid")
    )
    return loudness


@pytest.mark.parametrize(("tempo", "semitones"), CHANGES)
def test_the_length_is_exact_however_it_comes(tempo: float, semitones: float) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (2, 70_017)).astype(np.float32)
    for length, size in itertools.product((0, 1, 5_000, 50_017), (997, 70_000)):
        blocks = list(time_stretch(in_blocks(noise[:, :length], size), tempo, semitones))
        assert sum(block.shape[1] for block in blocks) == round(length / tempo)


def test_nothing_changed_is_every_sample() -> None:
    audio = song(0.5).T
    assert np.array_equal(changed(audio, 1.0, 0.0), audio)


def test_how_it_is_cut_into_blocks_does_not_matter() -> None:
    audio = song(3.0).T
    assert np.allclose(changed(audio, 0.8, 2.0, 1_000), changed(audio, 0.8, 2.0, 100_000), atol=1e-6)


@pytest.mark.parametrize(("tempo", "semitones"), CHANGES)
def test_a_tone_keeps_its_loudness_and_goes_where_it_should(tempo: float, semitones: float) -> None:
    made = changed(tone(440.0), tempo, semitones)
    middle = made[0, RATE // 4 : -RATE // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 8 * len(middle)))
    found = spectrum.argmax() * RATE / (8 * len(middle))
    assert found == pytest.approx(440 * 2 ** (semitones / 12), abs=0.1)
    loudness = envelope(made[:, RATE // 4 : -RATE // 4])
    assert loudness.min() > 0.94 * 0.5 / np.sqrt(2)
    assert loudness.max() < 1.06 * 0.5 / np.sqrt(2)


def test_the_stereo_image_stays() -> None:
    audio = tone(300.0)
    audio[1] = -0.5 * audio[0]
    made = changed(audio, 0.8, 0.0)
    assert np.allclose(made[1], -0.5 * made[0], atol=1e-5)


@pytest.mark.parametrize(
    ("tempo", "semitones"), [(0.5, 0.0), (0.8, 0.0), (2.0, 0.0), (1.0, 5.0), (1.3, -12.0)]
)
def test_clicks_stay_clicks_and_come_on_time(tempo: float, semitones: float) -> None:
    places = [0.5, 1.0, 1.5, 2.0, 2.26, 3.4]  # one after another, and two close together
    made = changed(clicks(4.0, places), tempo, semitones)
    for place in places:
        at = round(place * RATE / tempo)
        around = np.abs(made[0, at - 2_000 : at + 2_000])
        assert abs(int(around.argmax()) - 2_000) < 0.001 * RATE
        assert around.max() > 0.4
        near = np.square(around[2_000 - 100 : 2_000 + 100]).sum()
        assert near > 0.9 * np.square(around).sum()


def test_clicks_stay_clicks_over_a_chord() -> None:
    chord = sum(tone(frequency) for frequency in (220.0, 277.2, 329.6)) * 0.3
    made = changed((chord + clicks(3.0, [0.7, 1.2, 1.7, 2.2])).astype(np.float32), 0.8, 0.0)
    steps = np.abs(np.diff(made[0]))
    for place in (0.7, 1.2, 1.7, 2.2):
        at = round(place * RATE / 0.8)
        around = steps[at - 2_000 : at + 2_000]
        assert abs(int(around.argmax()) - 2_000) < 0.001 * RATE
        assert around.max() > 0.6


def test_the_drums_of_a_song_are_found_and_its_tones_are_not() -> None:
    audio = song(10.0).T
    attacks = OnsetDetector()
    found = np.array([place for block in in_blocks(audio, 7_777) for place in attacks.push(block)])
    beats = np.round(found / RATE / 0.25) * 0.25
    assert len(found) == 40
    assert np.abs(found / RATE - beats).max() < 0.003
    assert OnsetDetector().push(tone(55.0)) == [0]


def test_memory_does_not_grow_with_the_song() -> None:
    vocoder = Vocoder(1.25)
    block = song(1.0).T
    for _second in range(30):
        for _part in vocoder.push(block):
            pass
    assert vocoder._buffer.shape[1] < 4 * RATE
