"""FLAC files that are delivered in segments: a segment is a slice of the file, without decoding.

Our stems are 16-bit stereo FLACs of 4096 samples a frame. 128 frames are a segment, and the file's own
SEEKTABLE tells where each segment begins, also while the file still grows: a point for segment ``n`` is
written when everything before it is. A segment becomes a FLAC of its own by a short header and by counting
its frames from 0 (``flac_frames``). No library cuts a FLAC without decoding it.
"""

import os
import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from audio.errors import Damaged
from audio.flac_frames import FRAME_SAMPLES, SYNC, renumber
from audio.formats import STEREO_RATE

SEGMENT_FRAMES: Final = 128
SEGMENT_SAMPLES: Final = FRAME_SAMPLES * SEGMENT_FRAMES  # 11.9 s at 44.1 kHz

HEAD_BYTES: Final = 65_536
"""So much from a file's beginning holds everything before its first frame."""

_MARK = b"fLaC"
_STREAMINFO, _SEEKTABLE, _COMMENTS = 0, 3, 4
_LAST = 0x80
_POINT = 18
_NO_POINT = b"\xff" * 8 + bytes(10)
_GAIN = "STEM_GAIN"


@dataclass(frozen=True, slots=True)
class Layout:
    """The segments of a file, from its first ``HEAD_BYTES``."""

    start: int
    """Where the first frame begins, in bytes."""
    info: bytes
    """The 34 bytes of STREAMINFO."""
    offsets: "array[int]"
    """Where segment 0, 1, 2 ... begin, in bytes after ``start``."""
    gain: float
    """What the samples were multiplied by, so that they do not clip."""

    @classmethod
    def of(cls, head: bytes) -> Self:
        """Parse the beginning of a file. Raises ``Damaged`` when it is not FLAC."""
        if head[:4] != _MARK or len(head) < 42:
            raise Damaged("This is no FLAC.")
        info, offsets, gain = b"", array("Q"), 1.0
        position, last = 4, False
        while not last:
            if position + 4 > len(head):
                raise Damaged("The beginning of a FLAC is too long.")
            kind, size = head[position], int.from_bytes(head[position + 1 : position + 4])
            block = head[position + 4 : position + 4 + size]
            position += 4 + size
            last = bool(kind & _LAST)
            match kind & ~_LAST:
                case 0:
                    info = block
                case 3:
                    offsets = _segment_offsets(block)
                case 4:
                    gain = _gain(block)
        if len(info) != 34:
            raise Damaged("A FLAC does not say what it holds.")
        return cls(position, info, offsets, gain)

    @property
    def samples(self) -> int:
        """Return the samples of each channel; 0 while the file still grows."""
        return _samples(self.info)

    @property
    def segments(self) -> int:
        """Return how many segments can be cut from the file now."""
        if self.samples:
            return -(-self.samples // SEGMENT_SAMPLES)
        return max(0, len(self.offsets) - 1)

    @property
    def is_indexed(self) -> bool:
        """Whether its seek table locates all segments; files of other encoders need not have one."""
        return bool(self.offsets) and (not self.samples or len(self.offsets) == self.segments)

    def span(self, n: int, size: int) -> tuple[int, int]:
        """Return the half-open byte range of segment ``n`` in a file of ``size`` bytes. Raises IndexError."""
        if not 0 <= n < self.segments:
            raise IndexError(n)
        stop = size if n + 1 == len(self.offsets) else self.start + self.offsets[n + 1]
        return self.start + self.offsets[n], stop

    def segment(self, n: int, data: bytes) -> bytes:
        """Return segment ``n`` as a FLAC file; ``data`` are the bytes of its ``span``. Raises ``Damaged``."""
        samples = (
            min(SEGMENT_SAMPLES, self.samples - n * SEGMENT_SAMPLES) if self.samples else SEGMENT_SAMPLES
        )
        info = bytearray(self.info)
        # Nothing is known of the sizes of these frames, nor of the MD5 of these samples.
        info[0:10] = FRAME_SAMPLES.to_bytes(2) * 2 + bytes(6)
        info[13:18] = ((int.from_bytes(info[13:18]) & ~0xF_FFFF_FFFF) | samples).to_bytes(5)
        info[18:34] = bytes(16)
        return b"".join([_head(bytes(info), None, self.gain), *renumber(data, n * SEGMENT_FRAMES, samples)])


def read_segment(path: Path, n: int) -> tuple[bytes, float]:
    """Read segment ``n`` of the file at ``path``, which may still grow; return it with its gain.

    Raises ``FileNotFoundError``, ``IndexError`` when there is no such segment (yet), and ``Damaged``.
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        layout = Layout.of(os.pread(file.fileno(), HEAD_BYTES, 0))
        start, stop = layout.span(n, size)
        return layout.segment(n, os.pread(file.fileno(), stop - start, start)), layout.gain


class SegmentedFile:
    """Write a FLAC from encoded frames, with a seek table that locates segments while the file grows.

    ``segments``: the largest number that the seek table has room for.
    """

    def __init__(self, path: Path, segments: int, gain: float = 1.0) -> None:
        self.segments = 0
        """How many are complete in the file."""
        self._points = max(1, min(segments, 3_000)) + 1  # one more tells where the last one ends
        self._gain = gain
        self._frames = 0
        self._bytes = 0
        self._offsets = array("Q", [0])
        nothing_known = stream_info((0, 0), 0, bytes(16))
        head = _head(nothing_known, self._table(1), gain)
        self._start = len(head)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        _write(self._descriptor, head, 0)

    def add(self, frames: bytes | memoryview, sizes: Iterable[int]) -> None:
        """Append ``frames`` of these ``sizes``. All but the last of a file have ``FRAME_SAMPLES``."""
        _write(self._descriptor, frames, self._start + self._bytes)
        for size in sizes:
            self._frames += 1
            self._bytes += size
            if self._frames % SEGMENT_FRAMES == 0:
                self._offsets.append(self._bytes)
                n = len(self._offsets) - 1
                if n < self._points:
                    # After the frames: who finds the point finds them, too.
                    _write(self._descriptor, self._table(n + 1)[n * _POINT :][:_POINT], 46 + n * _POINT)
                    self.segments = n

    def close(self, info: bytes | None = None) -> None:
        """Write the final header with this STREAMINFO. Further calls do nothing."""
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        try:
            if info is not None:
                segments = -(-_samples(info) // SEGMENT_SAMPLES)
                _write(descriptor, _head(info, self._table(segments), self._gain), 0)
        finally:
            os.close(descriptor)

    def _table(self, count: int) -> bytes:
        points = [
            (n * SEGMENT_SAMPLES).to_bytes(8) + offset.to_bytes(8) + FRAME_SAMPLES.to_bytes(2)
            for n, offset in enumerate(self._offsets[: min(count, self._points)])
        ]
        return b"".join(points) + _NO_POINT * (self._points - len(points))


class FromSndfile:
    """A file object for libsndfile that passes the frames of its FLAC on to ``file``.

    Passed to ``soundfile.SoundFile``, which calls ``seek``, ``tell``, ``read`` and ``write``; libFLAC writes its header
    first, then frame by frame, and at last corrects its STREAMINFO. After that call ``close``.
    """

    def __init__(self, file: SegmentedFile) -> None:
        self._file = file
        self._header = bytearray()
        self._position = 0
        self._bytes = 0

    def write(self, data: bytes) -> int:
        data = bytes(data)
        if self._position < len(self._header) or not self._is_frame(data):
            self._header[self._position : self._position + len(data)] = data
        else:
            self._file.add(data, (len(data),))
            self._bytes += len(data)
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._end}[whence]
        self._position = origin + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, _size: int = -1) -> bytes:
        return b""

    def close(self) -> None:
        """Close the file."""
        self._file.close(bytes(self._header[8:42]) if len(self._header) >= 42 else None)

    @property
    def _end(self) -> int:
        return len(self._header) + self._bytes

    def _is_frame(self, data: bytes) -> bool:
        return self._position == self._end and len(self._header) >= 42 and data[:2] == SYNC


def stream_info(sizes: tuple[int, int], samples: int, md5: bytes) -> bytes:
    """Return the STREAMINFO of a stem: sizes of its smallest and largest frame, samples, MD5; 0 is unknown."""
    smallest, largest = sizes
    form = STEREO_RATE << 44 | (2 - 1) << 41 | (16 - 1) << 36 | samples
    return FRAME_SAMPLES.to_bytes(2) * 2 + smallest.to_bytes(3) + largest.to_bytes(3) + form.to_bytes(8) + md5


def _samples(info: bytes) -> int:
    return int.from_bytes(info[13:18]) & 0xF_FFFF_FFFF


def _write(descriptor: int, data: bytes | memoryview, position: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, position)
        data, position = data[written:], position + written


def _head(info: bytes, table: bytes | None, gain: float) -> bytes:
    """Return everything before the first frame: 42 bytes, more with a seek table or a gain other than 1."""
    blocks = [(_STREAMINFO, info)]
    if table is not None:
        blocks.append((_SEEKTABLE, table))
    if table is not None or gain != 1.0:
        vendor, comment = b"Stemoteca", f"{_GAIN}={gain!r}".encode()
        sizes = [len(text).to_bytes(4, "little") for text in (vendor, comment)]
        blocks.append((_COMMENTS, sizes[0] + vendor + (1).to_bytes(4, "little") + sizes[1] + comment))
    kinds = [kind for kind, _ in blocks[:-1]] + [blocks[-1][0] | _LAST]
    return _MARK + b"".join(
        bytes([kind]) + len(block).to_bytes(3) + block for kind, (_, block) in zip(kinds, blocks, strict=True)
    )


def _segment_offsets(table: bytes) -> "array[int]":
    """Return the offsets of consecutive segments, from 0, in a seek table."""
    offsets = array("Q")
    for at in range(0, len(table) - _POINT + 1, _POINT):
        sample = int.from_bytes(table[at : at + 8])
        if sample == len(offsets) * SEGMENT_SAMPLES:
            offsets.append(int.from_bytes(table[at + 8 : at + 16]))
    return offsets


def _gain(comments: bytes) -> float:
    found = re.search(rb"STEM_GAIN=([0-9.e-]+)", comments)
    return float(found[1]) if found else 1.0
