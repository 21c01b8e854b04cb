"""The less usual containers, made to hurt: bits flipped, lengths that lie, cut anywhere, full of tags."""

import struct
import zlib
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from audio.errors import AudioError, Damaged, Unsupported
from audio.probe import probe
from tests.audio.containers import DSD64, TONE, dsd_tone, dsf, monkeys, musepack7
from tests.audio.making import RATE, id3, id3_frame, noise, video, with_av
from tests.audio.sandbox.test_hostile import accepted, code_of


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A second of sound in every container that is less usual."""
    folder = tmp_path_factory.mktemp("others")
    made = {
        "wma": with_av(folder / "wma", "asf", "wmav2", noise(RATE)).read_bytes(),
        "wv": with_av(folder / "wv", "wv", "wavpack", noise(RATE)).read_bytes(),
        "ac3": with_av(folder / "ac3", "ac3", "ac3", noise(RATE)).read_bytes(),
        "eac3": with_av(folder / "eac3", "eac3", "eac3", noise(RATE)).read_bytes(),
        "mp2": with_av(folder / "mp2", "mp2", "mp2", noise(RATE)).read_bytes(),
        "au": with_av(folder / "au", "au", "pcm_mulaw", noise(RATE)).read_bytes(),
        "mkv": with_av(folder / "mkv", "matroska", "ac3", noise(RATE)).read_bytes(),
        "caf": with_av(folder / "caf", "caf", "alac", noise(RATE)).read_bytes(),
        "dsf": dsf(dsd_tone(DSD64 // 2)),
        "ape": monkeys(4_000, 4),
        "mpc": TONE.read_bytes(),
        "mpc7": musepack7(40),
    }
    for name, data in made.items():
        assert accepted(folder / name, data).samples > 0
    return made


OTHERS = ["wma", "wv", "ac3", "eac3", "mp2", "au", "mkv", "caf", "dsf", "ape", "mpc", "mpc7"]
REFUSED = {"damaged", "no_audio", "unsupported", "too_long", "too_large"}


def settled(path: Path, data: bytes) -> str:
    """The code of a refusal, or nothing; and never more seconds than there are."""
    try:
        found = accepted(path, data)
    except AudioError as error:
        return error.code
    assert 0 < found.duration < 60
    return ""


@pytest.mark.parametrize("name", OTHERS)
def test_flipped_bits_in_other_containers(tmp_path: Path, others: dict[str, bytes], name: str) -> None:
    """Each outcome is a song or a sentence, never a death of the child."""
    random = np.random.default_rng(7)
    data = others[name]
    for number in range(24):
        flipped = np.frombuffer(data, np.uint8).copy()
        reach = min(len(data), 400) if number % 2 else len(data)
        flipped[random.integers(0, reach, 1 + number // 2)] ^= 1 << int(random.integers(0, 8))
        assert settled(tmp_path / "x", flipped.tobytes()) in REFUSED | {""}


@pytest.mark.parametrize("name", OTHERS)
def test_wrong_lengths_in_other_containers(tmp_path: Path, others: dict[str, bytes], name: str) -> None:
    data = others[name]
    for at in range(4, 100, 4):
        for lie in (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"):
            assert settled(tmp_path / "x", data[:at] + lie + data[at + 4 :]) in REFUSED | {""}


@pytest.mark.parametrize("name", OTHERS)
def test_other_containers_cut_anywhere(tmp_path: Path, others: dict[str, bytes], name: str) -> None:
    data = others[name]
    for part in range(1, 20):
        assert settled(tmp_path / "x", data[: len(data) * part // 20]) in REFUSED | {""}


@pytest.mark.parametrize("name", ["wma", "wv", "mkv", "dsf", "ape", "au"])
def test_cut_files_with_an_announced_length_are_detected(
    tmp_path: Path, others: dict[str, bytes], name: str
) -> None:
    data = others[name]
    (tmp_path / "x").write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(Damaged) as caught:
        probe(tmp_path / "x")
    assert caught.value.reason == "cut_short"


def test_cut_musepack_is_detected(tmp_path: Path) -> None:
    data = TONE.read_bytes()
    assert data.count(b"\x81\xac\x22") == 1  # 22,050 samples
    (tmp_path / "x").write_bytes(data.replace(b"\x81\xac\x22", b"\x83\xac\x22"))
    with pytest.raises(Damaged) as caught:
        probe(tmp_path / "x")
    assert caught.value.reason == "cut_short"


@pytest.mark.parametrize("name", ["caf", "mpc7"])
def test_cut_files_that_need_their_end_are_damaged(
    tmp_path: Path, others: dict[str, bytes], name: str
) -> None:
    data = others[name]
    assert code_of(tmp_path / "x", data[: len(data) * 6 // 10]) == "damaged"


def test_cut_video_is_detected(tmp_path: Path) -> None:
    """Its sound may be all there is left of it: what the container announces is its size."""
    for container, codec in (("matroska", "aac"), ("asf", "wmav2")):
        path = video(tmp_path / "x", container, codec, noise(RATE), rate=RATE, seconds=20)
        data = path.read_bytes()
        assert code_of(path, data[: len(data) // 2]) == "damaged"


def test_cut_mp3_with_vbri_is_detected(tmp_path: Path, songs: Path) -> None:
    data = bytearray((songs / "song.mp3").read_bytes())
    data[36:62] = b"VBRI" + bytes(10) + int.from_bytes(data[44:48], "big").to_bytes(4, "big") + bytes(8)
    assert accepted(tmp_path / "x", bytes(data)).duration == pytest.approx(2, abs=0.1)
    assert code_of(tmp_path / "x", bytes(data[: len(data) // 2])) == "damaged"


def ape_tag(items: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(struct.pack("<II", len(value), 0) + name + b"\0" + value for name, value in items)
    return body + b"APETAGEX" + struct.pack("<IIII", 2_000, len(body) + 32, len(items), 0) + bytes(8)


@pytest.mark.parametrize("name", ["wv", "ape", "mpc"])
def test_tag_bombs_in_ape_tags(tmp_path: Path, others: dict[str, bytes], name: str) -> None:
    many = ape_tag([(b"k%d" % number, b"v") for number in range(50_000)])
    large = ape_tag([(b"Title", b"x" * (9 << 20))])
    lying = (
        ape_tag([(b"Title", b"x")])[:-32]
        + b"APETAGEX"
        + struct.pack("<IIII", 2_000, 2**32 - 1, 9, 0)
        + bytes(8)
    )
    for tag in (many, large, lying, ape_tag([(b"Title", b"\xff" * 9)])[4:]):
        assert settled(tmp_path / "x", others[name] + tag) in {"", "damaged", "no_audio"}


def test_tag_bombs_in_dsf(tmp_path: Path, others: dict[str, bytes]) -> None:
    packed = zlib.compress(b"\x03" + bytes(100 << 20), 1)
    inflating = id3_frame(b"TXXX", (2**27 - 1).to_bytes(4, "big") + packed, flags=0x0009)
    many = b"".join(id3_frame(b"TXXX", b"\x03%d\x00x" % number) for number in range(20_000))
    for frames in (inflating, many):
        assert accepted(tmp_path / "x", dsf(dsd_tone(DSD64 // 2), tags=id3(frames))).duration == 0.5


def asf_with(data: bytes, *added: bytes) -> bytes:
    """The ASF file with more objects at the end of its header."""
    size, count = struct.unpack("<QI", data[16:28])
    extra = b"".join(added)
    return (
        data[:16]
        + struct.pack("<QI", size + len(extra), count + len(added))
        + data[28:size]
        + extra
        + data[size:]
    )


def asf_object(guid: str, body: bytes) -> bytes:
    return UUID(guid).bytes_le + struct.pack("<Q", 24 + len(body)) + body


def test_tag_bombs_in_asf(tmp_path: Path, others: dict[str, bytes]) -> None:
    def described(count: int) -> bytes:
        one = b"".join(
            struct.pack("<H", 10)
            + f"{number:04x}\0".encode("utf-16-le")
            + struct.pack("<HHH", 0, 4, 0)
            + b"v\0\0\0"[:2]
            for number in range(count)
        )
        return asf_object("D2D0A440-E307-11D2-97F0-00A0C95EA850", struct.pack("<H", count) + one)

    assert code_of(tmp_path / "x", asf_with(others["wma"], described(40_000))) == "unsupported"
    assert code_of(tmp_path / "x", asf_with(others["wma"], *[described(600)] * 2)) == "unsupported"
    assert (
        code_of(tmp_path / "x", asf_with(others["wma"], *[asf_object(str(UUID(int=1)), b"")] * 5_000))
        == "unsupported"
    )
    assert settled(tmp_path / "x", asf_with(others["wma"], asf_object(str(UUID(int=1)), b"x" * 99))) == ""


def test_copy_protection_has_its_own_reason(tmp_path: Path, others: dict[str, bytes]) -> None:
    locked = asf_with(others["wma"], asf_object("2211B3FB-BD23-11D2-B4B7-00A0C955FC6E", bytes(16)))
    (tmp_path / "x").write_bytes(locked)
    with pytest.raises(Unsupported) as caught:
        probe(tmp_path / "x")
    assert caught.value.reason == "protected"


def test_avi_and_dsdiff_have_their_own_reasons(tmp_path: Path) -> None:
    path = video(tmp_path / "x", "avi", "libmp3lame", noise(RATE), rate=RATE, seconds=2)
    for data, reason in ((path.read_bytes(), "avi"), (b"FRM8" + bytes(8) + b"DSD " + bytes(99), "dff")):
        path.write_bytes(data)
        with pytest.raises(Unsupported) as caught:
            probe(path)
        assert caught.value.reason == reason


def test_refused_codec_has_its_own_reason(tmp_path: Path) -> None:
    path = with_av(tmp_path / "x", "wav", "adpcm_ms", noise(RATE))
    with pytest.raises(Unsupported) as caught:
        probe(path)
    assert caught.value.reason == "codec"
