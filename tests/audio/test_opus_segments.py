"""Opus segments: what players decode one by one is what a decoder of the whole stem gives."""

import io
import itertools
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from audio.encoding.opus_segments import (
    OPUS_SEGMENT_SAMPLES,
    encode_segments,
    parse_table,
    read_growing,
    segment_count,
    table_size,
)
from audio.errors import Damaged
from audio.ogg import checksum, opus_file, pre_skip
from tests.songs import RATE, song

Samples = NDArray[np.float32]

SILENT = 10 ** (-90 / 20)
"""A difference that 16-bit sound does not show."""


def no_report(_share: float) -> None:
    pass


def blocks(samples: Samples, size: int = 40_000) -> Iterator[Samples]:
    for start in range(0, samples.shape[1], size):
        yield samples[:, start : start + size]


def decoded(data: bytes) -> Samples:
    """What FFmpeg's decoder makes of an Ogg Opus file."""
    with av.open(io.BytesIO(data), "r") as file:
        frames = [frame.to_ndarray() for frame in file.decode(audio=0)]
    joined: Samples = np.concatenate(frames, axis=1)
    return joined


def packets(data: bytes) -> list[bytes]:
    """The packets of an Ogg Opus file, without its two headers."""
    with av.open(io.BytesIO(data), "r") as file:
        return [bytes(packet) for packet in file.demux(audio=0) if packet.size]


def segments(path: Path, stems: int, samples: int) -> list[list[bytes]]:
    """The files of each stem."""
    data = path.read_bytes()
    offsets = parse_table(data[: table_size(stems, samples)])
    files = [data[start:stop] for start, stop in itertools.pairwise(offsets)]
    assert offsets[-1] == len(data)
    return [files[stem::stems] for stem in range(stems)]


def whole(files: list[bytes], samples: int) -> bytes:
    """The stem as one Ogg Opus file, from the packets of its segments, each taken once."""
    stream: list[bytes] = []
    delay = pre_skip(files[0])
    for n, file in enumerate(files):
        first = (n * OPUS_SEGMENT_SAMPLES + delay - pre_skip(file)) // 960
        stream += packets(file)[len(stream) - first :]
    return opus_file(stream, delay, samples, RATE)


@cache
def pop(samples: int) -> Samples:
    return np.ascontiguousarray(song(samples / RATE + 0.1, seed=3)[:samples].T, np.float32)


def tones(samples: int, harmonics: int) -> Samples:
    time = 2 * np.pi * 55 * np.arange(samples) / RATE
    string = sum(np.sin(n * time) / n for n in range(1, harmonics + 1))
    return np.tile(np.float32(0.4) * np.asarray(string, np.float32), (2, 1))


SOUNDS: dict[str, Callable[[int], Samples]] = {
    "song": pop,
    "loud": lambda samples: np.clip(pop(samples) * 8, -1, 1),  # clipped, as the loudest stems are
    "one channel": lambda samples: pop(samples) * np.array([[1], [0]], np.float32),
    "opposite channels": lambda samples: pop(samples)[:1] * np.array([[1], [-1]], np.float32),
    "bass": lambda samples: tones(samples, 12),
    "pure tone": lambda samples: tones(samples, 1),
    "silence": lambda samples: np.zeros((2, samples), np.float32),
}


@pytest.mark.parametrize("kind", SOUNDS)
def test_segments_join_as_a_decoder_of_the_whole_stem_goes_on(tmp_path: Path, kind: str) -> None:
    samples = 2 * OPUS_SEGMENT_SAMPLES + 9_999
    original = SOUNDS[kind](samples)
    encode_segments([blocks(original)], samples, tmp_path / "x", 80, no_report)
    (files,) = segments(tmp_path / "x", 1, samples)
    parts = [decoded(file) for file in files]
    assert [part.shape[1] for part in parts] == [OPUS_SEGMENT_SAMPLES, OPUS_SEGMENT_SAMPLES, 9_999]
    joined, reference = np.concatenate(parts, axis=1), decoded(whole(files, samples))
    assert joined.shape == reference.shape == original.shape
    limit = 10 ** (-55 / 20) if kind == "pure tone" else SILENT
    assert np.abs(joined - reference).max() < limit
    # No step at a join that the whole has not: the difference between neighbouring samples is the same.
    for join in (OPUS_SEGMENT_SAMPLES, 2 * OPUS_SEGMENT_SAMPLES):
        steps, wanted = (np.diff(sound[:, join - 2 : join + 2]) for sound in (joined, reference))
        assert np.abs(steps - wanted).max() < 2 * limit
    if kind == "silence":
        assert np.abs(joined).max() < SILENT
    elif kind in {"song", "loud"}:  # nothing is shifted
        errors = [np.square(np.roll(joined, lag, axis=1) - original).mean() for lag in (-1, 0, 1)]
        assert min(errors) == errors[1]


