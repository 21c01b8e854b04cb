"""Stretched and shifted: the length is exact, tones keep their pitch, attacks come when they should."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.effects.time_stretch import time_stretch
from tests.songs import RATE, song

Samples = NDArray[np.float32]

CHANGES = [(0.5, 0.0), (2.0, 0.0), (0.83, 3.37), (1.0, -12.0), (0.5, 12.0), (2.0, -12.0), (1.25, -1.0)]

PLACES = [0, 1_000, 10_000, 13_000]
KNOWN = {
    0.8: [
        [-0.0993109792, -0.186476648, 0.0311898962, -0.162178531],
        [-0.0430076942, 0.848169863, -0.0297818854, 0.169175133],
        [0.0106441788, -0.184235528, 0.0397341363, -0.335629255],
        [-0.053110525, -0.497256041, 0.150003627, 0.257010341],
    ],
    0.5: [
        [-0.0139101231, -0.0021716475, -0.0957258269, 0.332240939],
        [-0.030887641, 0.203527004, 0.143935874, -0.241865382],
        [0.0547710955, 0.33522445, 0.250730604, -0.354289562],
        [-0.000544941984, 0.104848355, -0.160231024, 0.0568132438],
    ],
    1.5: [
        [-0.302859664, 0.564888, 0.415712357, 0.0528116263],
        [0.33792299, -0.0879425779, -0.403384924, -0.12752305],
        [0.129097193, -0.122114643, 0.0819964185, 0.219434306],
        [0.115236536, 0.149601772, -0.174294829, -0.284271419],
    ],
}


def in_blocks(audio: Samples, size: int) -> Iterator[Samples]:
    for start in range(0, audio.shape[1], size):
        yield audio[:, start : start + size]


def changed(audio: Samples, tempo: float, semitones: float, size: int = 30_011) -> Samples:
    return together([(audio, 1.0)], tempo, semitones, size)


def together(
    parts: list[tuple[Samples, float]], tempo: float, semitones: float, size: int = 30_011
) -> Samples:
    streams = [(in_blocks(audio, size), gain) for audio, gain in parts]
    made: Samples = np.concatenate(list(time_stretch(streams, tempo, semitones)), axis=1)
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
        blocks = list(time_stretch([(in_blocks(noise[:, :length], size), 1.0)], tempo, semitones))
        assert sum(block.shape[1] for block in blocks) == round(length / tempo)


def test_nothing_changed_is_every_sample() -> None:
    audio = song(0.5).T
    assert np.array_equal(changed(audio, 1.0, 0.0), audio)


def test_how_it_is_cut_into_blocks_does_not_matter() -> None:
    audio = song(3.0).T
    assert np.allclose(changed(audio, 0.8, 2.0, 1_000), changed(audio, 0.8, 2.0, 100_000), atol=1e-6)
    assert np.array_equal(changed(audio, 0.8, 0.0, 1_000), changed(audio, 0.8, 0.0, 100_000))


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
    assert np.allclose(made[1], -0.5 * made[0], atol=2e-4)  # 70 dB below the tone
    one_sided = song(2.0).T.copy()
    one_sided[1] = 0
    assert not changed(one_sided, 0.8, -2.0)[1].any()


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
        assert around.max() > 0.3
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
        assert around.max() > 0.5


@pytest.mark.parametrize("tempo", [0.5, 0.7, 0.8, 1.2, 1.5, 2.0])
def test_drums_come_on_time_and_stay_sharp(tempo: float) -> None:
    random = np.random.default_rng(1)
    time = np.arange(4 * RATE) / RATE
    drums = np.stack([0.4 * random.normal(size=len(time)) * np.exp(-40 * (time % 0.5))] * 2)
    made = changed(drums.astype(np.float32), tempo, 0.0)
    loudness = envelope(made)
    for beat in np.arange(0.5, 3.5, 0.5):
        at = round(beat * RATE / tempo)
        before, after = loudness[at - 1_323 : at - 441], loudness[at : at + 441]
        assert before.mean() < 0.15 * after.max()
        rise = at - 1_323 + int(np.argmax(loudness[at - 1_323 : at + 1_323] > 0.5 * after.max()))
        assert abs(rise + 220 - at) < 0.006 * RATE


@pytest.mark.parametrize("frequency", [55.0, 110.0, 1_760.0])
@pytest.mark.parametrize(("tempo", "semitones"), [(1.0, -2.0), (0.83, 3.37), (0.5, 12.0), (2.0, -12.0)])
def test_low_and_high_tones_are_in_tune(frequency: float, tempo: float, semitones: float) -> None:
    made = changed(tone(frequency), tempo, semitones)
    middle = made[0, RATE // 4 : -RATE // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 21))
    found = spectrum.argmax() * RATE / (1 << 21)
    assert abs(1200 * np.log2(found / (frequency * 2 ** (semitones / 12)))) < 2


def test_what_leaks_from_one_part_into_another_still_adds_up() -> None:
    chord = np.sum([tone(frequency) for frequency in (110.0, 220.0, 277.2, 329.6)], axis=0) * 0.3
    noise = np.random.default_rng(2).normal(0, 0.02, (2, *chord.shape)).astype(np.float32)
    one, two = (0.5 * chord + noise[0]).astype(np.float32), (0.5 * chord + noise[1]).astype(np.float32)
    whole = changed(one + two, 0.8, 0.0)
    made = together([(one, 1.0), (two, 1.0)], 0.8, 0.0)
    ratio = np.square(made).mean() / np.square(whole).mean()
    assert abs(10 * np.log10(ratio)) < 0.2


def test_gains_and_silent_parts_change_nothing_else() -> None:
    one, two = song(3.0, seed=1).T, song(2.0, seed=2).T
    both = together([(one, 1.0), (two, 0.25)], 0.8, 3.0)
    silent = np.zeros((2, 0), np.float32)
    with_silence = together([(one, 1.0), (silent, 1.0), (two, 0.25)], 0.8, 3.0)
    assert both.shape == with_silence.shape
    assert np.abs(both - with_silence).max() < 1e-6
    louder = together([(one, 2.0), (two, 0.5)], 0.8, 3.0)
    assert np.allclose(louder, 2 * both, atol=1e-5)


def test_the_samples_are_those_of_the_player() -> None:
    """``tests/js/player/stretch.test.js`` expects the same numbers of the same noise."""
    state, values = 1, []
    for _draw in range(4 * 20_000):
        state = (1_103_515_245 * state + 12_345) & 0x7FFFFFFF
        values.append(((state >> 16) - 16_384) / 32_768)
    noise = np.array(values, np.float32).reshape(20_000, 4).T
    for tempo, expected in KNOWN.items():
        made = [
            together([(noise[:2], one), (noise[2:], 1.0 - one)], tempo, 0.0)[:, PLACES] for one in (1.0, 0.0)
        ]
        assert np.array_equal(np.concatenate(made), np.array(expected, np.float32))


def test_memory_does_not_grow_with_the_song() -> None:
    taken = 0

    def blocks() -> Iterator[Samples]:
        nonlocal taken
        for second in range(30):
            taken = (second + 1) * RATE
            yield song(1.0).T

    heard = 0
    for block in time_stretch([(blocks(), 1.0)], 0.8, 2.0):
        heard += block.shape[1]
        assert taken - heard * 0.8 < 2 * RATE
    assert heard == round(30 * RATE / 0.8)
