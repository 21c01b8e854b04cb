"""Lines from one pipe of a child process, with a time limit; what it complains of on another is kept."""

import os
import selectors
import time
from collections import deque
from typing import IO

_KEPT_COMPLAINTS = 4000
_READ = 65_536


class LineReader:
    """Reads complete lines of `output`; drains `errors` on the way, of which only the end is kept."""

    def __init__(self, output: IO[bytes], errors: IO[bytes]) -> None:
        self._output = output
        self._errors = errors
        self._selector = selectors.DefaultSelector()
        for stream in (output, errors):
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ)
        self._partial = bytearray()
        self._lines: deque[bytes] = deque()
        self._complaints = b""
        self.ended = False
        """True once `output` was closed by the other side."""

    def read(self, timeout: float) -> bytes | None:
        """The next line without its end; None when there is none within `timeout` seconds, or never again."""
        deadline = time.monotonic() + timeout
        while not self._lines and not self.ended:
            ready = self._selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            for key, _ in ready:
                self._take(key.fd)
        return self._lines.popleft() if self._lines else None

    def _take(self, descriptor: int) -> None:
        data = os.read(descriptor, _READ)
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
            self._complaints = (self._complaints + data)[-_KEPT_COMPLAINTS:]

    def complaints(self) -> str:
        """The end of what came on `errors` so far."""
        while self._errors.fileno() in self._selector.get_map() and self._selector.select(0):
            before = self._complaints
            self._take(self._errors.fileno())
            if self._complaints == before:
                break
        return self._complaints.decode(errors="replace").strip()

    def close(self) -> None:
        self._selector.close()
        self._output.close()
        self._errors.close()
