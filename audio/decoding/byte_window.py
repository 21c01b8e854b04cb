"""A read-only window over an open descriptor: the bytes that a decoder may see.

ID3v2 blocks in front are skipped and ID3v1, ID3v2 (of DSF), APEv2 and Lyrics3 blocks behind are cut off before FFmpeg
sees the file: its tag parsers take quadratic time and inflate compressed frames without a limit, and
``audio.tags.reader`` reads tags better.
"""

import io
import os
from typing import Final

# These carry their own sizes; what looks like a trailing tag in them is data.
_SELF_DELIMITING: Final = (
    *(b"RIFF", b"RF64", b"riff", b"OggS", b"FORM", b"caff", b"\x1aE\xdf\xa3", b".snd"),
    b"\x30\x26\xb2\x75",  # ASF
)


class Source(io.RawIOBase):
    """Seekable, read-only bytes ``[start, end)`` of a descriptor; without a ``name``, from which FFmpeg would guess."""

    def __init__(self, descriptor: int, start: int, end: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._start = start
        self._end = end
        self._position = start

    @property
    def size(self) -> int:
        """Return the number of bytes in the window."""
        return self._end - self._start

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Read up to ``size`` bytes, or all that remain if negative."""
        left = self._end - self._position
        count = left if size is None or size < 0 else min(size, left)
        if count <= 0:
            return b""
        data = os.pread(self._descriptor, count, self._position)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move as in a file. Raises ``ValueError`` before the start."""
        base = {os.SEEK_SET: self._start, os.SEEK_CUR: self._position, os.SEEK_END: self._end}[whence]
        if base + offset < self._start:
            raise ValueError("before the start")
        self._position = base + offset
        return self._position - self._start

    def tell(self) -> int:
        """Return the position from the start of the window."""
        return self._position - self._start

    def at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes at ``offset`` without moving the position."""
        offset += self._start
        return os.pread(self._descriptor, max(0, min(size, self._end - offset)), offset)


def whole(descriptor: int, size: int) -> Source:
    """Return the whole file as a window."""
    return Source(descriptor, 0, size)


def without_tags(descriptor: int, size: int) -> Source:
    """Return the file without the tag blocks at its beginning and end."""
    start = _after_id3v2(descriptor, size)
    end = size
    head = os.pread(descriptor, 28, start)
    if head.startswith(b"DSD "):
        tags = start + int.from_bytes(head[20:28], "little")
        end = tags if start + len(head) < tags < size else size
    elif not head.startswith(_SELF_DELIMITING) and head[4:8] != b"ftyp":
        end = _before_trailers(descriptor, start, size)
    return Source(descriptor, start, end)


def _after_id3v2(descriptor: int, size: int) -> int:
    start = 0
    while start < size:
        head = os.pread(descriptor, 10, start)
        if len(head) < 10 or head[:3] != b"ID3" or max(head[6:10]) > 0x7F:
            break
        length = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        start = min(size, start + 10 + length + (10 if head[5] & 0x10 else 0))
    return start


def _before_trailers(descriptor: int, start: int, end: int) -> int:
    """Return where the audio ends. Tag blocks come in any order, so cut until none is recognised."""
    while True:
        tail = os.pread(descriptor, min(256, end - start), max(start, end - 256))
        cut = 0
        if tail[-128:-125] == b"TAG":
            cut = 128
        elif tail[-32:-24] == b"APETAGEX":
            footer = tail[-32:]
            cut = int.from_bytes(footer[12:16], "little") + (32 if footer[23] & 0x80 else 0)
        elif tail[-9:] == b"LYRICS200" and tail[-15:-9].isdigit():
            cut = int(tail[-15:-9]) + 15
        elif tail[-227:-223] == b"TAG+":
            cut = 227
        elif tail[-10:-7] == b"3DI":
            cut = (tail[-4] << 21 | tail[-3] << 14 | tail[-2] << 7 | tail[-1]) + 20
        if not 0 < cut <= end - start:
            return end
        end -= cut
