"""Requests as they arrive: stricter than waitress about lengths, and paused where Django has to be asked."""

import time

from waitress.parser import HTTPRequestParser, ParsingError

from config.server.body import PendingBody

# So much of a body is taken unseen, and kept in memory: sign-in forms, searches, most JSON.
FREE_BYTES = 16_384
LENGTH_DIGITS = 15


class RequestParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """A paused parser pretends to be complete, so that the channel hands it to a thread; see ``Channel.service``."""

    pending: PendingBody | None = None
    paused = False
    headers_at = 0.0
    _held = b""
    _expects_continue = False

    def received(self, data: bytes) -> int:
        try:
            consumed: int = super().received(data)
        except OSError:  # no room for the temporary file
            if self.pending is None:
                raise
            self.pending.disk_full = True
            return self._pause(data, len(data))
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
        except ValueError as error:  # a length of thousands of digits
            raise ParsingError("Content-Length is invalid") from error
        length = self.headers.get("CONTENT_LENGTH", "")
        if len(length) > LENGTH_DIGITS:
            raise ParsingError("Content-Length is invalid")
        # A proxy in front may believe the other one: the rest of the body would be the next request.
        if (self.chunked and length) or self.headers.get("TRANSFER_ENCODING"):
            raise ParsingError("The length of the body is ambiguous")

    def resume(self) -> bytes:
        """Go on with the body; the bytes that arrived with what came before."""
        self.paused = self.completed = False
        self.expect_continue, self._expects_continue = self._expects_continue, False
        held, self._held = self._held, b""
        return held

    def close(self) -> None:
        if self.pending is not None:
            self.pending.release()
        try:
            super().close()
        except OSError:  # what could not be written before cannot be written now
            return

    def _pause(self, data: bytes, consumed: int) -> int:
        self.paused = self.completed = True
        self._expects_continue, self.expect_continue = self.expect_continue, False
        self._held = data[consumed:]
        return len(data)

    def overdue(self, now: float, *, grace: float, rate: float) -> bool:
        """Whether the body comes more slowly than ``rate`` bytes a second, after the first ``grace`` seconds."""
        late = now - self.headers_at - grace
        return bool(late > 0 and self.body_bytes_received < late * rate)
