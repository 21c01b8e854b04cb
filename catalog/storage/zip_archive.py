"""ZIP archives that are never written to disk: headers in memory, and between them the stored files.

Nothing is compressed again and every time stamp is the same, so equal files give equal bytes. The archive can therefore
be asked for in ranges and has an entity tag, and it takes neither disk nor memory. The headers are those of Python's
``zipfile``, which writes ZIP64 where it is needed; libraries for streamed archives can neither seek nor tell the
CRC-32 before the data.
"""

import hashlib
import io
import stat
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from catalog.storage import backend

# No real date: when a file was made may be nobody else's business, and would change the bytes.
DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Member:
    """A stored file in an archive: name, storage key, size and CRC-32."""

    name: str
    key: str
    size: int
    crc32: int
    sha256: str


class ZipArchive(io.RawIOBase):
    """The archive of ``members`` as a readable, seekable file, after ``open()``.

    ``size`` and ``etag`` (a strong entity tag, without quotes) are known before.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        super().__init__()
        self._parts: list[tuple[int, int, BinaryIO]] = []
        self._starts: list[int] = []
        sink = _RecordingFile()
        with _Headers(sink, "w", ZIP_STORED) as headers:
            self._members = [(headers.add(member), member) for member in members]
        self.size = self.stop = sink.position
        self._position = 0
        self._headers = sink.written
        parts = [header for _start, header in self._headers] + [member.sha256.encode() for member in members]
        self.etag = hashlib.sha256(b"".join(parts)).hexdigest()

    def open(self) -> None:
        """Open all members at once, so that the archive stays whole while it is read, and no reader has to wait for
        storage. Raises ``CatalogError("file_missing")`` (503)."""
        parts: list[tuple[int, int, BinaryIO]] = [
            (start, len(header), io.BytesIO(header)) for start, header in self._headers
        ]
        try:
            for start, member in self._members:
                with backend.whole_copy(member.key, member.size) as path:
                    parts.append((start, member.size, path.open("rb", buffering=0)))
        except FileNotFoundError:  # removed in this moment
            raise backend.file_missing("a file of an archive") from None
        finally:
            # An empty member comes before what follows at the same place.
            self._parts = sorted(parts, key=lambda part: part[:2])
            self._starts = [start for start, _size, _file in self._parts]

    def narrow(self, start: int, stop: int) -> None:
        """Read only the bytes from ``start`` to ``stop``."""
        self.seek(start)
        self.stop = stop

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        """Fill ``buffer``, less only at the end. Raises ``OSError`` where a member has become shorter."""
        view = memoryview(buffer).cast("B")[: max(0, self.stop - self._position)]
        done = 0
        while done < len(view):
            start, size, file = self._parts[bisect_right(self._starts, self._position) - 1]
            file.seek(self._position - start)
            count = file.readinto(view[done : done + start + size - self._position])  # type: ignore[attr-defined]
            if not count:
                raise OSError("a member of the archive has become shorter")
            done += count
            self._position += count
        return done

    def close(self) -> None:
        for _start, _size, file in self._parts:
            file.close()
        super().close()


class _Headers(ZipFile):
    """Write the headers of a ZIP file, leaving room for the data of its members."""

    def add(self, member: Member) -> int:
        """Write the header of ``member``; return where its data begins."""
        info = ZipInfo(member.name, DATE)
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        info.CRC = member.crc32
        info.file_size = info.compress_size = member.size
        sink: Any = self.fp
        info.header_offset = sink.tell()
        sink.write(info.FileHeader())
        start: int = sink.tell()
        sink.seek(member.size, io.SEEK_CUR)
        self.filelist.append(info)
        self.NameToInfo[info.filename] = info
        self.start_dir = sink.tell()
        self._didModify = True  # close() writes the directory
        return start


class _RecordingFile(io.RawIOBase):
    """Record what is written at which position."""

    def __init__(self) -> None:
        super().__init__()
        self.position = 0
        self.written: list[tuple[int, bytes]] = []

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self.position = offset + (self.position if whence == io.SEEK_CUR else 0)
        return self.position

    def write(self, data: Any, /) -> int:
        self.written.append((self.position, bytes(data)))
        self.position += len(data)
        return len(data)
