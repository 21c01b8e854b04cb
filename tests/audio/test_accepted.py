"""Every accepted format goes in, and comes out as long as it is."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audio import formats
from audio.decoding.decode import decode
from audio.errors import Unsupported
from audio.probe import probe
from tests.audio.containers import (
    DSD64,
    TONE,
    dsd_tone,
    dsf,
    monkeys,
    musepack7,
    ogg_pages,
    with_checksum,
)
from tests.audio.making import (
    RATE,
    noise,
    pcm16,
    remuxed,
    video,
    wav,
    with_av,
    with_sndfile,
    with_two_sounds,
)

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


@pytest.mark.parametrize(
    ("container", "encoder", "name", "codec", "lossless"),
    [
        ("asf", "wmav1", "asf", "wma", False),
        ("asf", "wmav2", "asf", "wma", False),
        ("mp2", "mp2", "mp3", "mp2", False),
        ("matroska", "mp2", "matroska", "mp2", False),
        ("ac3", "ac3", "ac3", "ac3", False),
        ("eac3", "eac3", "ac3", "eac3", False),
        ("matroska", "ac3", "matroska", "ac3", False),
        ("mp4", "ac3", "m4a", "ac3", False),
        ("wv", "wavpack", "wavpack", "wavpack", True),
        ("matroska", "wavpack", "matroska", "wavpack", True),
        ("caf", "alac", "caf", "alac", True),
        ("au", "pcm_s16be", "au", "pcm", True),
        ("au", "pcm_mulaw", "au", "mulaw", True),
        ("wav", "pcm_mulaw", "wav", "mulaw", True),
        ("wav", "pcm_alaw", "wav", "alaw", True),
        ("aiff", "pcm_mulaw", "aiff", "mulaw", True),
    ],
)
def test_older_formats_are_accepted(
    tmp_path: Path, container: str, encoder: str, name: str, codec: str, lossless: bool
) -> None:
    path = with_av(tmp_path / "x", container, encoder, noise(RATE))
    found = probe(path)
    assert (found.container, found.codec, found.lossless, found.channels) == (name, codec, lossless, 2)
    assert found.samples == RATE if lossless else abs(found.samples - RATE) <= 2_304
    decoded = np.concatenate(list(decode(path)), axis=1)
    assert decoded.shape[1] == found.samples_44k
    assert loudness(decoded) == pytest.approx(loudness(noise(RATE)), rel=0.1)


def loudness(audio: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(audio))))


def test_musepack(tmp_path: Path) -> None:
    found = probe(TONE)
    assert (found.container, found.codec, found.lossless) == ("musepack", "musepack", False)
    assert abs(found.samples - RATE // 2) <= 1_152
    assert found.peak == pytest.approx(0.25, abs=0.05)
    (tmp_path / "x").write_bytes(musepack7(40))
    found = probe(tmp_path / "x")
    assert (found.container, found.codec, found.samples) == ("musepack", "musepack", 40 * 1_152)


@pytest.mark.parametrize("level", [1_000, 2_000, 5_000])
def test_monkeys_audio(tmp_path: Path, level: int) -> None:
    (tmp_path / "x").write_bytes(monkeys(4_000, 3, level=level))
    found = probe(tmp_path / "x")
    assert (found.container, found.codec, found.lossless, found.bits) == ("ape", "ape", True, 16)
    assert found.samples == 12_000
    assert found.peak > 0.01


@pytest.mark.parametrize(("rate", "channels"), [(DSD64, 1), (DSD64, 2), (2 * DSD64, 2)])
def test_dsd_is_decimated(tmp_path: Path, rate: int, channels: int) -> None:
    (tmp_path / "x").write_bytes(dsf(dsd_tone(rate // 4, channels), rate=rate))
    found = probe(tmp_path / "x")
    assert (found.container, found.codec, found.lossless, found.bits) == ("dsf", "dsd", True, 1)
    assert (found.sample_rate, found.channels, found.duration) == (rate // 8, channels, 0.25)
    decoded = np.concatenate(list(decode(tmp_path / "x")), axis=1)
    assert decoded.shape == (2, RATE // 4)
    spectrum = np.abs(np.fft.rfft(decoded[0] * np.hanning(RATE // 4)))
    assert np.argmax(spectrum) == 250 * rate // DSD64  # 1 kHz, in bins of 4 Hz
    assert np.abs(decoded[0, 500:-500]).max() == pytest.approx(0.5, abs=0.02)


def test_too_high_dsd_rate_has_its_own_reason(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(dsf(dsd_tone(DSD64 // 8), rate=4 * DSD64))
    with pytest.raises(Unsupported) as caught:
        probe(tmp_path / "x")
    assert caught.value.reason == "dsd_rate"


@pytest.mark.parametrize(("rate", "channels", "reason"), [(7_350, 1, "sample_rate"), (44_100, 9, "channels")])
def test_rates_and_channels_that_are_not_accepted_have_their_own_reason(
    tmp_path: Path, rate: int, channels: int, reason: str
) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros((rate, channels)), rate)
    with pytest.raises(Unsupported) as caught:
        probe(tmp_path / "x.wav")
    assert caught.value.reason == reason


def test_surround_in_other_codecs(tmp_path: Path) -> None:
    audio = np.zeros((6, RATE), np.float32)
    audio[0], audio[2] = noise(RATE)[0], noise(RATE)[0] / 2  # left and centre, in FFmpeg's order
    for container, encoder, rate in (
        ("ac3", "ac3", 48_000),
        ("adts", "aac", RATE),
        ("wav", "pcm_s24le", RATE),
    ):
        path = with_av(tmp_path / "x", container, encoder, audio, rate=rate, layout="5.1")
        assert probe(path).channels == 6
        left, right = np.concatenate(list(decode(path)), axis=1)
        assert loudness(left) > 2.5 * loudness(right) > 0


@pytest.mark.parametrize(
    ("container", "encoder"), [("matroska", "aac"), ("webm", "libopus"), ("mp4", "aac"), ("asf", "wmav2")]
)
def test_video_may_be_longer_than_the_audio(tmp_path: Path, container: str, encoder: str) -> None:
    rate = 48_000 if encoder == "libopus" else RATE
    path = video(tmp_path / "x", container, encoder, noise(2 * rate), rate=rate, seconds=6)
    assert probe(path).duration == pytest.approx(2, abs=0.06)


def test_video_may_be_longer_than_audio_of_unknown_length(tmp_path: Path) -> None:
    path = video(tmp_path / "x", "matroska", "aac", noise(2 * RATE), rate=RATE, seconds=6)
    data = path.read_bytes()
    assert data.count(b"DURATION") == 2
    path.write_bytes(data.replace(b"DURATION", b"DURATI0N"))
    assert probe(path).duration == pytest.approx(2, abs=0.06)


@pytest.mark.parametrize("skip", [312, 3_840, 9_600, 48_000, 65_535])
def test_opus_with_a_long_preskip(tmp_path: Path, skip: int) -> None:
    """As in what was cut out of a longer recording: the decoder needs a run-up that nobody hears."""
    path = with_av(tmp_path / "x", "ogg", "libopus", noise(2 * 48_000), rate=48_000)
    pages = ogg_pages(path.read_bytes())
    header = 27 + pages[0][26]
    assert pages[0][header : header + 8] == b"OpusHead"
    pages[0][header + 10 : header + 12] = skip.to_bytes(2, "little")
    path.write_bytes(with_checksum(pages[0]) + b"".join(pages[1:]))
    assert probe(path).samples == 96_312 - skip


def test_chained_ogg(tmp_path: Path, songs: Path) -> None:
    for name in ("song.ogg", "song.opus"):
        data = (songs / name).read_bytes()
        (tmp_path / "x").write_bytes(data + data)
        assert probe(tmp_path / "x").duration == pytest.approx(4, abs=0.05)


def test_streamed_files_without_lengths_are_accepted(tmp_path: Path, songs: Path) -> None:
    """Nobody went back to write a size, or a last page."""
    samples = pcm16(noise(RATE)).T
    for claim in (0, 0xFFFFFFFF):
        (tmp_path / "x").write_bytes(wav(samples.tobytes(), claim=claim))
        assert probe(tmp_path / "x").samples == RATE
    au = b".snd" + struct.pack(">IIIII", 24, 0xFFFFFFFF, 3, RATE, 2)
    (tmp_path / "x").write_bytes(au + samples.astype(">i2").tobytes())
    assert probe(tmp_path / "x").samples == RATE
    (tmp_path / "x").write_bytes(b"".join(ogg_pages((songs / "song.ogg").read_bytes())[:-1]))
    assert probe(tmp_path / "x").duration > 1.5


def test_every_format_is_listed_once() -> None:
    assert len(set(formats.EXTENSIONS)) == len(formats.EXTENSIONS)
    assert {"m4b", "mkv", "webm", "m4v", "bwf", "wma", "wv", "ape", "mpc", "dsf", "mp2", "ac3", "au"} <= set(
        formats.EXTENSIONS
    )
    assert all(kind.startswith("audio/") for kind in formats.CONTAINER_TYPES.values())


def test_first_decodable_audio_stream_is_used(tmp_path: Path) -> None:
    """As in films, whose first stream is often in a codec of the cinema."""
    path = with_two_sounds(tmp_path / "x", ("tta", "ac3"), noise(RATE))
    assert probe(path).codec == "ac3"
