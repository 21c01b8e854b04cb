"""What we encode comes back: all of it, not one sample more, with its tags."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.mp4 import MP4
from numpy.typing import NDArray
from PIL import Image

from audio.decoding.decode import decode, read_stored
from audio.encoding import xing_header
from audio.encoding.encode import encode, to_int16
from audio.errors import Damaged
from audio.formats import OUTPUT
from audio.probe import probe
from audio.types import Tags
from tests.audio.making import RATE, noise

ARTISTS = ("Artista", "Ana & Co", "Beto")
TAGS = Tags(
    "Título",
    "Artista feat. Ana & Co & Beto",
    "Álbum",
    "Varios",
    "Salsa",
    2001,
    3,
    2,
    ARTISTS,
    compilation=True,
)


def blocks(audio: NDArray[np.float32], size: int) -> Iterator[NDArray[np.float32]]:
    for start in range(0, audio.shape[1], size):
        yield audio[:, start : start + size]


@pytest.fixture(scope="module")
def cover() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "blue").save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("codec", list(OUTPUT))
def test_round_trip(tmp_path: Path, cover: bytes, codec: str) -> None:
    audio = noise(3 * 65_536 + 777)
    path = tmp_path / f"x.{OUTPUT[codec].extension}"
    assert encode(blocks(audio, 70_001), path, codec, None, TAGS, cover) == audio.shape[1]
    found = probe(path)
    assert found.samples_44k == audio.shape[1]
    assert found.tags == TAGS
    assert found.cover
    decoded = np.concatenate(list(decode(path)), axis=1)
    error = np.square(decoded - audio).sum() / np.square(audio).sum()
    assert error < (1e-7 if OUTPUT[codec].lossless else 0.05)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("samples", [1, 44_101])
@pytest.mark.parametrize("codec", ["wav", "flac", "mp3", "m4a", "opus"])
def test_short_lengths_are_exact(tmp_path: Path, codec: str, samples: int) -> None:
    path = tmp_path / "x"
    encode([noise(samples)], path, codec)
    assert sum(block.shape[1] for block in decode(path)) == samples


def test_bitrate_changes_the_size(tmp_path: Path) -> None:
    audio = noise(RATE)
    for codec, spec in OUTPUT.items():
        if spec.bitrates:
            sizes = []
            for bitrate in (spec.bitrates[0], spec.bitrates[-1]):
                encode([audio], tmp_path / "x", codec, bitrate)
                sizes.append((tmp_path / "x").stat().st_size)
            assert sizes[0] * 1.5 < sizes[1]


def test_what_is_not_offered(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown codec"):
        encode([], tmp_path / "x", "wma")
    with pytest.raises(ValueError, match="offers"):
        encode([], tmp_path / "x", "mp3", 123)


@pytest.mark.parametrize("codec", list(OUTPUT))
def test_a_failure_leaves_nothing(tmp_path: Path, codec: str) -> None:
    def broken() -> Iterator[NDArray[np.float32]]:
        yield noise(5_000)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        encode(broken(), tmp_path / "x", codec)
    assert list(tmp_path.iterdir()) == []


def test_sixteen_bits_survive(tmp_path: Path) -> None:
    samples = np.arange(-32_768, 32_768, dtype=np.int16).reshape(2, -1)
    path = tmp_path / "x.flac"
    encode([samples.astype(np.float32) / 32_768], path, "flac")
    stored = np.concatenate(list(read_stored(path, block=1_000)), axis=1)
    np.testing.assert_array_equal(to_int16(stored), samples.T)
    encode(read_stored(path), tmp_path / "x.wav", "wav")
    assert probe(tmp_path / "x.wav").audio_digest == probe(path).audio_digest


def test_loud_samples_are_clipped() -> None:
    block = np.array([[2.0, -2.0], [1.0, -1.0]], np.float32)
    assert to_int16(block).tolist() == [[32_767, 32_767], [-32_768, -32_768]]


def test_read_stored_seeks(tmp_path: Path) -> None:
    audio = to_int16(noise(100_000)).T / np.float32(32_768)
    path = tmp_path / "x.flac"
    encode([audio], path, "flac")
    part = np.concatenate(list(read_stored(path, 40_000, 70_000, 4_096)), axis=1)
    np.testing.assert_array_equal(part, audio[:, 40_000:70_000])
    assert sum(block.shape[1] for block in read_stored(path, 99_000)) == 1_000
    assert list(read_stored(path, 100_000)) == []


def test_read_stored_notices_rot(tmp_path: Path) -> None:
    path = tmp_path / "x.flac"
    encode([noise(100_000)], path, "flac")
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(Damaged):
        list(read_stored(path))
    soundfile.write(str(path), np.zeros(10, np.float32), 8_000, format="FLAC")
    with pytest.raises(Damaged):
        list(read_stored(path))


def test_m4a_tells_apple_what_was_added(tmp_path: Path) -> None:
    path = tmp_path / "x.m4a"
    encode([noise(RATE)], path, "m4a")
    (note,) = MP4(str(path))["----:com.apple.iTunes:iTunSMPB"]
    _, priming, padding, samples = (int(part, 16) for part in bytes(note).split()[:4])
    assert (priming, samples) == (1_024, RATE)
    assert (priming + padding + samples) % 1_024 == 0


def test_info_frame_is_one_frame() -> None:
    header = bytes([0xFF, 0xFB, 0xE0, 0x04])
    frame = xing_header.info_frame(header, 10, 10_440, 10_000)
    assert xing_header.count_frames(frame) == (1, len(frame))
    assert int.from_bytes(frame[36 + 141 : 36 + 144], "big") == 576 << 12 | 10 * 1_152 - 576 - 10_000
    with pytest.raises(ValueError, match="MPEG"):
        xing_header.frame_length(b"RIFF")
