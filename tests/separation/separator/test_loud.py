"""Songs that are loud from their first sample on: never clipped, never refused, their sum exact."""

import io
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from audio.flac import SEGMENT_SAMPLES, Layout, read_segment
from audio.identity import PcmDigest, checksum
from separation.separator import stem_writer
from separation.separator.encoder import LibflacEncoder, NativeEncoder
from separation.separator.protocol import SeparatedSet
from separation.separator.stem_writer import StemWriter
from tests.songs import RATE

Stems = npt.NDArray[np.float32]
NAMES = ("vocals", "accompaniment")
LSB = 1 / 32768
CHUNK = SEGMENT_SAMPLES // 4


@pytest.fixture(params=[NativeEncoder, LibflacEncoder], autouse=True)
def _encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the two encoders, whichever this machine would choose."""
    monkeypatch.setattr(stem_writer, "encoder", request.param)


def noise(samples: int, loudness: float, seed: int = 1) -> Stems:
    """[2 stems, 2, samples] within +-loudness, which is reached."""
    sound = np.random.default_rng(seed).uniform(-1, 1, (2, 2, samples))
    return np.asarray(sound / np.abs(sound).max() * loudness, dtype=np.float32)


def full_scale(samples: int) -> Stems:
    signs = np.random.default_rng(2).choice([-1.0, 1.0], (2, 2, samples))
    return np.asarray(signs, dtype=np.float32)


def hard_clipped(samples: int) -> Stems:
    return np.clip(noise(samples, 8.0), -1, 1)


def limited(samples: int) -> Stems:
    return np.asarray(0.99 * np.tanh(noise(samples, 5.0)) + 0.02, dtype=np.float32)


def above_full_scale(samples: int) -> Stems:
    """As MP3s of loud masters decode."""
    return noise(samples, 1.26)


def mono(samples: int) -> Stems:
    sound = noise(samples, 1.5)
    sound[:, 1] = sound[:, 0]
    return sound


def in_one_stem_only(samples: int) -> Stems:
    sound = noise(samples, 0.4)
    sound[1] *= 4
    return sound


def clipping_at(place: int) -> Callable[[int], Stems]:
    def sound(samples: int) -> Stems:
        made = noise(samples, 0.5)
        made[0, 1, min(place, samples - 1)] = -1.7
        return made

    return sound


def written(folder: Path, chunks: Iterable[Stems]) -> SeparatedSet:
    with closing(StemWriter(folder, NAMES)) as files:
        for chunk in chunks:
            files.write(chunk)
        return files.finish()


def check(result: SeparatedSet, sound: Stems, folder: Path, times: int = 1) -> None:
    """The files hold `sound` times one gain, without clipping, and what is said of them is true."""
    bound = (0.51 + 0.51 * times) * LSB / result.gain
    assert {path.name for path in folder.iterdir()} == {f"{n}.{e}" for n in NAMES for e in ("flac", "peaks")}
    for stem, meant in zip(result.stems, sound, strict=True):
        pcm, rate = soundfile.read(stem.path, dtype="int16", always_2d=True)
        np.testing.assert_allclose(pcm.T * LSB / result.gain, meant, rtol=1e-6, atol=bound)
        digest = PcmDigest()
        digest.update(pcm, rate)
        assert (stem.samples, stem.audio_digest) == (sound.shape[2], digest.hexdigest())
        assert stem.checksum == checksum(stem.path)
        loudest = np.abs(pcm.astype(int)).max()
        assert stem.peak == loudest * LSB
        assert loudest <= 32767
        assert len(stem.peaks) == -(-sound.shape[2] // 4096)
        assert max(stem.peaks) == round(loudest * 255 / 32767)
    error = sum(soundfile.read(stem.path)[0] for stem in result.stems) / result.gain - sound.sum(axis=0).T
    assert np.abs(error).max() <= 2 * bound + 1e-6 * np.abs(sound).max()


@pytest.mark.parametrize("samples", [1, 2, 100, 4095, 4096, 4097, CHUNK + 11])
@pytest.mark.parametrize(
    "sound",
    [
        full_scale,
        hard_clipped,
        limited,
        above_full_scale,
        mono,
        in_one_stem_only,
        *(pytest.param(clipping_at(n), id=f"clipping at {n}") for n in (0, 1, 4095, 4096)),
    ],
)
def test_loud_from_the_first_chunk_on(tmp_path: Path, sound: Callable[[int], Stems], samples: int) -> None:
    made = sound(samples)
    result = written(tmp_path, [made])
    peak = float(np.abs(made).max())
    check(result, made, tmp_path)
    if peak > 1 - LSB:
        assert 0.8 < result.gain * peak < 0.9, "room for one decibel more, and not for two"
    else:
        assert result.gain == 1


@pytest.mark.parametrize("first", [1, 4095, 4096, 5000])
def test_the_next_chunk_is_louder(tmp_path: Path, first: int) -> None:
    """Whether a frame is already written, or not, or just so."""
    chunks = [noise(first, 0.7), noise(CHUNK, 1.4, seed=2), noise(3, 0.2, seed=3)]
    check(written(tmp_path, chunks), np.concatenate(chunks, axis=2), tmp_path, 2)


def test_louder_and_louder_is_encoded_again_a_few_times_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gains: list[float] = []
    lower = StemWriter._lower_gain

    def noted(files: StemWriter, peak: float) -> None:
        lower(files, peak)
        gains.append(files.gain)

    monkeypatch.setattr(StemWriter, "_lower_gain", noted)
    chunks = [noise(5000, 10 ** (n * 1.1 / 20), seed=n) for n in range(1, 105)]
    result = written(tmp_path, chunks)
    assert len(gains) <= 9
    assert gains == sorted(set(gains), reverse=True)
    assert gains[-1] == result.gain
    louder = chunks[-1].max() * result.gain
    assert 10 ** (-70 / 20) < louder < 1


def test_loud_in_every_chunk(tmp_path: Path) -> None:
    chunks = [hard_clipped(CHUNK), full_scale(CHUNK), noise(CHUNK, 1.9), mono(CHUNK), noise(CHUNK, 2.6)]
    check(written(tmp_path, chunks), np.concatenate(chunks, axis=2), tmp_path, 3)


def test_silence_before_and_after_something_loud(tmp_path: Path) -> None:
    silence = np.zeros((2, 2, 6000), dtype=np.float32)
    chunks = [silence, np.zeros((2, 2, 0), dtype=np.float32), full_scale(5000), silence]
    check(written(tmp_path, chunks), np.concatenate(chunks, axis=2), tmp_path)


def test_nothing_but_silence(tmp_path: Path) -> None:
    result = written(tmp_path, [np.zeros((2, 2, 9000), dtype=np.float32)])
    assert (result.gain, {stem.peak for stem in result.stems}) == (1.0, {0.0})
    assert [bytes(stem.peaks) for stem in result.stems] == [bytes(3)] * 2


def test_what_listeners_get_while_the_gain_is_lowered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file tells the gain of what is in it, at any moment, also before the first frame."""
    told: set[float] = set()
    write = stem_writer._StemFile.write

    def watched(file: stem_writer._StemFile, pcm: npt.NDArray[np.int16]) -> None:
        write(file, pcm)
        for name in NAMES:
            data, gain = read_segment(tmp_path / f"{name}.flac", 0)
            heard = soundfile.read(io.BytesIO(data), dtype="float32")[0][5000:]
            told.add(round(float(np.abs(heard).max()) / gain, 2))
            told.add(gain)

    with closing(StemWriter(tmp_path, NAMES, 3 * SEGMENT_SAMPLES)) as files:
        files.write(full_scale(100))
        assert files.segments == 0
        for name in NAMES:
            assert Layout.of((tmp_path / f"{name}.flac").read_bytes()).gain == files.gain < 1
            assert (tmp_path / f"{name}.peaks").read_bytes() == b""
            with pytest.raises(IndexError):
                read_segment(tmp_path / f"{name}.flac", 0)
        files.write(noise(SEGMENT_SAMPLES + CHUNK, 0.5))
        (early, gain), first = read_segment(tmp_path / "vocals.flac", 0), files.gain
        assert gain == first
        monkeypatch.setattr(stem_writer._StemFile, "write", watched)
        files.write(noise(CHUNK, 3.0))
    assert told == {first, files.gain, 0.5}
    assert files.gain < first
    again, gain = read_segment(tmp_path / "vocals.flac", 0)
    assert gain == files.gain
    before, after = (soundfile.read(io.BytesIO(data), dtype="float32")[0] for data in (early, again))
    np.testing.assert_allclose(after / gain, before / first, rtol=0, atol=1.1 * LSB / gain)


def test_a_file_that_cannot_be_written_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process lives on, and must not keep descriptors of songs that it gave up."""
    opened = set(Path("/proc/self/fd").iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with closing(StemWriter(tmp_path, NAMES)) as files:
        files.write(noise(9000, 0.5))
        with monkeypatch.context() as patched:
            patched.setattr(stem_writer._StemFile, "flush_peaks", full)
            with pytest.raises(OSError, match="No space"):
                files.write(noise(9000, 2.0))
    assert set(Path("/proc/self/fd").iterdir()) <= opened


def test_an_empty_block_has_no_part_in_the_digest() -> None:
    pcm = np.arange(12, dtype=np.int16).reshape(6, 2)
    digests = []
    for blocks in ([pcm], [pcm[:0], pcm], [pcm[:2], pcm[:0], pcm[2:]]):
        digest = PcmDigest()
        for block in blocks:
            digest.update(block, RATE)
        digests.append(digest.hexdigest())
    assert len(set(digests)) == 1
