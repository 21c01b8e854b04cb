"""The request parser: stricter than waitress's about lengths, and paused until Django has admitted the body."""

import time
from functools import cached_property
from typing import Any

from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.utilities import BadRequest

from operations.monitoring.log_context import new_request_id
from operations.server.body import PendingBody

# Bodies up to this size are read without a check, and kept in memory: sign-in forms, searches, most JSON.
FREE_BYTES = 16_384
LENGTH_DIGITS = 15
# Chunked bodies: bytes read at once, since parsing blocks the loop; bytes gathered for one write; and the limit of
# chunk sizes and trailers, which are kept in memory.
CHUNKED_READ_BYTES, GATHERED_BYTES, FRAME_BYTES = 16_384, 65_536, 16_384


class GatheringBuffer:
    """Gather small portions, and write large ones to ``buffer``."""

    def __init__(self, buffer: OverflowableBuffer) -> None:
        self._buffer = buffer
        self._gathered = bytearray()

    def __len__(self) -> int:
        return len(self._buffer) + len(self._gathered)

    def append(self, data: bytes) -> None:
        self._gathered += data
        if len(self._gathered) >= GATHERED_BYTES:
            self._flush()

    def getfile(self) -> Any:
        self._flush()
        return self._buffer.getfile()

    def close(self) -> None:
        self._gathered.clear()
        self._buffer.close()

    def _flush(self) -> None:
        if self._gathered:
            data = bytes(self._gathered)
            self._gathered.clear()
            self._buffer.append(data)


class ChunkedBody(ChunkedReceiver):  # type: ignore[misc]  # waitress has no types
    def __init__(self, buffer: OverflowableBuffer) -> None:
        super().__init__(GatheringBuffer(buffer))

    @property
    def frame_bytes(self) -> int:
        """Return the bytes of an unfinished chunk size or trailer."""
        return len(self.control_line) + len(self.trailer)


class RequestParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """While paused it claims to be complete, so that the channel passes it to a thread (``Channel.service``)."""

    body_rcv: Any
    pending: PendingBody | None = None
    paused = False
    headers_at = 0.0
    _held = b""
    _expects_continue = False

    @cached_property
    def request_id(self) -> str:
        """The id that log lines about this request have."""
        return new_request_id()

    def received(self, data: bytes) -> int:
        # For each chunk waitress copies all that follows.
        part = data[:CHUNKED_READ_BYTES] if self.chunked else data
        try:
            consumed: int = super().received(part)
        except OSError:  # the disk of the temporary file is full
            if self.pending is None:
                raise
            self.pending.disk_full = True
            return self._pause(data, len(data))
        if self.chunked and self.body_rcv.frame_bytes > FRAME_BYTES:
            self.error = BadRequest("The frame of a chunk is too long")
            self.completed = True
        if self.completed or not self.headers_finished:
            return consumed
        if not self.headers_at:
            self.headers_at = time.time()
            if self.chunked or self.content_length > FREE_BYTES:
                self.pending = PendingBody(None if self.chunked else self.content_length)
        if self.pending is None:
            return consumed
        self.pending.received = self.body_bytes_received
        if self.body_bytes_received >= self.pending.next_check:
            return self._pause(data, consumed)
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # thousands of digits
            raise ParsingError("Content-Length is invalid") from error
        length = self.headers.get("CONTENT_LENGTH", "")
        if len(length) > LENGTH_DIGITS:
            raise ParsingError("Content-Length is invalid")
        if self.chunked:
            self.body_rcv = ChunkedBody(self.body_rcv.buf)
        # A proxy may use the other length, and the rest of the body would become the next request.
        if (self.chunked and length) or self.headers.get("TRANSFER_ENCODING"):
            raise ParsingError("The length of the body is ambiguous")

    def resume(self) -> bytes:
        """Continue with the body; return bytes that have arrived already."""
        self.paused = self.completed = False
        self.expect_continue, self._expects_continue = self._expects_continue, False
        held, self._held = self._held, b""
        return held

    def close(self) -> None:
        if self.pending is not None:
            self.pending.release()
        try:
            super().close()
        except OSError:  # the disk is still full
            return

    def _pause(self, data: bytes, consumed: int) -> int:
        self.paused = self.completed = True
        self._expects_continue, self.expect_continue = self.expect_continue, False
        self._held = data[consumed:]
        return len(data)

    def overdue(self, now: float, *, grace: float, rate: float) -> bool:
        """Return whether the body is slower than ``rate`` bytes a second after ``grace`` seconds, or has exceeded the
        time for which it was admitted."""
        if self.pending is not None and now > self.pending.deadline:
            return True
        late = now - self.headers_at - grace
        return bool(late > 0 and self.body_bytes_received < late * rate)
