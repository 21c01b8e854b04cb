"""Clicks and count-in: where they are, what they sound like, and that streaming does not change them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.effects.clicks import LENGTH, Beat, Clicks, add_clicks, place_clicks, sound
from audio.effects.mixing import Encoding, Part, TempoPitch, render
from tests.songs import RATE, song

PERIOD = 20_000
BEATS = [Beat(5_000 + n * PERIOD, n % 4, 4) for n in range(12)]


def times(clicks: Clicks) -> list[int]:
    return [time for time, _accent in clicks.times]


def accents(clicks: Clicks) -> list[bool]:
    return [accent for _time, accent in clicks.times]


def test_clicks_are_at_the_beats() -> None:
    clicks = place_clicks(BEATS, 1.0, volume=0.5)
    assert times(clicks) == [beat.frame for beat in BEATS]
    assert accents(clicks) == [True, False, False, False] * 3
    assert (clicks.volume, clicks.lead) == (0.5, 0)


@pytest.mark.parametrize("tempo", [0.5, 0.8, 1.37])
def test_clicks_follow_the_tempo_that_is_heard(tempo: float) -> None:
    clicks = place_clicks(BEATS, tempo, volume=1)
    assert max(abs(time - beat.frame / tempo) for time, beat in zip(times(clicks), BEATS, strict=True)) <= 0.5


def test_clicks_of_an_excerpt_start_with_it() -> None:
    clicks = place_clicks(BEATS, 1.0, volume=1, start=25_000, stop=85_000)
    assert times(clicks) == [0, 20_000, 40_000]
    assert accents(clicks) == [False, False, False]


@pytest.mark.parametrize("bars", [1, 2])
@pytest.mark.parametrize("tempo", [1.0, 0.8])
def test_count_in_leads_into_the_first_beat(bars: int, tempo: float) -> None:
    clicks = place_clicks(BEATS, tempo, volume=1, count_in=bars)
    count = 4 * bars
    assert times(clicks)[0] == 0
    assert clicks.lead == round((count * PERIOD - 5_000) / tempo)
    assert np.abs(np.diff(times(clicks)) - PERIOD / tempo).max() <= 1
    assert accents(clicks) == [True, False, False, False] * (bars + 3)


def test_count_in_counts_the_bar_before_a_pickup() -> None:
    pickup = [Beat(n * PERIOD, (n + 3) % 4, 4) for n in range(9)]
    clicks = place_clicks(pickup, 1.0, volume=1, count_in=1)
    assert clicks.lead == 7 * PERIOD
    assert accents(clicks)[:9] == [True, False, False, False, True, False, False, False, True]


def test_count_in_of_a_late_first_beat_continues_the_grid_backwards() -> None:
    late = [Beat(6 * PERIOD + 7_000 + n * PERIOD, n % 4, 4) for n in range(8)]
    clicks = place_clicks(late, 1.0, volume=1, count_in=1)
    # six beats before the first one is the third of a bar: a whole bar and two beats are counted
    assert clicks.lead == 6 * PERIOD - 7_000
    assert accents(clicks)[:6] == [True, False, False, False, True, False]
    assert times(clicks)[6] == clicks.lead + 6 * PERIOD + 7_000


def test_count_in_of_an_excerpt_has_the_tempo_there() -> None:
    faster = [*BEATS[:4], *(Beat(85_000 + n * 10_000, n % 3, 3) for n in range(9))]
    clicks = place_clicks(faster, 0.5, volume=1, count_in=1, start=85_000)
    assert clicks.lead == 60_000
    assert times(clicks)[:4] == [0, 20_000, 40_000, 60_000]
    assert accents(clicks)[:4] == [True, False, False, True]


@pytest.mark.parametrize("start", [245_000, 260_000])
def test_count_in_after_the_last_beat(start: int) -> None:
    clicks = place_clicks(BEATS, 1.0, volume=1, count_in=1, start=start)
    assert times(clicks)[0] == 0
    assert (clicks.lead - (start - 5_000)) % PERIOD == 0


def test_count_in_alone_is_heard_without_a_metronome() -> None:
    clicks = place_clicks(BEATS, 1.0, volume=0, count_in=1)
    assert (times(clicks), clicks.volume) == ([0, 20_000, 40_000, 60_000], 1.0)


@pytest.mark.parametrize("accent", [True, False])
def test_click_is_short_and_begins_and_ends_in_silence(*, accent: bool) -> None:
    click = sound(accent=accent)
    frequency, level = (1760, 0.6) if accent else (1320, 0.4)
    n = np.arange(LENGTH) / RATE
    formula = level * np.sin(2 * np.pi * frequency * n) * np.exp(-n / 0.008)
    assert click.shape == (LENGTH,)
    assert np.abs(click[:1_300] - formula[:1_300]).max() < 1e-6
    assert click[0] == 0
    assert abs(click[-1]) < 1e-5
    assert np.abs(click).max() < level


@pytest.mark.parametrize("size", [100, 1_777, 50_000])
def test_clicks_do_not_depend_on_the_blocks(size: int) -> None:
    music = song(1.0, seed=4).T
    clicks = Clicks(((0, True), (1_000, False), (30_000, True), (46_000, False)), 0.5, lead=3_000)
    blocks = [music[:, begin : begin + size] for begin in range(0, music.shape[1], size)]
    made = np.concatenate(list(add_clicks(blocks, clicks)), axis=1)
    wanted = np.zeros((2, 3_000 + music.shape[1] + LENGTH), np.float32)
    wanted[:, 3_000 : 3_000 + music.shape[1]] = music
    for time, accent in clicks.times:
        wanted[:, time : time + LENGTH] += 0.5 * sound(accent=accent)
    assert made.shape[1] == 3_000 + music.shape[1]
    assert np.abs(made - wanted[:, : made.shape[1]]).max() < 1e-6


@pytest.mark.parametrize("tempo", [1.0, 0.8])
def test_mix_has_clicks_at_the_sample_and_is_as_long_as_it_says(tmp_path: Path, tempo: float) -> None:
    soundfile.write(tmp_path / "song.wav", song(2.0, seed=1) * 0.3, RATE, subtype="PCM_16")
    parts = [Part(tmp_path / "song.wav", 1.0, 2.0, 0.3)]
    clicks = place_clicks([Beat(8_000 + n * 20_000, n, 4) for n in range(4)], tempo, volume=1, count_in=1)
    plain, clicked, wav = tmp_path / "plain.wav", tmp_path / "clicked.wav", Encoding("wav", None)
    render(parts, TempoPitch(tempo), plain, wav, lambda _share: None)
    assert render(parts, TempoPitch(tempo), clicked, wav, lambda _share: None, clicks=clicks) == 1.0
    before, after = soundfile.read(plain)[0], soundfile.read(clicked)[0]
    assert len(after) == clicks.lead + len(before)
    only = after.copy()
    only[clicks.lead :] -= before
    wanted = np.zeros_like(only)
    for time, accent in clicks.times:
        part = sound(accent=accent)[: len(wanted) - time]
        wanted[time : time + len(part)] += part[:, None]
    assert np.abs(only - wanted).max() < 3 / 32768


def test_clicks_are_quieter_with_the_mix_that_would_clip(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.wav", song(1.0, seed=1) * 0.9, RATE, subtype="PCM_16")
    parts = [Part(tmp_path / "song.wav", 1.0, 1.0, 0.9)]
    clicks = Clicks(((0, True), (20_000, True)), 2.0, lead=10_000)
    path = tmp_path / "mix.wav"
    gain = render(parts, TempoPitch(), path, Encoding("wav", None), lambda _share: None, clicks=clicks)
    made = soundfile.read(path)[0]
    assert gain < 1
    assert np.abs(made[:LENGTH, 0] - 2.0 * gain * sound(accent=True)).max() < 3 / 32768
