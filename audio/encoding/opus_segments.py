"""Opus segments of stems for players on slow lines: encoded once without a break, and cut between packets.

Each segment is an Ogg Opus file of its own. It begins with packets of the segment before, which the file tells the
decoder to drop: they bring it into the state that it would have there. So the decoded segments join as if one decoder
went through the whole stem.

Opus knows no 44,100 Hz. The encoder is told 48,000 and gets the samples as they are: nothing is resampled on either
side, and a position in a segment is a position in the stem. A program that does not know plays a segment 9 % too fast.

All stems of a song are in one file, segment by segment, so that the first segments of all are there first. The file
begins with the table of where they are, which grows with it: an offset is written when what is before it is complete.
"""

import os
import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from audio.decoding.decode import Samples
from audio.errors import Damaged
from audio.formats import STEREO_RATE
from audio.ogg import OPUS_RATE, PACKET_SAMPLES, opus_file

OPUS_SEGMENT_SAMPLES: Final = 131_072  # 3.0 s at 44.1 kHz, a quarter of a FLAC segment
PRE_ROLL_PACKETS: Final = 20
"""Packets that bring a decoder into the right state.

Music is exact after the 4 that RFC 7845 asks for, but a pure tone is filtered with its own past: the difference halves
with every two packets, to -66 dBFS after 20 of them.
"""
LOSS_PERCENT: Final = "10"
"""The share of lost packets that the encoder expects, so that few packets depend on others.

That costs 2 % more bytes. Otherwise stems differed by up to -31 dBFS after 4 packets, and -90 after 20.
"""
COMPLEXITY: Final = "4"  # of 0 to 10, which costs twice the time and is no closer to the original

_OFFSET: Final = struct.Struct("<Q")


def segment_count(samples: int) -> int:
    """Count the segments of a stem of ``samples``; the last one is shorter."""
    return -(-samples // OPUS_SEGMENT_SAMPLES)


def encode_segments(
    stems: Sequence[Iterator[Samples]],
    samples: int,
    path: Path,
    bitrate: int,
    report: Callable[[float], None],
) -> None:
    """Write the segments of ``stems``, which yield ``samples`` each in blocks ``[2, n]``, into the file ``path``.

    ``bitrate`` of each in kbit/s. ``report`` hears the progress, 0 to 1, after each segment. Raises ``Damaged`` when a
    stem ends early, and ``OSError``.
    """
    count = segment_count(samples)
    encoders = [_StemEncoder(blocks, samples, bitrate) for blocks in stems]
    with _SegmentFile(path, len(stems) * count) as file:
        for n in range(count):
            for encoder in encoders:
                file.add(encoder.segment(n))
            report((n + 1) / count)


def table_size(stems: int, samples: int) -> int:
    """Return the size of the table with which a file begins, in bytes."""
    return (stems * segment_count(samples) + 1) * _OFFSET.size


def parse_table(table: bytes) -> "array[int]":
    """Read the table of a complete file: where each segment begins, and the end. Raises ``Damaged``."""
    offsets = array("Q", (offset for (offset,) in _OFFSET.iter_unpack(table)))
    if not offsets or offsets[0] != len(table) or list(offsets) != sorted(set(offsets)):
        raise Damaged("A table of segments is damaged.")
    return offsets


def read_growing(path: Path, number: int) -> bytes | None:
    """Read segment ``number`` of all those in the file, which is being written; None while it is not there.

    Raises ``FileNotFoundError`` before the file is begun and after it is finished.
    """
    with path.open("rb", buffering=0) as file:
        span = os.pread(file.fileno(), 2 * _OFFSET.size, number * _OFFSET.size)
        if len(span) < 2 * _OFFSET.size:
            return None
        start, stop = (offset for (offset,) in _OFFSET.iter_unpack(span))
        return os.pread(file.fileno(), stop - start, start) if stop else None


class _SegmentFile:
    """Writes a file of ``count`` segments."""

    def __init__(self, path: Path, count: int) -> None:
        path.unlink(missing_ok=True)  # of a process that was killed; somebody may be reading it
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        self._count = 0
        self._end = (count + 1) * _OFFSET.size
        self._write(bytes(self._end), 0)
        self._write(_OFFSET.pack(self._end), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def add(self, segment: bytes) -> None:
        self._write(segment, self._end)
        self._end += len(segment)
        self._count += 1
        # After the segment: who finds the offset finds the bytes, too.
        self._write(_OFFSET.pack(self._end), self._count * _OFFSET.size)

    def _write(self, data: bytes, position: int) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, position)
            view, position = view[written:], position + written


class _StemEncoder:
    """Encodes a stem of ``samples``, as far as its next segment needs it."""

    def __init__(self, blocks: Iterator[Samples], samples: int, bitrate: int) -> None:
        # FFmpeg is 17 MB that the website does without until somebody asks for it.
        import av  # noqa: PLC0415

        self._make_frame, self._blocks, self._samples = av.AudioFrame.from_ndarray, blocks, samples
        self._taken = 0
        self._packets: list[bytes] = []
        self._first = 0  # the number of the first one that is kept
        self._is_flushed = False
        codec: Any = av.CodecContext.create("libopus", "w")
        codec.sample_rate, codec.layout, codec.format = OPUS_RATE, "stereo", "flt"
        codec.bit_rate = bitrate * 1000
        # Without phase inversion a sum of both channels keeps what is wide, as on the loudspeaker of a phone.
        codec.options = {
            "compression_level": COMPLEXITY,
            "packet_loss": LOSS_PERCENT,
            "apply_phase_inv": "0",
        }
        codec.open()
        self._codec = codec
        self._delay = int.from_bytes(codec.extradata[10:12], "little")  # pre-skip in its OpusHead

    def segment(self, n: int) -> bytes:
        """Return segment ``n``, which is not before those that were asked for. Raises ``Damaged``."""
        start = n * OPUS_SEGMENT_SAMPLES + self._delay
        stop = min((n + 1) * OPUS_SEGMENT_SAMPLES, self._samples) + self._delay
        first = max(0, start // PACKET_SAMPLES - PRE_ROLL_PACKETS)
        end = -(-stop // PACKET_SAMPLES)
        while self._first + len(self._packets) < end:
            self._encode_block()
        del self._packets[: first - self._first]
        self._first = first
        packets = self._packets[: end - first]
        return opus_file(packets, start - first * PACKET_SAMPLES, stop - start, STEREO_RATE)

    def _encode_block(self) -> None:
        block = next(self._blocks, None)
        if block is not None:
            interleaved = np.ascontiguousarray(block.T, np.float32).reshape(1, -1)
            frame = self._make_frame(interleaved, format="flt", layout="stereo")
            frame.sample_rate, frame.time_base = OPUS_RATE, Fraction(1, OPUS_RATE)
            frame.pts = self._taken
            self._taken += block.shape[1]
            self._packets += map(bytes, self._codec.encode(frame))
        elif self._is_flushed or self._taken < self._samples:
            raise Damaged("A stored stem ends too early.")
        else:
            self._is_flushed = True
            self._packets += map(bytes, self._codec.encode(None))
