"""The streaming harness: every sample of the song, whatever its length, its blocks and the engine's chunking."""

import threading
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Literal

import numpy as np
import pytest

from separation.engines.chunking import Chunking
from separation.engines.streaming import Statistics, measure, separate
from tests.separation.engines.fakes import Audio, FakeEngine, blocks, identity, joined, smoothed, song

LENGTH, STRIDE = 32, 24
LENGTHS = (
    0,
    1,
    STRIDE - 1,
    STRIDE,
    STRIDE + 1,
    LENGTH - 1,
    LENGTH,
    LENGTH + 1,
    2 * STRIDE,
    5 * STRIDE + 13,
    211,
)
CLOSE = 1e-6

ShortEnds = Literal["zeros", "centred", "short"]
SHORT_ENDS: tuple[ShortEnds, ...] = ("zeros", "centred", "short")


def triangle(length: int) -> Audio:
    rising = np.arange(1, length // 2 + 1, dtype=np.float32)
    weights: Audio = np.concatenate([rising, rising[::-1]]) / rising[-1]
    return weights


def run(audio: Audio, engine: FakeEngine, statistics: Statistics | None = None) -> Audio:
    stems = joined(list(separate(blocks(audio, np.random.default_rng(7)), engine, statistics)))
    np.testing.assert_allclose(stems[1], -0.5 * stems[0], rtol=0, atol=CLOSE)
    result: Audio = stems[0]
    return result


@pytest.mark.parametrize("samples", LENGTHS)
@pytest.mark.parametrize("short_ends", SHORT_ENDS)
@pytest.mark.parametrize("stride", [STRIDE, 7, LENGTH])
def test_chunks_are_weighted_and_divided_by_the_sum_of_the_weights(
    samples: int, short_ends: ShortEnds, stride: int
) -> None:
    chunking = Chunking(LENGTH, stride, window=triangle(LENGTH), short_ends=short_ends)
    audio = song(samples)
    expected, weights = np.zeros((2, samples)), np.zeros(samples)
    for start in range(0, samples, stride):
        left = min(LENGTH, samples - start)
        before = (LENGTH - left) // 2 if short_ends == "centred" else 0
        size = left if short_ends == "short" else LENGTH
        padded = np.pad(audio, ((0, 0), (LENGTH, LENGTH)))[:, start - before + LENGTH :][:, :size]
        made = smoothed(padded)[:, before : before + left]
        expected[:, start : start + left] += triangle(LENGTH)[:left] * made
        weights[start : start + left] += triangle(LENGTH)[:left]
    result = run(audio, FakeEngine(chunking, smoothed, slots=2))
    assert result.shape == (2, samples)
    np.testing.assert_allclose(result, expected / np.maximum(weights, 1e-9), rtol=0, atol=1e-5)


@pytest.mark.parametrize("samples", LENGTHS)
def test_partial_sums_are_added(samples: int) -> None:
    overlap = LENGTH - STRIDE
    taper = np.ones(LENGTH, np.float32)
    taper[:overlap] = np.linspace(0, 1, overlap)
    taper[STRIDE:] = 1 - taper[:overlap]
    chunking = Chunking(LENGTH, STRIDE, lead=overlap)
    result = run(song(samples), FakeEngine(chunking, lambda chunk: chunk * taper, slots=3))
    np.testing.assert_allclose(result, song(samples), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("samples", LENGTHS)
@pytest.mark.parametrize("short_ends", ["zeros", "short"])
@pytest.mark.parametrize("lead", [0, 5])
@pytest.mark.parametrize("windowed", [False, True])
def test_context_makes_chunks_equal_to_the_whole_song(
    samples: int, short_ends: ShortEnds, lead: int, windowed: bool
) -> None:
    chunking = Chunking(
        LENGTH,
        14 if windowed else LENGTH - 10,
        lead=lead,
        window=triangle(LENGTH) if windowed else None,
        context=5,
        short_ends=short_ends,
    )
    result = run(song(samples), FakeEngine(chunking, smoothed))
    np.testing.assert_allclose(result, smoothed(song(samples)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("short_ends", SHORT_ENDS)
def test_only_where_ends_may_be_short_a_network_sees_less_than_a_chunk(short_ends: ShortEnds) -> None:
    engine = FakeEngine(Chunking(LENGTH, STRIDE, short_ends=short_ends), identity)
    list(separate([song(STRIDE + 6)], engine))
    sizes = [chunk.shape[1] for chunk in engine.given]
    assert sizes == ([STRIDE + 6, 6] if short_ends == "short" else [LENGTH, LENGTH])


@pytest.mark.parametrize("samples", LENGTHS)
def test_normalised_songs_come_back_at_their_own_level(samples: int) -> None:
    chunking = Chunking(LENGTH, STRIDE, window=triangle(LENGTH), normalise=True)
    audio = song(samples)
    engine = FakeEngine(chunking, identity)
    np.testing.assert_allclose(
        joined(list(separate([audio], engine, measure([audio]))))[0], audio, atol=CLOSE
    )
    if samples > LENGTH:
        first = engine.given[0]
        mono = audio.mean(axis=0, dtype=np.float64)
        expected = (audio[:, :LENGTH] - mono.mean()) / mono.std(ddof=1)
        np.testing.assert_allclose(first, expected, rtol=0, atol=CLOSE)


def test_statistics_do_not_depend_on_the_blocks() -> None:
    audio = song(5000) * 3 + 10
    whole = measure([audio])
    mono = audio.mean(axis=0, dtype=np.float64)
    assert whole.mean == pytest.approx(mono.mean(), rel=1e-12)
    assert whole.deviation == pytest.approx(mono.std(ddof=1), rel=1e-12)
    in_blocks = measure(blocks(audio, np.random.default_rng(1)))
    assert in_blocks.mean == pytest.approx(whole.mean, rel=1e-12)
    assert in_blocks.deviation == pytest.approx(whole.deviation, rel=1e-12)


@pytest.mark.parametrize(
    "audio", [song(0), song(1), np.full((2, 50), 0.25, np.float32)], ids=["none", "one", "flat"]
)
def test_what_has_no_deviation_is_not_divided_by_it(audio: Audio) -> None:
    statistics = measure([audio])
    assert statistics.deviation == 1
    engine = FakeEngine(Chunking(LENGTH, STRIDE, normalise=True), identity)
    assert np.isfinite(joined(list(separate([audio], engine, statistics)))).all()


def test_an_engine_that_normalises_needs_statistics() -> None:
    engine = FakeEngine(Chunking(LENGTH, STRIDE, normalise=True), identity)
    with pytest.raises(ValueError, match="fake:two needs the statistics"):
        list(separate([song(10)], engine))


def test_songs_take_turns_on_one_engine() -> None:
    engine = FakeEngine(Chunking(LENGTH, STRIDE, window=triangle(LENGTH)), smoothed, slots=2)
    songs = [song(200), song(333)]
    alone = [joined(list(separate([audio], engine))) for audio in songs]
    together: list[list[Audio]] = [[], []]
    for pair in zip_longest(*(separate([audio], engine) for audio in songs)):
        for pieces, piece in zip(together, pair, strict=True):
            if piece is not None:
                pieces.append(piece)
    for pieces, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(joined(pieces), expected)


def test_slots_work_at_the_same_time() -> None:
    both = threading.Barrier(2)

    def wait(chunk: Audio) -> Audio:
        both.wait(10)
        return chunk

    audio = song(4 * LENGTH)
    np.testing.assert_array_equal(run(audio, FakeEngine(Chunking(LENGTH, LENGTH), wait, slots=2)), audio)


def test_the_song_is_read_only_as_far_as_chunks_are_needed() -> None:
    """Whatever the length: so memory does not depend on it."""
    ahead, read, written = [], 0, 0

    def source() -> Iterator[Audio]:
        nonlocal read
        for _ in range(500):
            yield np.zeros((2, 10), np.float32)
            read += 10

    for piece in separate(
        source(), FakeEngine(Chunking(LENGTH, STRIDE, short_ends="centred"), identity, slots=2)
    ):
        written += piece.shape[2]
        ahead.append(read - written)
    assert written == 5000
    assert max(ahead) <= LENGTH + 3 * STRIDE


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Chunking(32, 33),
        lambda: Chunking(32, 24, context=5),
        lambda: Chunking(32, 24, lead=32),
        lambda: Chunking(32, 24, window=np.ones(31, np.float32)),
        lambda: Chunking(32, 24, window=np.zeros(32, np.float32)),
    ],
    ids=["gap", "gap of context", "lead", "window", "weights"],
)
def test_chunks_that_would_lose_samples_are_refused(wrong: Callable[[], Chunking]) -> None:
    with pytest.raises(ValueError, match="chunk"):
        wrong()
