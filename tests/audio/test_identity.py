"""The same audio has one digest, whatever is around it; other audio has another."""

import functools
import hashlib
import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from mutagen import id3 as id3frames
from mutagen.apev2 import APEValue
from mutagen.asf import ASF
from mutagen.asf._attrs import ASFByteArrayAttribute
from mutagen.dsf import DSF
from mutagen.id3 import ID3
from mutagen.monkeysaudio import MonkeysAudio
from mutagen.mp4 import MP4
from mutagen.musepack import Musepack
from mutagen.wavpack import WavPack
from PIL import Image

from audio.identity import PacketDigest, PcmDigest, checksum
from audio.probe import Probe, probe
from audio.tags import writer
from audio.types import Tags
from tests.audio.containers import DSD64, TONE, dsd_tone, dsf, monkeys
from tests.audio.making import (
    RATE,
    id3,
    id3_frame,
    noise,
    pcm16,
    remuxed,
    video,
    with_av,
    with_sndfile,
)

known = functools.cache(probe)  # for songs that nobody changes
VALUES = ("Canción", "Nadie", "Nada", "1999", "7")
TAGS = Tags(title="Canción", artist="Nadie", album="Nada", year=1999, track_number=7)


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, "JPEG")
    return out.getvalue()


def test_lossless_containers_are_one(tmp_path: Path) -> None:
    samples = pcm16(noise(RATE // 2))
    digests = {
        probe(with_sndfile(tmp_path / form, samples, "PCM_16", form)).audio_digest
        for form in ("WAV", "FLAC", "AIFF", "CAF", "W64")
    }
    wide = samples.astype(np.int32) << 16
    digests |= {probe(with_sndfile(tmp_path / "wide", wide, "PCM_24", "WAV")).audio_digest}
    digests |= {probe(remuxed_alac(tmp_path, samples)).audio_digest}
    assert len(digests) == 1


def remuxed_alac(folder: Path, samples: np.ndarray) -> Path:  # type: ignore[type-arg]  # of int16
    return with_av(folder / "alac.m4a", "ipod", "alac", samples.astype(np.float32) / 32_768)


def test_one_sample_changes_the_digest(tmp_path: Path) -> None:
    samples = pcm16(noise(RATE // 4))
    first = probe(with_sndfile(tmp_path / "a", samples, "PCM_16", "WAV")).audio_digest
    samples[1, 5_000] += 1
    assert probe(with_sndfile(tmp_path / "b", samples, "PCM_16", "WAV")).audio_digest != first


def test_rate_and_channels_count() -> None:
    samples = np.zeros((100, 2), np.int16)
    digests = []
    for shape, rate in (((100, 2), 44_100), ((100, 2), 48_000), ((200, 1), 44_100)):
        digest = PcmDigest()
        digest.update(samples.reshape(shape), rate)
        digests.append(digest.hexdigest())
    assert len(set(digests)) == 3


def test_block_size_does_not_count() -> None:
    samples = (np.arange(400, dtype=np.int32) << 16).reshape(-1, 2)
    whole, parts = PcmDigest(), PcmDigest()
    whole.update(samples, RATE)
    parts.update(samples[:33], RATE)
    parts.update(samples[33:], RATE)
    assert whole.hexdigest() == parts.hexdigest()


@pytest.mark.parametrize("codec", ["mp3", "m4a", "ogg", "opus", "flac", "wav"])
def test_tags_and_covers_do_not_count(tmp_path: Path, songs: Path, codec: str) -> None:
    plain = songs / f"song.{codec}"
    tagged = tmp_path / "another name.bin"
    tagged.write_bytes(plain.read_bytes())
    writer.write(tagged, codec, TAGS, jpeg())
    one, other = known(plain), probe(tagged)
    assert one.checksum != other.checksum
    assert one.audio_digest == other.audio_digest
    assert other.tags == TAGS
    assert other.cover
    assert one.samples == other.samples


def test_trailing_tags_do_not_count(tmp_path: Path, songs: Path) -> None:
    data = (songs / "song.mp3").read_bytes()
    ape = b"APETAGEX" + (2_000).to_bytes(4, "little") + (32).to_bytes(4, "little") + bytes(16)
    lyrics = b"LYRICSBEGIN" + b"x" * 50 + b"000061LYRICS200"
    path = tmp_path / "x"
    path.write_bytes(data + ape + lyrics + b"TAG" + bytes(125))
    assert probe(path).audio_digest == known(songs / "song.mp3").audio_digest


def test_xing_header_does_not_count(tmp_path: Path, songs: Path) -> None:
    data = (songs / "song.mp3").read_bytes()
    assert data[36:40] == b"Info"
    first = 144_000 * 256 // RATE
    path = tmp_path / "x"
    path.write_bytes(data[first:])
    found = probe(path)
    assert found.audio_digest == known(songs / "song.mp3").audio_digest
    assert found.samples > 2 * RATE  # nothing tells any more what the encoder added


@pytest.mark.parametrize(
    ("song", "container"), [("m4a", "adts"), ("m4a", "matroska"), ("mp3", "matroska"), ("opus", "webm")]
)
def test_lossy_containers_are_one(tmp_path: Path, songs: Path, song: str, container: str) -> None:
    source = songs / f"song.{song}"
    other = probe(remuxed(source, tmp_path / "x", container))
    assert other.audio_digest == known(source).audio_digest


def test_packets_are_framed() -> None:
    one, other = PacketDigest("opus"), PacketDigest("opus")
    for packet in (b"ab", b"c"):
        one.update(packet)
    for packet in (b"a", b"bc"):
        other.update(packet)
    assert one.hexdigest() != other.hexdigest()


def test_float_audio_has_its_own_digest(tmp_path: Path) -> None:
    audio = noise(2_000)
    one = probe(with_sndfile(tmp_path / "a", audio, "FLOAT", "WAV"))
    other = probe(with_sndfile(tmp_path / "b", audio, "FLOAT", "AIFF"))
    assert one.audio_digest == other.audio_digest


def test_checksum_is_of_the_bytes(songs: Path) -> None:
    data = (songs / "song.flac").read_bytes()
    assert (
        checksum(songs / "song.flac")
        == hashlib.sha256(data).hexdigest()
        == known(songs / "song.flac").checksum
    )


def test_itunes_style_files_keep_their_cover(tmp_path: Path, songs: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes((songs / "song.m4a").read_bytes())
    file = MP4(str(path))
    file["\xa9nam"], file["trkn"], file["covr"] = ["T"], [(3, 12)], [jpeg()]
    file.save()
    found = probe(path)
    assert (found.tags.title, found.tags.track_number) == ("T", 3)
    with Image.open(io.BytesIO(found.cover[0])) as cover:
        assert (cover.format, cover.size) == ("JPEG", (64, 48))


def test_utf16_tags(tmp_path: Path, songs: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes((songs / "song.mp3").read_bytes())
    frames = ID3()
    frames.add(id3frames.TIT2(encoding=1, text=["日本語"]))
    frames.add(id3frames.TRCK(encoding=2, text=["03/12"]))
    frames.add(id3frames.TCON(encoding=0, text=["(17)"]))
    frames.save(str(path))
    tags = probe(path).tags
    assert (tags.title, tags.track_number, tags.genre) == ("日本語", 3, "Rock")


def test_flac_written_by_others_keeps_samples(tmp_path: Path) -> None:
    path = with_sndfile(tmp_path / "x.flac", pcm16(noise(9_999)), "PCM_16", "FLAC")
    assert probe(path).samples == soundfile.info(str(path)).frames


def encoded(path: Path, container: str, codec: str) -> Probe:
    return probe(with_av(path, container, codec, pcm16(noise(RATE // 2)).astype(np.float32) / 32_768))


def test_newer_lossless_codecs_have_the_same_digest(tmp_path: Path) -> None:
    """WavPack, PCM of either order, ALAC in CAF: the samples are what counts, at 8, 16 and 24 bits."""
    samples = pcm16(noise(RATE // 2))
    wide = with_sndfile(tmp_path / "wide", samples.astype(np.int32) << 16 | 0x5A00, "PCM_24", "WAV")
    narrow = with_sndfile(tmp_path / "narrow", samples, "PCM_U8", "WAV")
    plain = with_sndfile(tmp_path / "plain", samples, "PCM_16", "WAV")
    for source, form in ((wide, "s32p"), (narrow, "u8p"), (plain, "s16p")):
        known_as = probe(source).audio_digest
        other = probe(converted(source, tmp_path / "x", "wv", "wavpack", form))
        assert (other.audio_digest, other.lossless) == (known_as, True)
    assert (
        probe(converted(plain, tmp_path / "x", "au", "pcm_s16be", "s16")).audio_digest
        == probe(plain).audio_digest
    )
    assert (
        probe(converted(plain, tmp_path / "x", "caf", "alac", "s16p")).audio_digest
        == probe(plain).audio_digest
    )


def converted(source: Path, path: Path, container: str, codec: str, form: str) -> Path:
    """The same samples in another codec, through a format that holds them."""
    with av.open(str(source)) as given, av.open(str(path), "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=RATE)
        stream.layout, stream.format = "stereo", form
        resampler = av.AudioResampler(form, "stereo", RATE)
        for frame in given.decode(audio=0):
            for same in resampler.resample(frame):
                output.mux(stream.encode(same))
        output.mux(stream.encode(None))
    return path


def test_newer_containers_do_not_count(tmp_path: Path) -> None:
    for name, container, codec in (
        ("ac3", "ac3", "ac3"),
        ("mp2", "mp2", "mp2"),
        ("mulaw", "wav", "pcm_mulaw"),
    ):
        one = encoded(tmp_path / name, container, codec)
        other = probe(remuxed(tmp_path / name, tmp_path / "x", "au" if codec == "pcm_mulaw" else "matroska"))
        assert one.audio_digest == other.audio_digest
        assert one.container != other.container


def test_picture_and_video_do_not_count(tmp_path: Path) -> None:
    sound = encoded(tmp_path / "a", "adts", "aac")
    audio = pcm16(noise(RATE // 2)).astype(np.float32) / 32_768
    for container in ("mp4", "matroska"):
        found = probe(video(tmp_path / "x", container, "aac", audio, rate=RATE, seconds=3))
        assert found.audio_digest == sound.audio_digest


def test_dsd_digest_is_of_the_bits(tmp_path: Path) -> None:
    bits = dsd_tone(DSD64 // 10)
    digests = []
    for lsb_first, tags in ((True, b""), (False, b""), (True, id3(id3_frame(b"TIT2", b"\x03x")))):
        (tmp_path / "x").write_bytes(dsf(bits, lsb_first=lsb_first, tags=tags))
        digests.append(probe(tmp_path / "x").audio_digest)
    assert len(set(digests)) == 1
    other = bits.copy()
    other[0, 77] ^= 1
    (tmp_path / "x").write_bytes(dsf(other))
    assert probe(tmp_path / "x").audio_digest not in digests


def test_tags_of_other_formats_do_not_count(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    makers: list[tuple[Path, Any]] = [
        (with_av(tmp_path / "wma", "asf", "wmav2", noise(RATE // 2)), ASF),
        (with_av(tmp_path / "wv", "wv", "wavpack", noise(RATE // 2)), WavPack),
        (tmp_path / "mpc", Musepack),
        (tmp_path / "ape", MonkeysAudio),
        (tmp_path / "dsf", DSF),
    ]
    (tmp_path / "mpc").write_bytes(TONE.read_bytes())
    (tmp_path / "ape").write_bytes(monkeys(4_000, 2))
    (tmp_path / "dsf").write_bytes(dsf(dsd_tone(DSD64 // 10)))
    for path, kind in makers:
        plain.write_bytes(path.read_bytes())
        file = kind(str(path))
        if kind is DSF:
            file.add_tags()
            for name, value in (
                ("TIT2", "Canción"),
                ("TPE1", "Nadie"),
                ("TALB", "Nada"),
                ("TDRC", "1999"),
                ("TRCK", "7"),
            ):
                file.tags.add(getattr(id3frames, name)(encoding=3, text=[value]))
            file.tags.add(id3frames.APIC(encoding=3, mime="image/jpeg", type=3, desc="x", data=jpeg()))
        elif kind is ASF:
            for name, value in zip(
                ("Title", "Author", "WM/AlbumTitle", "WM/Year", "WM/TrackNumber"), VALUES, strict=True
            ):
                file[name] = value
            picture = (
                b"\x03" + len(jpeg()).to_bytes(4, "little") + "image/jpeg\0x\0".encode("utf-16-le") + jpeg()
            )
            file["WM/Picture"] = [ASFByteArrayAttribute(picture)]
        else:
            for name, value in zip(("Title", "Artist", "Album", "Year", "Track"), VALUES, strict=True):
                file[name] = value
            file["Cover Art (Front)"] = APEValue(b"cover.jpg\0" + jpeg(), 1)
        file.save()
        found = probe(path)
        assert found.tags == TAGS, kind
        assert found.cover, kind
        assert found.audio_digest == probe(plain).audio_digest, kind
        assert found.checksum != probe(plain).checksum