@pytest.mark.parametrize(
    "samples",
    [
        *(1, 300, 647, 648, 649, 960, 961),
        *(OPUS_SEGMENT_SAMPLES - 1, OPUS_SEGMENT_SAMPLES, OPUS_SEGMENT_SAMPLES + 1),
        *(OPUS_SEGMENT_SAMPLES + 136, OPUS_SEGMENT_SAMPLES + 137, 3 * OPUS_SEGMENT_SAMPLES),
    ],
)
def test_stems_of_any_length_keep_it(tmp_path: Path, samples: int) -> None:
    encode_segments([blocks(SOUNDS["bass"](samples), 777)], samples, tmp_path / "x", 64, no_report)
    (files,) = segments(tmp_path / "x", 1, samples)
    assert len(files) == segment_count(samples)
    *others, last = [decoded(file) for file in files]
    assert all(part.shape[1] == OPUS_SEGMENT_SAMPLES for part in others)
    rest = samples - len(others) * OPUS_SEGMENT_SAMPLES
    assert rest <= last.shape[1]
    if others and rest <= 136:  # all of it in the 137th packet, 824 samples from its beginning
        assert last.shape[1] == 136
    else:
        assert last.shape[1] == rest
    joined = np.concatenate([*others, last[:, :rest]], axis=1)
    assert np.abs(joined - decoded(whole(files, samples))).max() < SILENT


def test_first_segments_of_all_stems_are_there_first(tmp_path: Path) -> None:
    samples, path = 2 * OPUS_SEGMENT_SAMPLES, tmp_path / "x"
    seen: list[tuple[float, list[bool]]] = []

    def report(share: float) -> None:
        seen.append((share, [read_growing(path, number) is not None for number in range(4)]))

    stems = [SOUNDS["song"](samples), SOUNDS["bass"](samples)]
    encode_segments([blocks(stem) for stem in stems], samples, path, 96, report)
    assert seen == [(0.5, [True, True, False, False]), (1.0, [True] * 4)]
    song_files, bass_files = segments(path, 2, samples)
    assert [read_growing(path, number) for number in range(4)] == [
        *(song_files[0], bass_files[0]),
        *(song_files[1], bass_files[1]),
    ]
    for stem, files in zip(stems, (song_files, bass_files), strict=True):
        joined = np.concatenate([decoded(file) for file in files], axis=1)
        assert np.corrcoef(joined.ravel(), stem.ravel())[0, 1] > 0.98


def test_what_a_killed_process_left_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(1_000))
    with path.open("rb") as left:
        encode_segments([blocks(SOUNDS["bass"](5_000))], 5_000, path, 64, no_report)
        assert left.read() == bytes(1_000)  # who still reads it is not disturbed
    assert decoded(read_growing(path, 0) or b"").shape == (2, 5_000)


def test_stem_that_ends_early_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(Damaged):
        encode_segments([blocks(SOUNDS["bass"](5_000))], 5_001, tmp_path / "x", 64, no_report)


@pytest.mark.parametrize("offsets", [[], [17], [24, 24, 30], [24, 40, 30], [24, 40, 0], [0, 40, 50]], ids=str)
def test_damaged_tables_are_refused(offsets: list[int]) -> None:
    with pytest.raises(Damaged):
        parse_table(b"".join(offset.to_bytes(8, "little") for offset in offsets))


@pytest.mark.parametrize(("pre_skip", "samples"), [(0, 1_921), (960, 961), (0, 960), (312, 600)])
def test_samples_must_fill_the_packets(pre_skip: int, samples: int) -> None:
    with pytest.raises(ValueError, match="2 packets"):
        opus_file([b"\xfc"] * 2, pre_skip, samples, RATE)


def test_checksum_is_that_of_ogg() -> None:
    # Computed as RFC 3533 says, bit by bit.
    data = bytes(range(256)) * 3
    register = 0
    for byte in data:
        register ^= byte << 24
        for _bit in range(8):
            register = (register << 1 ^ (0x04C11DB7 if register >> 31 else 0)) & 0xFFFFFFFF
    assert checksum(data) == register
    assert checksum(b"") == 0


def test_long_packets_take_several_pages() -> None:
    """1,275 bytes are the most that Opus has: 42 of them need more lacing values than a page has."""
    sizes = [1_275, 255, 254, 0, 1] * 60
    stream = [bytes([0xFC]) + bytes(size - 1) if size else b"" for size in sizes]
    data = opus_file(stream, 0, len(stream) * 960, RATE)
    at, found, positions = 0, [], []
    partial = b""
    while at < len(data):
        assert data[at : at + 4] == b"OggS"
        count = data[at + 26]
        lacing = data[at + 27 : at + 27 + count]
        size = 27 + count + sum(lacing)
        page = bytearray(data[at : at + size])
        page[22:26] = bytes(4)
        assert checksum(bytes(page)) == int.from_bytes(data[at + 22 : at + 26], "little")
        positions.append(int.from_bytes(data[at + 6 : at + 14], "little"))
        body = at + 27 + count
        for length in lacing:
            partial += data[body : body + length]
            body += length
            if length < 255:
                found.append(partial)
                partial = b""
        at += size
    assert found[2:] == stream
    assert positions == sorted(positions)
    assert positions[-1] == len(stream) * 960
