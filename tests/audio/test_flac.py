"""Segments cut from a stored FLAC: the very bytes that encoding these samples anew would give."""

import io
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from audio.errors import Damaged
from audio.flac import SEGMENT_SAMPLES, FromSndfile, Layout, SegmentedFile, read_segment

RATE = 44_100
Pcm = npt.NDArray[np.int16]


def noise(samples: int, seed: int = 1) -> Pcm:
    """Noise that swells, with silence and full scale in between: frames of every kind."""
    random = np.random.default_rng(seed)
    level = np.linspace(0, 9_000, samples)[:, np.newaxis]
    pcm = np.clip(random.normal(size=(samples, 2)) * level, -32768, 32767).astype(np.int16)
    pcm[: samples // 9] = 0
    pcm[samples // 2 : samples // 2 + 9000, 1] = 32767
    return pcm


def written(path: Path, pcm: Pcm, *, segments: int | None = None, gain: float = 1.0) -> Layout:
    file = FromSndfile(SegmentedFile(path, segments or -(-len(pcm) // SEGMENT_SAMPLES), gain))
    with soundfile.SoundFile(file, "w", RATE, 2, "PCM_16", format="FLAC") as sound:
        for start in range(0, len(pcm), 70_000):
            sound.write(pcm[start : start + 70_000])
    file.close()
    return Layout.of(path.read_bytes())


def encoded(pcm: Pcm) -> bytes:
    """The frames of a fresh encoding."""
    file = io.BytesIO()
    soundfile.write(file, pcm, RATE, "PCM_16", format="FLAC")
    return file.getvalue()[Layout.of(file.getvalue()).start :]


def heard(data: bytes) -> Pcm:
    with av.open(io.BytesIO(data), "r") as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(frames, axis=1).reshape(-1, 2).astype(np.int16)


@pytest.mark.parametrize(
    "samples",
    [1, 100, 4096, 4097, SEGMENT_SAMPLES - 1, SEGMENT_SAMPLES, SEGMENT_SAMPLES + 1, 2 * SEGMENT_SAMPLES + 99],
)
def test_segments_are_what_encoding_them_would_give(tmp_path: Path, samples: int) -> None:
    pcm = noise(samples)
    layout = written(tmp_path / "stem.flac", pcm)
    assert (layout.samples, layout.segments, layout.is_indexed) == (
        samples,
        -(-samples // SEGMENT_SAMPLES),
        True,
    )
    for n in range(layout.segments):
        part = pcm[n * SEGMENT_SAMPLES :][:SEGMENT_SAMPLES]
        data, gain = read_segment(tmp_path / "stem.flac", n)
        assert gain == 1.0
        assert data[42:] == encoded(part)
        assert np.array_equal(soundfile.read(io.BytesIO(data), dtype="int16", always_2d=True)[0], part)
        assert np.array_equal(heard(data), part)
    with pytest.raises(IndexError):
        read_segment(tmp_path / "stem.flac", layout.segments)


def test_numbers_of_three_bytes(tmp_path: Path) -> None:
    """Frame 2048 is about three minutes in; from there on its number takes three bytes."""
    pcm = np.zeros((17 * SEGMENT_SAMPLES, 2), dtype=np.int16)
    pcm[16 * SEGMENT_SAMPLES :] = noise(SEGMENT_SAMPLES)
    written(tmp_path / "stem.flac", pcm)
    data, _ = read_segment(tmp_path / "stem.flac", 16)
    assert data[42:] == encoded(pcm[16 * SEGMENT_SAMPLES :])


def test_the_whole_file_is_an_ordinary_flac_with_its_gain(tmp_path: Path) -> None:
    pcm = noise(3 * SEGMENT_SAMPLES + 5)
    layout = written(tmp_path / "stem.flac", pcm, gain=10 ** (-1.5 / 20))
    assert layout.gain == 10 ** (-1.5 / 20)
    assert np.array_equal(soundfile.read(tmp_path / "stem.flac", dtype="int16")[0], pcm)
    with soundfile.SoundFile(tmp_path / "stem.flac") as file:
        file.seek(2 * SEGMENT_SAMPLES + 77)  # uses the seek table
        assert np.array_equal(file.read(1000, dtype="int16"), pcm[2 * SEGMENT_SAMPLES + 77 :][:1000])
    data, gain = read_segment(tmp_path / "stem.flac", 3)
    assert gain == layout.gain == Layout.of(data).gain
    assert np.array_equal(heard(data), pcm[3 * SEGMENT_SAMPLES :])


def test_complete_segments_of_a_file_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "stem.flac"
    pcm = noise(2 * SEGMENT_SAMPLES + 50_000)
    file = SegmentedFile(path, 3)
    frames = FromSndfile(file)
    with soundfile.SoundFile(frames, "w", RATE, 2, "PCM_16", format="FLAC") as sound:
        sound.write(pcm[:SEGMENT_SAMPLES])
        assert file.segments == 0, "libFLAC holds a sample back"
        with pytest.raises(IndexError):
            read_segment(path, 0)
        sound.write(pcm[SEGMENT_SAMPLES:][:50_000])
        assert file.segments == 1
        early, _ = read_segment(path, 0)
        assert early[42:] == encoded(pcm[:SEGMENT_SAMPLES])
        with pytest.raises(IndexError):
            read_segment(path, 1)
        sound.write(pcm[SEGMENT_SAMPLES + 50_000 :])
    frames.close()
    frames.close()
    assert file.segments == 2
    assert read_segment(path, 0)[0] == early
    assert np.array_equal(heard(read_segment(path, 2)[0]), pcm[2 * SEGMENT_SAMPLES :])


def test_a_file_longer_than_announced_is_whole_but_not_indexed(tmp_path: Path) -> None:
    pcm = noise(3 * SEGMENT_SAMPLES)
    assert not written(tmp_path / "stem.flac", pcm, segments=1).is_indexed
    assert np.array_equal(soundfile.read(tmp_path / "stem.flac", dtype="int16")[0], pcm)


def test_files_of_others_are_not_indexed(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "other.flac", noise(100_000), RATE, "PCM_16")
    assert not Layout.of((tmp_path / "other.flac").read_bytes()).is_indexed


@pytest.mark.parametrize("damage", ["frame", "start", "end", "head", "empty"])
def test_damage_is_noticed(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "stem.flac"
    layout = written(path, noise(2 * SEGMENT_SAMPLES))
    data = bytearray(path.read_bytes())
    start, stop = layout.span(1, len(data))
    middle = data.index(b"\xff\xf8\xc9", start + 100)
    match damage:
        case "frame":
            data[middle + 4] ^= 1
        case "start":
            data[start] ^= 1
        case "end":
            del data[(start + stop) // 2 :]
        case "head":
            data[:4] = b"OggS"
        case "empty":
            data.clear()
    path.write_bytes(data)
    with pytest.raises(Damaged):
        read_segment(path, 1)
