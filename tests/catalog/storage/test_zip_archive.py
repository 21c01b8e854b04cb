"""Archives that are never written: what they hold, in whole and in parts, beyond 4 GB too."""

import hashlib
import io
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.errors import CatalogError
from catalog.storage import backend
from catalog.storage.zip_archive import Member, ZipArchive

SIZES = (1, 0, 100_000, 0, 65_536)


def member(name: str, data: bytes) -> Member:
    digest = hashlib.sha256(data).hexdigest()
    key = backend.key_for("renditions", digest, "mp3")
    path_of(key).parent.mkdir(parents=True, exist_ok=True)
    path_of(key).write_bytes(data)
    return Member(name, key, len(data), zlib.crc32(data), digest)


def path_of(key: str) -> Path:
    return backend.local_path(key)


def opened(members: list[Member]) -> ZipArchive:
    archive = ZipArchive(members)
    archive.open()
    return archive


@pytest.fixture
def members() -> list[Member]:
    return [
        member(f"日本 - Ríos ({number}).mp3", bytes([number + 1]) * size) for number, size in enumerate(SIZES)
    ]


def test_members_keep_their_order(members: list[Member]) -> None:
    with opened(members) as archive:
        body = archive.read()
        assert len(body) == archive.size
    with zipfile.ZipFile(io.BytesIO(body)) as found:
        assert found.testzip() is None
        assert found.namelist() == [one.name for one in members]
        assert [found.read(one.name) for one in members] == [path_of(one.key).read_bytes() for one in members]
        assert {item.date_time for item in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {item.external_attr >> 16 for item in found.infolist()} == {0o100644}


def test_ranges_equal_parts_of_the_whole(members: list[Member]) -> None:
    with opened(members) as archive:
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


def test_etag_depends_on_the_content_and_opens_no_file(members: list[Member]) -> None:
    tag = ZipArchive(members).etag
    assert ZipArchive(members).etag == tag
    assert ZipArchive(members[::-1]).etag != tag
    assert ZipArchive([*members[:-1], member(members[-1].name, b"x" * SIZES[-1])]).etag != tag


def test_more_than_four_gigabytes(members: list[Member]) -> None:
    size = (1 << 32) + 10  # a file with a hole, which takes no room
    long = replace(member("long.wav", b"long"), size=size)  # its CRC-32 is not looked at below
    with path_of(long.key).open("wb") as file:
        file.truncate(size)
    with opened([long, *members]) as archive:
        assert archive.size > size
        with zipfile.ZipFile(archive) as found:
            assert [item.file_size for item in found.infolist()] == [size, *SIZES]
            assert found.infolist()[1].header_offset > size
            assert [found.read(one.name) for one in members] == [
                path_of(one.key).read_bytes() for one in members
            ]


def test_shortened_member_ends_the_download(members: list[Member]) -> None:
    with opened(members) as archive:
        path_of(members[2].key).write_bytes(b"x")
        with pytest.raises(OSError, match="shorter"):
            archive.read()


@pytest.mark.parametrize("damage", ["gone", "torn"])
def test_damaged_member_is_an_error_before_the_first_byte(members: list[Member], damage: str) -> None:
    path = path_of(members[2].key)
    path.unlink() if damage == "gone" else path.write_bytes(b"x")
    with ZipArchive(members) as archive, pytest.raises(CatalogError, match="file_missing"):
        archive.open()


def test_members_deleted_meanwhile_are_still_read(members: list[Member]) -> None:
    with opened(members) as archive:
        for key in {one.key for one in members}:
            path_of(key).unlink()
        assert zipfile.ZipFile(io.BytesIO(archive.read())).testzip() is None
