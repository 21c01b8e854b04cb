"""Stems on disk: never clipped, whole, and described as the catalogue would describe them."""

import io
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from audio.flac import SEGMENT_SAMPLES, read_segment
from audio.identity import PcmDigest, checksum
from separation.separator.protocol import SeparatedSet
from separation.separator.stem_writer import PEAK_SAMPLES, StemWriter

Stems = npt.NDArray[np.float32]
LSB = 1 / 32768


def noise(samples: int, loudness: float, seed: int = 1) -> Stems:
    """[2 stems, 2, samples] within +-loudness, which is reached."""
    stems = np.random.default_rng(seed).uniform(-1, 1, (2, 2, samples))
    return np.asarray(stems / np.abs(stems).max() * loudness, dtype=np.float32)


def written(folder: Path, *chunks: Stems) -> SeparatedSet:
    with closing(StemWriter(folder, ("vocals", "accompaniment"))) as files:
        for chunk in chunks:
            files.write(chunk)
        return files.finish()


def read(result: SeparatedSet) -> Stems:
    return np.stack([soundfile.read(stem.path, dtype="float32")[0].T for stem in result.stems])


def test_quiet_stems_are_stored_as_they_are(tmp_path: Path) -> None:
    chunks = [noise(70_000, 0.9), noise(1, 0.1), noise(3, 32767 / 32768)]
    result = written(tmp_path, *chunks)
    assert result.gain == 1
    assert result.samples == 70_004
    np.testing.assert_allclose(read(result), np.concatenate(chunks, axis=2), rtol=0, atol=0.51 * LSB)


def test_the_first_overflow_lowers_the_whole_set(tmp_path: Path) -> None:
    chunks = [noise(140_000, 0.5), noise(5000, 1.7), noise(9000, 0.5)]
    result = written(tmp_path, *chunks)
    assert 0.4 < result.gain < 1 / 1.7
    assert sorted(tmp_path.glob("*.flac")) == sorted(stem.path for stem in result.stems)
    assert {path.suffix for path in tmp_path.iterdir()} == {".flac", ".peaks"}
    stems = read(result)
    assert np.abs(stems).max() < 1
    np.testing.assert_allclose(
        stems / result.gain, np.concatenate(chunks, axis=2), rtol=0, atol=1.1 * LSB / result.gain
    )


def test_complete_segments_can_be_heard_before_the_end(tmp_path: Path) -> None:
    chunks = [noise(SEGMENT_SAMPLES - 4096, 0.5, seed=n) for n in range(3)] + [noise(20_000, 3.0)]
    files = StemWriter(tmp_path, ("vocals", "accompaniment"), sum(chunk.shape[2] for chunk in chunks))
    ready = []
    for chunk in chunks[:3]:
        files.write(chunk)
        ready.append(files.segments)
    assert ready == [0, 1, 2]
    early, gain = read_segment(tmp_path / "vocals.flac", 1)
    assert gain == 1.0
    so_far = (tmp_path / "vocals.peaks").read_bytes()
    assert len(so_far) == 3 * 127

    files.write(chunks[3])  # is too loud: everything is encoded again
    assert files.segments == 3
    again, gain = read_segment(tmp_path / "vocals.flac", 1)
    assert gain == files.gain < 0.4
    result = files.finish()
    assert read_segment(result.stems[0].path, 1) == (again, gain)
    heard = [soundfile.read(io.BytesIO(data), dtype="float32")[0] for data in (early, again)]
    np.testing.assert_allclose(heard[1] / gain, heard[0], rtol=0, atol=0.51 * LSB / gain)
    peaks = (tmp_path / "vocals.peaks").read_bytes()
    assert result.stems[0].peaks.startswith(peaks)
    assert len(peaks) >= 3 * 127


def test_overflow_after_overflow(tmp_path: Path) -> None:
    chunks = [noise(5000, loudness) for loudness in (0.9, 1.1, 1.1, 3.0, 0.9, 1e6)]
    result = written(tmp_path, *chunks)
    stems = read(result)
    assert 0.8 < np.abs(stems).max() < 1
    np.testing.assert_allclose(stems[..., -5000:] / result.gain, chunks[-1], rtol=1e-3, atol=1e6 * LSB)


@pytest.mark.parametrize("loudness", [0.7, 2.0])
def test_digests_and_peaks_are_those_of_the_file(loudness: float, tmp_path: Path) -> None:
    result = written(tmp_path, noise(3 * PEAK_SAMPLES, 0.5), noise(PEAK_SAMPLES + 7, loudness, seed=2))
    for stem in result.stems:
        pcm, rate = soundfile.read(stem.path, dtype="int16")
        digest = PcmDigest()
        digest.update(pcm, rate)
        levels = np.abs(pcm.astype(float)).max(axis=1)
        assert (stem.audio_digest, stem.checksum) == (digest.hexdigest(), checksum(stem.path))
        assert (stem.size, stem.samples) == (stem.path.stat().st_size, len(pcm))
        assert stem.peak == levels.max() * LSB
        expected = [
            levels[start : start + PEAK_SAMPLES].max() / 32767 * 255 for start in range(0, len(pcm), 4096)
        ]
        assert len(stem.peaks) == 5
        np.testing.assert_allclose(list(stem.peaks), expected, atol=0.5)


def test_what_is_written_can_be_played_before_the_end(tmp_path: Path) -> None:
    files = StemWriter(tmp_path, ("vocals",))
    files.write(noise(600_000, 0.5)[:1])
    assert (tmp_path / "vocals.flac").stat().st_size > 524_288
    files.close()


def test_values_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    stems = noise(100, 0.5)
    stems[1, 0, 50] = np.nan
    with pytest.raises(ValueError, match="not numbers"):
        written(tmp_path, stems)


def test_a_set_crosses_the_process_border(tmp_path: Path) -> None:
    result = written(tmp_path, noise(5000, 0.5))
    assert SeparatedSet.from_json(result.to_json()) == result
