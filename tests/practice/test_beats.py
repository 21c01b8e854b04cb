"""Beat grids: what follows from anchors and bars, and how grids are made and changed."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import CatalogError
from practice.beats import (
    Grid,
    check,
    constant,
    double,
    from_taps,
    halve,
    move,
    set_bars,
    set_tempo,
    shift,
)

RATE = 44_100
MINUTE = 60 * RATE
LENGTH = 200 * RATE
SIMPLE = Grid(((0, 100), (4, 88_300)), ((0, 4),))  # 120 a minute


def refused(error: pytest.ExceptionInfo[CatalogError]) -> str:
    """The field that an error names."""
    assert error.value.code == "bad_beats"
    (name,) = error.value.by_field or {}
    return name


def test_beats_lie_evenly_between_anchors() -> None:
    assert SIMPLE.beats == [100, 22_150, 44_200, 66_250, 88_300]
    assert (SIMPLE.count, SIMPLE.tempo) == (5, 120.0)


def test_beats_are_rounded_half_up() -> None:
    assert Grid(((0, 0), (2, 22_051)), ((0, 4),)).beats == [0, 11_026, 22_051]
    assert Grid(((0, 0), (3, 40_001)), ((0, 4),)).beats == [0, 13_334, 26_667, 40_001]


def test_grid_of_thousands_of_single_beats_is_what_was_tracked() -> None:
    rng = random.Random(1)
    frames = [1000]
    for _ in range(9_999):
        frames.append(frames[-1] + rng.randrange(18_000, 26_000))
    grid = check(Grid(tuple(enumerate(frames)), ((3, 4),)), frames[-1] + 1)
    assert grid.beats == frames
    assert grid.downbeats[:2] == [3, 7]


@pytest.mark.parametrize(
    ("bars", "downbeats"),
    [
        (((0, 4),), [0, 4, 8]),
        (((3, 4),), [3, 7, 11]),
        (((6, 4),), [2, 6, 10]),
        (((0, 4), (6, 3)), [0, 4, 6, 9]),
        (((1, 4), (2, 5), (11, 1)), [1, 2, 7, 11]),
    ],
)
def test_downbeats_follow_from_bars(bars: tuple[tuple[int, int], ...], downbeats: list[int]) -> None:
    grid = check(Grid(((0, 0), (11, 11 * 22_050)), bars), LENGTH)
    assert grid.downbeats == downbeats


def test_beats_per_bar_at_a_beat() -> None:
    grid = Grid(((0, 0), (11, 11 * 22_050)), ((2, 4), (6, 3)))
    assert [grid.beats_per_bar(beat) for beat in (0, 2, 5, 6, 11)] == [4, 4, 4, 3, 3]


@pytest.mark.parametrize(
    ("anchors", "bars", "field"),
    [
        (((0, 0),), ((0, 4),), "anchors"),
        (((1, 0), (2, 22_050)), ((0, 4),), "anchors"),
        (((0, 0), (2, 44_100), (1, 66_150)), ((0, 4),), "anchors"),
        (((0, 0), (1, 44_100), (2, 44_000)), ((0, 4),), "anchors"),
        (((0, -1), (1, 22_050)), ((0, 4),), "anchors"),
        (((0, 0), (400, LENGTH)), ((0, 4),), "anchors"),
        (((0, 0), (1, 6_000)), ((0, 4),), "anchors"),
        (((0, 0), (1, 140_000)), ((0, 4),), "anchors"),
        (((0, 0), (1, 22_050)), (), "bars"),
        (((0, 0), (1, 22_050)), ((0, 0),), "bars"),
        (((0, 0), (1, 22_050)), ((0, 17),), "bars"),
        (((0, 0), (1, 22_050)), ((-1, 4),), "bars"),
        (((0, 0), (1, 22_050)), ((1, 4), (1, 3)), "bars"),
        (((0, 0), (1, 22_050)), ((0, 4), (2, 3)), "bars"),
    ],
)
def test_grids_that_are_none_are_refused(
    anchors: tuple[tuple[int, int], ...], bars: tuple[tuple[int, int], ...], field: str
) -> None:
    with pytest.raises(CatalogError) as error:
        check(Grid(anchors, bars), LENGTH)
    assert refused(error) == field


@settings(deadline=None)
@given(st.floats(20, 400), st.integers(1, 16), st.floats(0, 1), st.integers(20 * RATE, 600 * RATE))
def test_constant_tempo_fills_the_song(tempo: float, per_bar: int, where: float, length: int) -> None:
    downbeat = where * (length - 1)
    grid = constant(tempo, per_bar, downbeat, length)
    period = MINUTE / tempo
    assert 0 <= grid.beats[0] < period + 1
    assert length - period - 1 <= grid.beats[-1] < length
    assert abs(grid.tempo - tempo) < 0.02
    near = min(range(grid.count), key=lambda beat: abs(grid.beats[beat] - downbeat))
    assert abs(grid.beats[near] - downbeat) <= 1.01
    assert near in grid.downbeats
    assert all(next_one - one == per_bar for one, next_one in pairwise(grid.downbeats))


def test_constant_tempo_needs_two_beats() -> None:
    with pytest.raises(CatalogError) as error:
        constant(60, 4, 0, 40_000)
    assert refused(error) == "tempo"


@pytest.mark.parametrize("tempo", [52.0, 98.6, 127.3, 240.0])
def test_taps_with_human_noise_find_tempo_and_phase(tempo: float) -> None:
    rng = random.Random(3)
    period = MINUTE / tempo
    taps = [90_000 + n * period + rng.gauss(0, 0.02 * RATE) for n in range(48)]
    grid = from_taps(taps, 4, LENGTH)
    assert abs(grid.tempo - tempo) < 0.004 * tempo
    nearest = min(grid.downbeats, key=lambda beat: abs(grid.beats[beat] - 90_000))
    assert abs(grid.beats[nearest] - 90_000) < 0.02 * RATE


def test_taps_left_out_doubled_and_wrong_do_no_harm() -> None:
    rng = random.Random(5)
    period = 22_050
    taps = [50_000.0 + n * period + rng.gauss(0, 500) for n in range(40) if n not in {5, 6, 17, 30}]
    taps += [taps[8] + 900, taps[20] + 1_000]  # the key bounced
    taps += [taps[12] + 9_000, taps[25] - 8_000]  # a wrong moment
    grid = from_taps(taps, 3, LENGTH)
    assert abs(grid.tempo - 120) < 0.3
    nearest = min(grid.downbeats, key=lambda beat: abs(grid.beats[beat] - 50_000))
    assert abs(grid.beats[nearest] - 50_000) < 600


@pytest.mark.parametrize(
    "taps", [[0, 22_050, 44_100], [0, 10, 20, 30, 40], [n * 200_000.0 for n in range(5)]]
)
def test_taps_without_a_tempo_are_refused(taps: list[float]) -> None:
    with pytest.raises(CatalogError) as error:
        from_taps(taps, 4, 20 * LENGTH)
    assert refused(error) == "taps"


def test_moving_a_beat_bends_the_tempo_around_it() -> None:
    moved = move(SIMPLE, 2, 46_200, LENGTH)
    assert moved.beats == [100, 23_150, 46_200, 67_250, 88_300]
    assert move(moved, 2, 44_200, LENGTH).beats == SIMPLE.beats


def test_moving_a_beat_alone_leaves_the_others() -> None:
    assert move(SIMPLE, 2, 46_200, LENGTH, alone=True).beats == [100, 22_150, 46_200, 66_250, 88_300]
    assert move(SIMPLE, 0, 1_100, LENGTH, alone=True).beats == [1_100, 22_150, 44_200, 66_250, 88_300]


@pytest.mark.parametrize(("beat", "frame", "field"), [(9, 0, "beat"), (-1, 0, "beat"), (2, 100, "anchors")])
def test_moving_a_beat_out_of_order_is_refused(beat: int, frame: int, field: str) -> None:
    with pytest.raises(CatalogError) as error:
        move(SIMPLE, beat, frame, LENGTH)
    assert refused(error) == field


def test_tempo_from_a_beat_on() -> None:
    grid = set_tempo(constant(120, 4, 0, 20 * RATE), 8, 60, 20 * RATE)
    assert grid.beats[:9] == [n * 22_050 for n in range(9)]
    assert grid.beats[8:] == [176_400 + n * 44_100 for n in range(16)]
    faster = set_tempo(grid, 4, 240, 20 * RATE)
    assert faster.beats[4:7] == [88_200, 99_225, 110_250]
    with pytest.raises(CatalogError) as error:
        set_tempo(grid, grid.count - 1, 60, 20 * RATE)
    assert refused(error) == "tempo"


def test_tempo_from_a_beat_on_drops_bars_beyond_the_end() -> None:
    grid = Grid(((0, 0), (39, 39 * 22_050)), ((0, 4), (36, 3)))
    assert set_tempo(grid, 8, 60, 20 * RATE).bars == ((0, 4),)


def test_bars_everywhere_and_from_a_beat_on() -> None:
    grid = Grid(((0, 0), (11, 11 * 22_050)), ((0, 4), (8, 2)))
    assert set_bars(grid, 6, 4, everywhere=True).downbeats == [2, 6, 10]
    assert set_bars(grid, 6, 3, everywhere=False).bars == ((0, 4), (6, 3))
    assert set_bars(grid, 0, 3, everywhere=False).bars == ((0, 3),)
    with pytest.raises(CatalogError) as error:
        set_bars(grid, 12, 4, everywhere=True)
    assert refused(error) == "beat"


def test_shift_leaves_out_what_would_be_outside() -> None:
    later = shift(SIMPLE, 441, LENGTH)
    assert later.beats == [frame + 441 for frame in SIMPLE.beats]
    earlier = shift(Grid(SIMPLE.anchors, ((0, 4), (3, 2))), -30_000, LENGTH)
    assert earlier.beats == [14_200, 36_250, 58_300]
    assert earlier.bars == ((1, 2),)
    assert shift(SIMPLE, 30_000, 100_000).beats == [30_100, 52_150, 74_200, 96_250]
    with pytest.raises(CatalogError) as error:
        shift(SIMPLE, -80_000, LENGTH)
    assert refused(error) == "seconds"


def test_shift_keeps_the_ones() -> None:
    grid = Grid(((0, 0), (11, 11 * 22_050)), ((1, 4), (6, 3)))
    times = [grid.beats[beat] for beat in grid.downbeats]
    for frames in (-20_000, -40_000, -100_000, -130_000, -160_000):
        moved = shift(grid, frames, LENGTH)
        expected = [time + frames for time in times if time + frames >= 0]
        assert [moved.beats[beat] for beat in moved.downbeats] == expected


def test_double_and_halve_are_inverse() -> None:
    grid = Grid(((0, 100), (4, 88_300), (9, 220_000)), ((1, 4), (5, 3)))
    twice = double(grid, LENGTH)
    assert twice.beats[::2] == grid.beats
    assert twice.downbeats[0] == 2
    assert halve(twice, LENGTH) == grid


def test_halve_keeps_the_one_and_the_tempo_around_every_anchor() -> None:
    frames = [0, 20_000, 41_000, 60_000, 82_000, 100_000, 125_000, 140_000]
    grid = Grid(tuple(enumerate(frames)), ((1, 4),))
    half = halve(grid, LENGTH)
    assert half.beats == frames[1::2]
    assert half.downbeats == [0]
    bent = Grid(((0, 0), (3, 60_000), (8, 170_000)), ((0, 4), (5, 3)))
    halved = halve(bent, LENGTH)
    assert halved.beats == bent.beats[::2]
    assert halved.bars == ((0, 4), (3, 3))


def test_halving_two_beats_is_refused() -> None:
    with pytest.raises(CatalogError) as error:
        halve(Grid(((0, 0), (1, 22_050)), ((0, 4),)), LENGTH)
    assert refused(error) == "beat"
