"""Every accepted format goes in, and comes out as long as it is."""

from pathlib import Path

import numpy as np
import pytest

from catalog.audio.decode import decode
from catalog.audio.probe import probe
from tests.catalog.audio.making import RATE, noise, remuxed, with_av, with_sndfile

SAMPLES = RATE // 2


@pytest.mark.parametrize(
    ("container", "subtype", "name", "bits"),
    [
        ("WAV", "PCM_U8", "wav", 8),
        ("WAV", "PCM_24", "wav", 24),
        ("WAVEX", "PCM_32", "wav", 32),
        ("WAV", "DOUBLE", "wav", 64),
        ("RF64", "PCM_16", "wav", 16),
        ("W64", "PCM_16", "w64", 16),
        ("AIFF", "PCM_S8", "aiff", 8),
        ("AIFF", "FLOAT", "aiff", 32),
        ("CAF", "PCM_24", "caf", 24),
        ("FLAC", "PCM_24", "flac", 24),
    ],
)
def test_lossless(tmp_path: Path, container: str, subtype: str, name: str, bits: int) -> None:
    found = probe(with_sndfile(tmp_path / "x", noise(SAMPLES), subtype, container))
    assert (found.container, found.lossless, found.bits) == (name, True, bits)
    assert (found.samples, found.samples_44k, found.sample_rate, found.channels) == (
        SAMPLES,
        SAMPLES,
        RATE,
        2,
    )
    assert found.duration == SAMPLES / RATE
    assert 0.3 < found.peak < 0.5


@pytest.mark.parametrize(
    ("container", "encoder", "name", "codec"),
    [
        ("mp3", "libmp3lame", "mp3", "mp3"),
        ("adts", "aac", "adts", "aac"),
        ("ogg", "libopus", "ogg", "opus"),
        ("webm", "libopus", "matroska", "opus"),
        ("matroska", "aac", "matroska", "aac"),
        ("ipod", "alac", "m4a", "alac"),
        ("ogg", "flac", "ogg", "flac"),
    ],
)
def test_other_containers(tmp_path: Path, container: str, encoder: str, name: str, codec: str) -> None:
    rate = 48_000 if encoder == "libopus" else RATE
    found = probe(with_av(tmp_path / "x", container, encoder, noise(SAMPLES), rate=rate))
    assert (found.container, found.codec, found.sample_rate) == (name, codec, rate)
    assert abs(found.duration - SAMPLES / rate) < 0.06  # bare AAC cannot say what the encoder added


def test_vorbis_in_matroska(tmp_path: Path, songs: Path) -> None:
    found = probe(remuxed(songs / "song.ogg", tmp_path / "x", "matroska"))
    assert (found.container, found.codec) == ("matroska", "vorbis")


@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
def test_other_rates_become_44100(tmp_path: Path, rate: int) -> None:
    samples = rate // 2 + 7
    path = with_sndfile(tmp_path / "x", noise(samples), "PCM_16", "WAV", rate)
    found = probe(path)
    assert (found.samples, found.samples_44k) == (samples, round(samples * RATE / rate))
    assert sum(block.shape[1] for block in decode(path)) == found.samples_44k


def test_mono_is_doubled(tmp_path: Path) -> None:
    audio = noise(SAMPLES, 1)
    path = with_sndfile(tmp_path / "x", audio, "FLOAT", "WAV")
    assert probe(path).channels == 1
    decoded = np.concatenate(list(decode(path)), axis=1)
    np.testing.assert_array_equal(decoded, np.vstack([audio, audio]))


def test_surround_is_mixed_down(tmp_path: Path) -> None:
    audio = np.zeros((6, SAMPLES), np.float32)
    audio[0], audio[2], audio[3] = 0.5, 0.25, 0.9  # left, centre, bass effects
    path = with_av(tmp_path / "x", "flac", "flac", audio, layout="5.1")
    assert probe(path).channels == 6
    left, right = np.concatenate(list(decode(path)), axis=1)
    assert left[1_000] > 2.5 * right[1_000] > 0
    assert left.max() <= 0.5


def test_mp3_decodes_as_ffmpeg_does(songs: Path) -> None:
    decoded = np.concatenate(list(decode(songs / "song.mp3")), axis=1)
    assert decoded.shape == (2, 2 * RATE)
    original = noise(2 * RATE)
    error = decoded - original
    assert np.square(error).sum() < 0.01 * np.square(original).sum()  # and not one sample shifted
