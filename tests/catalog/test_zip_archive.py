"""Archives that are never written: what they hold, in whole and in parts, beyond 4 GB too."""

import hashlib
import io
import zipfile
import zlib
from pathlib import Path

import pytest

from catalog.zip_archive import Member, ZipArchive

SIZES = (1, 0, 100_000, 0, 65_536)


def member(path: Path, name: str, data: bytes) -> Member:
    path.write_bytes(data)
    return Member(name, path, len(data), zlib.crc32(data), hashlib.sha256(data).hexdigest())


@pytest.fixture
def members(tmp_path: Path) -> list[Member]:
    return [
        member(tmp_path / str(number), f"日本 - Ríos ({number}).mp3", bytes([number + 1]) * size)
        for number, size in enumerate(SIZES)
    ]


def test_every_member_is_there_in_order(members: list[Member]) -> None:
    with ZipArchive(members) as archive:
        body = archive.read()
        assert len(body) == archive.size
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == [one.name for one in members]
        assert [opened.read(one.name) for one in members] == [one.path.read_bytes() for one in members]
        assert {item.date_time for item in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {item.external_attr >> 16 for item in opened.infolist()} == {0o100644}


def test_any_part_is_that_of_the_whole(members: list[Member]) -> None:
    with ZipArchive(members) as archive:
        body = archive.read()
        for start in (0, 1, 29, 30, 70, 100_100, len(body) - 1, len(body), len(body) + 5):
            for length in (0, 1, 40, 70_000, len(body)):
                archive.narrow(start, min(len(body), start + length))
                assert archive.read() == body[start : start + length]
        archive.narrow(0, len(body))
        pieces = iter(lambda: archive.read(997), b"")
        assert b"".join(piece or b"" for piece in pieces) == body
        assert archive.seek(-10, io.SEEK_END) == archive.tell() == len(body) - 10
        assert archive.seek(3, io.SEEK_CUR) == len(body) - 7


def test_the_tag_follows_the_bytes(members: list[Member], tmp_path: Path) -> None:
    with ZipArchive(members) as first, ZipArchive(members) as again, ZipArchive(members[::-1]) as turned:
        assert first.etag == again.etag != turned.etag
    others = [*members[:-1], member(tmp_path / "other", members[-1].name, b"x" * SIZES[-1])]
    with ZipArchive(others) as other:
        assert other.etag != first.etag


def test_more_than_four_gigabytes(tmp_path: Path, members: list[Member]) -> None:
    size = (1 << 32) + 10  # a file with a hole, which takes no room
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.truncate(size)
    long = Member("long.wav", path, size, 0, "0" * 64)  # its CRC-32 is not looked at below
    with ZipArchive([long, *members]) as archive:
        assert archive.size > size
        with zipfile.ZipFile(archive) as opened:  # type: ignore[arg-type]  # reads and seeks
            assert [item.file_size for item in opened.infolist()] == [size, *SIZES]
            assert opened.infolist()[1].header_offset > size
            assert [opened.read(one.name) for one in members] == [one.path.read_bytes() for one in members]


def test_a_member_that_became_shorter_ends_the_download(members: list[Member]) -> None:
    with ZipArchive(members) as archive:
        members[2].path.write_bytes(b"x")
        with pytest.raises(OSError, match="shorter"):
            archive.read()


def test_a_member_that_is_gone_is_an_error_at_once(members: list[Member]) -> None:
    members[2].path.unlink()
    with pytest.raises(FileNotFoundError):
        ZipArchive(members)


def test_members_that_are_removed_meanwhile_are_still_read(members: list[Member]) -> None:
    with ZipArchive(members) as archive:
        for one in members:
            one.path.unlink()
        assert zipfile.ZipFile(io.BytesIO(archive.read())).testzip() is None
