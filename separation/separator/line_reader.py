"""Read lines from one pipe of a child process with a time limit; log those of another, and keep its end."""

import logging
import os
import selectors
import time
from collections import deque
from typing import IO

log = logging.getLogger(__name__)

_KEPT_ERROR_BYTES = 4000
_LOGGED_LINES, _LOGGED_CHARACTERS = 200, 500
"""How many lines of errors of one process are logged, and how much of each: a song must not fill the log."""
_READ_BYTES = 65_536


class LineReader:
    """Read complete lines of `output`; log those of `errors` meanwhile, and keep the last 4000 bytes of it."""

    def __init__(self, output: IO[bytes], errors: IO[bytes]) -> None:
        self._output = output
        self._errors = errors
        self._selector = selectors.DefaultSelector()
        for stream in (output, errors):
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ)
        self._partial = bytearray()
        self._lines: deque[bytes] = deque()
        self._errors_end = b""
        self._partial_error = b""
        self._logged_lines = 0
        self.ended = False
        """True once the other side has closed `output`."""

    def read(self, timeout: float) -> bytes | None:
        """Return the next line without its end, None if none came within `timeout` seconds or `output` is closed."""
        deadline = time.monotonic() + timeout
        while not self._lines and not self.ended:
            ready = self._selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            for key, _ in ready:
                self._take(key.fd)
        return self._lines.popleft() if self._lines else None

    def _take(self, descriptor: int) -> None:
        data = os.read(descriptor, _READ_BYTES)
        is_output = descriptor == self._output.fileno()
        if not data:
            self._selector.unregister(descriptor)
            self.ended = self.ended or is_output
        elif is_output:
            self._partial += data
            *lines, rest = bytes(self._partial).split(b"\n")
            self._lines.extend(lines)
            self._partial = bytearray(rest)
        else:
            self._errors_end = (self._errors_end + data)[-_KEPT_ERROR_BYTES:]
            self._log_errors(data)

    def _log_errors(self, data: bytes) -> None:
        *lines, rest = (self._partial_error + data).split(b"\n")
        self._partial_error = rest[-_KEPT_ERROR_BYTES:]
        for line in filter(None, (line.decode(errors="replace").strip() for line in lines)):
            self._logged_lines += 1
            if self._logged_lines <= _LOGGED_LINES:
                log.info("separator process: %.*s", _LOGGED_CHARACTERS, line)

    def last_errors(self) -> str:
        """Return the end of what came on `errors` so far."""
        while self._errors.fileno() in self._selector.get_map() and self._selector.select(0):
            before = self._errors_end
            self._take(self._errors.fileno())
            if self._errors_end == before:
                break
        return self._errors_end.decode(errors="replace").strip()

    def close(self) -> None:
        """Close both pipes."""
        self._selector.close()
        self._output.close()
        self._errors.close()
