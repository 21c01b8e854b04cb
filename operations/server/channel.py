"""One connection: deadlines for each phase, reading, writing and closing."""

import socket
import time
from typing import Any

from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.task import WSGITask
from waitress.utilities import InternalServerError

from operations.monitoring.log_context import REQUEST_ID
from operations.server.body import Refusal, check_headers
from operations.server.parser import CHUNKED_READ_BYTES, RequestParser

KEEP_ALIVE_SECONDS = 15.0
HEADER_SECONDS = 20.0
# The minimum rate of a body after a grace period, and the longest silence.
BODY_GRACE_SECONDS, BODY_BYTES_PER_SECOND = 10.0, 1_000
STALLED_SECONDS = 30.0
# How long a refused client may keep sending: if closed at once, many would not read the response.
LINGER_SECONDS, LINGER_SILENT_SECONDS = 30.0, 5.0
# Bytes of a response that one connection sends before the others get their turn.
TURN_BYTES = 1 << 20
SEND_BYTES = BODY_READ_BYTES = 1 << 18


class ResponseTask(WSGITask):  # type: ignore[misc]  # waitress has no types
    """Write the response to one request; for HEAD, its headers only."""

    wrote_header: bool

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[REQUEST_ID] = self.request.request_id
        if self.request.command == "HEAD":
            environ.pop("wsgi.file_wrapper", None)
        return environ

    def write(self, data: bytes) -> None:
        if self.request.command == "HEAD":
            data = b""
        if data and not self.wrote_header and self.complete:
            self.channel.begin(self.build_response_header())
            self.wrote_header = True
        super().write(data)

    def finish(self) -> None:
        self.channel.write_soon(b"")  # headers without a body
        if not self.wrote_header:
            self.write(b"")
        if self.request.command != "HEAD":
            super().finish()


class Channel(HTTPChannel):  # type: ignore[misc]  # as above
    parser_class = RequestParser
    task_class = ResponseTask

    close_when_flushed: bool
    sendbuf_len: int
    request: RequestParser | None
    request_at = 0.0
    lingers_from = 0.0
    _head = b""
    _unread = False
    _turn = TURN_BYTES

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sendbuf_len = min(self.sendbuf_len, SEND_BYTES)
        self.request_at = self.creation_time

    def recv(self, buffer_size: int) -> bytes:
        """Read large portions of plain bodies, and small ones of what takes time to parse."""
        request = self.request
        if request is not None and request.headers_finished:
            buffer_size = CHUNKED_READ_BYTES if request.chunked else BODY_READ_BYTES
        data: bytes = super().recv(buffer_size)
        return data

    def received(self, data: bytes) -> bool:
        if self.lingers_from:
            return False
        if self.request is None:
            self.request_at = time.time()
        return bool(super().received(data))

    def readable(self) -> bool:
        return bool(self.lingers_from) or super().readable()

    def service(self) -> None:
        """Answer the first request, or have Django check its headers. Runs in a worker thread."""
        request = self.requests[0]
        if request.paused and not request.error and self.connected:
            try:
                request.error = self._check_headers(request)
            except Exception:
                self.logger.exception("checking the headers of %s failed", request.path)
                request.error = InternalServerError(
                    "The server encountered an unexpected internal server error"
                )
            if request.error is None:
                # The request stays in the list until then, so that nothing more is read.
                self.server.trigger.pull_trigger(self._resume)
                return
        self._unread = self._unread or request.error is not None
        super().service()

    def begin(self, head: bytes) -> None:
        """Hold the headers back until the first bytes of the body: one packet, one system call."""
        self._head = head

    def write_soon(self, data: Any) -> int:
        head, self._head = self._head, b""
        if head and isinstance(data, bytes):
            return int(super().write_soon(head + data))
        if head:
            super().write_soon(head)
        return int(super().write_soon(data))

    def _check_headers(self, request: RequestParser) -> Refusal | None:
        environ = ResponseTask(self, request).get_environment()
        return check_headers(self.server.application, environ, request.pending, self.server.uploads)

    def _resume(self) -> None:
        """Continue with an admitted body. Runs in the loop."""
        with self.requests_lock:
            if not self.requests:
                return
            request = self.requests.pop(0)
            if not self.connected:
                request.close()
                return
            held = request.resume()
            self.request = request
            self.last_activity = time.time()
            if request.expect_continue:
                self.send_continue()
        self.received(held)

    def handle_write(self) -> None:
        if not (self._unread and self.close_when_flushed):
            self._turn = TURN_BYTES
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.will_close:
            self.handle_close()
        elif self.connected and not self.total_outbufs_len:
            self.close_when_flushed = False
            self.lingers_from = self.last_activity = time.time()
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.handle_close()

    def send(self, data: bytes, do_close: bool = True) -> int:  # noqa: FBT001, FBT002 (waitress's signature)
        """Send nothing more once this connection has had its turn."""
        if self._turn <= 0:
            return 0
        sent = int(super().send(data, do_close=do_close))
        self._turn -= sent
        return sent

    def handle_close(self) -> None:
        super().handle_close()
        request, self.request = self.request, None
        if request is not None:
            request.close()

    @property
    def client(self) -> str:
        """Return the address by which requests take turns."""
        proxies = self.server.proxies
        forwarded = (
            self.requests[0].headers.get("X_FORWARDED_FOR", "").split(",")
            if proxies and self.requests
            else []
        )
        return str(forwarded[-proxies].strip() if 0 < proxies <= len(forwarded) else self.addr[0])

    @property
    def unsent_bytes(self) -> int:
        """Return how much of responses, files excepted, the client has not read yet."""
        with self.outbuf_lock:
            return sum(len(part) for part in self.outbufs if not isinstance(part, ReadOnlyFileBasedBuffer))

    @property
    def rank(self) -> tuple[int, float]:
        """Return the order in which idle connections are closed when there are too many; the lowest first."""
        if self.total_outbufs_len:
            return 2, self.last_activity
        if self.request is not None and self.request.headers_finished:
            return 1, self.request.headers_at
        return 0, self.last_activity if self.request is None else self.request_at

    def overdue(self, now: float) -> bool:
        """Return whether the current phase has exceeded its deadline."""
        silent = now - self.last_activity
        if self.lingers_from:
            return silent > LINGER_SILENT_SECONDS or now - self.lingers_from > LINGER_SECONDS
        if self.requests or self.total_outbufs_len:
            return bool(self.total_outbufs_len) and silent > STALLED_SECONDS
        request = self.request
        if request is None:
            return silent > KEEP_ALIVE_SECONDS
        if not request.headers_finished:
            return now - self.request_at > HEADER_SECONDS
        if silent > STALLED_SECONDS:
            return True
        return request.overdue(now, grace=BODY_GRACE_SECONDS, rate=BODY_BYTES_PER_SECOND)
