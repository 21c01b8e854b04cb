"""Read APEv1 and APEv2 tags at the end of a file, undecoded.

mutagen rejects the whole tag where one text is not UTF-8, as in tags of old programs.
"""

from typing import Final

from audio.decoding.byte_window import Source
from audio.tags import text_encodings

_LONGEST: Final = 8 << 20
_MOST_ITEMS: Final = 500
_ID3V1: Final = 128
_COVER: Final = "cover art (front)"


def texts(source: Source) -> dict[str, str]:
    """Return the texts by name; several values are separated by NUL. See ``text_encodings.undecided_bytes``."""
    return {
        name: text_encodings.mark_undecided(value.decode("utf-8", "surrogateescape"))
        for name, value, binary in _items(source)
        if not binary
    }


def cover(source: Source) -> bytes | None:
    """Return the bytes of the front cover, which follow a file name."""
    found = (value for name, value, binary in _items(source) if binary and name.lower() == _COVER)
    value = next(found, b"")
    return value.partition(b"\0")[2] or None


def _items(source: Source) -> list[tuple[str, bytes, bool]]:
    """Yield (name, value, whether it is binary) of the items of the tag, if there is one."""
    for end in (source.size, source.size - _ID3V1):
        footer = source.at(end - 32, 32) if end >= 32 else b""
        if footer.startswith(b"APETAGEX"):
            break
    else:
        return []
    size = min(int.from_bytes(footer[12:16], "little"), end)
    if not 32 <= size <= _LONGEST:
        return []
    body = source.at(end - size, size - 32)
    items: list[tuple[str, bytes, bool]] = []
    at = 0
    while len(items) < _MOST_ITEMS and at + 8 < len(body):
        length, flags = (
            int.from_bytes(body[at : at + 4], "little"),
            int.from_bytes(body[at + 4 : at + 8], "little"),
        )
        name, nul, _rest = body[at + 8 : at + 8 + 256].partition(b"\0")
        if not nul or at + 8 + len(name) + 1 + length > len(body):
            break
        at += 8 + len(name) + 1
        items.append((name.decode("ascii", "replace"), body[at : at + length], flags >> 1 & 3 != 0))
        at += length
    return items
