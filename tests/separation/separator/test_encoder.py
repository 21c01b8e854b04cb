"""FLAC by our own encoder: what goes in comes out, for other people's decoders, and is as small as libFLAC's."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.flac import Layout, SegmentedFile
from audio.flac_frames import FRAME_SAMPLES
from separation.separator.encoder import Encoder, LibflacEncoder, NativeEncoder

Pcm = npt.NDArray[np.int16]
Maker = Callable[[SegmentedFile], Encoder]
LENGTHS = (1, 2, 5, 16, 17, 64, 4095, 4096, 4097, 3 * 4096 + 100)


def written(path: Path, pcm: Pcm, maker: Maker = NativeEncoder, piece: int = 4 * FRAME_SAMPLES) -> Path:
    encoder = maker(SegmentedFile(path, 1))
    for start in range(0, len(pcm), piece):
        encoder.write(pcm[start : start + piece])
    encoder.close()
    return path


def by_libflac(path: Path) -> Pcm:
    pcm: Pcm = soundfile.read(path, dtype="int16", always_2d=True)[0]
    return pcm


def by_ffmpeg(path: Path) -> Pcm:
    """Frame by frame, with checksums looked at."""
    with av.open(str(path), options={"err_detect": "crccheck+explode"}) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(frames, axis=1).reshape(-1, 2).astype(np.int16)


def full_scale(samples: int) -> Pcm:
    """The largest residuals and sides there are."""
    signs = np.random.default_rng(3).choice([-1, 1], (samples, 2))
    return np.asarray(np.where(signs > 0, 32767, -32768), dtype=np.int16)


def opposite(samples: int) -> Pcm:
    left = np.where(np.arange(samples) % 2, 32767, -32768)
    return np.asarray(np.stack([left, -1 - left], axis=1), dtype=np.int16)


def clicks(samples: int) -> Pcm:
    pcm = np.zeros((samples, 2), dtype=np.int16)
    pcm[::1009] = (32767, -32768)
    return pcm


def noise(samples: int) -> Pcm:
    return np.asarray(np.random.default_rng(1).integers(-32768, 32768, (samples, 2)), dtype=np.int16)


def quiet(samples: int) -> Pcm:
    return np.random.default_rng(2).integers(-2, 3, (samples, 2), dtype=np.int16)


def silence(samples: int) -> Pcm:
    return np.zeros((samples, 2), dtype=np.int16)


def tone(samples: int) -> Pcm:
    """Foreseen best, by coefficients that just do not fit."""
    sine = np.sin(np.arange(samples) * 0.003) * 32767
    return np.asarray(np.stack([sine, sine], axis=1), dtype=np.int16)


def music(seconds: float) -> Pcm:
    """Plucked strings of two players with a little noise."""
    random = np.random.default_rng(4)
    time = np.arange(int(seconds * 44_100)) / 44_100
    mixed = np.zeros((len(time), 2))
    for start in np.arange(0, seconds, 0.2):
        pitch, place = 55 * 2 ** (random.integers(0, 48) / 12), random.uniform(0.2, 0.8)
        since = np.clip(time - start, 0, None)
        note = sum(np.sin(2 * np.pi * pitch * n * since) / n**1.5 for n in range(1, 9)) * np.exp(-since * 3)
        mixed += np.stack([note * place, note * (1 - place)], axis=1) * (time >= start)[:, np.newaxis]
    mixed += random.normal(size=mixed.shape) * 0.002
    return np.asarray(np.rint(mixed / np.abs(mixed).max() * 30_000), dtype=np.int16)


@pytest.mark.parametrize("samples", LENGTHS)
@pytest.mark.parametrize("sound", [full_scale, opposite, clicks, noise, quiet, silence, tone])
def test_what_goes_in_comes_out(tmp_path: Path, sound: Callable[[int], Pcm], samples: int) -> None:
    pcm = sound(samples)
    path = written(tmp_path / "stem.flac", pcm)
    np.testing.assert_array_equal(by_libflac(path), pcm)
    np.testing.assert_array_equal(by_ffmpeg(path), pcm)


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(
        st.tuples(st.integers(-32768, 32767), st.integers(0, 32767), st.integers(1, 3000)),
        min_size=1,
        max_size=6,
    ),
    seed=st.integers(0, 1000),
)
def test_whatever_goes_in(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, int]], seed: int
) -> None:
    """Stretches of any level and any loudness, one after the other."""
    random = np.random.default_rng(seed)
    parts = [level + random.integers(-loudness, loudness + 1, (n, 2)) for level, loudness, n in steps]
    pcm = np.clip(np.concatenate(parts), -32768, 32767).astype(np.int16)
    path = written(tmp_path_factory.mktemp("flac") / "stem.flac", pcm)
    np.testing.assert_array_equal(by_libflac(path), pcm)


def test_frames_do_not_depend_on_how_the_sound_comes(tmp_path: Path) -> None:
    pcm = music(2)
    at_once, by_frames = (
        written(tmp_path / f"{piece}.flac", pcm, piece=piece).read_bytes()
        for piece in (1 << 20, FRAME_SAMPLES)
    )
    assert at_once == by_frames


@pytest.mark.parametrize("maker", [NativeEncoder, LibflacEncoder])
def test_the_header_says_what_is_in_the_file(tmp_path: Path, maker: Maker) -> None:
    pcm = music(1)
    path = written(tmp_path / "stem.flac", pcm, maker)
    layout = Layout.of(path.read_bytes())
    smallest, largest = (int.from_bytes(layout.info[at : at + 3]) for at in (4, 7))
    assert layout.samples == len(pcm)
    assert layout.info[:4] == FRAME_SAMPLES.to_bytes(2) * 2
    assert layout.info[18:] == hashlib.md5(pcm.tobytes(), usedforsecurity=False).digest()
    size = path.stat().st_size - layout.start
    assert smallest * -(-len(pcm) // FRAME_SAMPLES) <= size <= largest * -(-len(pcm) // FRAME_SAMPLES)


def test_it_is_as_small_as_by_libflac(tmp_path: Path) -> None:
    pcm = music(6)
    ours, theirs = (
        written(tmp_path / f"{maker.__name__}.flac", pcm, maker).stat().st_size
        for maker in (NativeEncoder, LibflacEncoder)
    )
    assert ours < 1.01 * theirs
