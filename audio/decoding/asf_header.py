"""Read the parts of ASF headers (WMA, WMV) that FFmpeg handles unsafely or does not expose.

Microsoft's "Advanced Systems Format" specification, revision 01.20.03: objects of a GUID, a 64-bit size and a body.
"""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from audio.decoding.byte_window import Source
from audio.errors import Unsupported


def _guid(text: str) -> bytes:
    return UUID(text).bytes_le


MAGIC: Final = _guid("75B22630-668E-11CF-A6D9-00AA0062CE6C")
_FILE_PROPERTIES: Final = _guid("8CABDCA1-A947-11CF-8EE4-00C00C205365")
_HEADER_EXTENSION: Final = _guid("5FBF03B5-A92E-11CF-8EE3-00C00C205365")
_ENCRYPTION: Final = frozenset(
    {_guid("2211B3FB-BD23-11D2-B4B7-00A0C955FC6E"), _guid("298AE614-2622-4C17-B935-DAE07EE9289C")}
)
_DESCRIPTIONS: Final = frozenset(
    {
        _guid("D2D0A440-E307-11D2-97F0-00A0C95EA850"),  # extended content description
        _guid("C5F8CBEA-5BAF-4877-8467-AA8C44FA4CCA"),  # metadata
        _guid("44231C94-9498-49D1-A141-1D134E457054"),  # metadata library
    }
)
_BROADCAST: Final = 1
_MOST_OBJECTS: Final = 500


def check(source: Source, most_tags: int) -> None:
    """Check an ASF header. Raises ``Unsupported`` for encrypted files and those with more than ``most_tags`` tags."""
    tags = 0
    for guid, at, _size in _objects(source):
        if guid in _ENCRYPTION:
            raise Unsupported("The file is locked by copy protection.", reason="protected")
        if guid in _DESCRIPTIONS:
            tags += int.from_bytes(source.at(at, 2), "little")
    if tags > most_tags:
        raise Unsupported("The file carries too many tags.", reason="too_many_tags")


def announced_size(source: Source) -> int | None:
    """Return the file size in the header; ``None`` for a recorded broadcast, whose size was unknown when written."""
    for guid, at, size in _objects(source):
        if guid == _FILE_PROPERTIES and size >= 80:
            body = source.at(at, 80)
            broadcast = int.from_bytes(body[64:68], "little") & _BROADCAST
            return None if broadcast else int.from_bytes(body[16:24], "little") or None
    return None


def _objects(source: Source) -> Iterator[tuple[bytes, int, int]]:
    """Yield (GUID, offset of the body, size of the body) of the objects in the header and its extension."""
    head = source.at(0, 30)
    if head[:16] != MAGIC:
        return
    at, end = 30, min(source.size, int.from_bytes(head[16:24], "little"))
    for _ in range(_MOST_OBJECTS):
        head = source.at(at, 24)
        if len(head) < 24 or at + 24 > end:
            return
        guid, size = head[:16], int.from_bytes(head[16:], "little")
        if size < 24:
            return
        yield guid, at + 24, size - 24
        at += 24 + 22 if guid == _HEADER_EXTENSION else size
    raise Unsupported("The header of the file has too many parts.", reason="too_many_tags")
