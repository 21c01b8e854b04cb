"""Admission of request bodies before they are read.

The server has no list of upload URLs. A body that is large or chunked waits while a thread sends the headers alone to
Django, with the ``PendingBody`` in the WSGI environment. Status 100 admits the body; any other response goes to the
client. The check is repeated while the body arrives.
"""

import io
import math
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from catalog.uploads import PENDING_BODY

CHECK_EVERY_BYTES = 8_000_000


class UploadCounter:
    """Count the bodies that this process is receiving, by sender."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: Counter[str] = Counter()

    def add(self, who: str, at_most: int) -> bool:
        with self._lock:
            if self._bodies[who] >= at_most:
                return False
            self._bodies[who] += 1
            return True

    def remove(self, who: str) -> None:
        with self._lock:
            self._bodies[who] -= 1
            if not self._bodies[who]:
                del self._bodies[who]


class PendingBody:
    """A body that Django has to admit. ``length`` is the announced one in bytes, None for a chunked body."""

    def __init__(self, length: int | None) -> None:
        self.length = length
        self.received = 0
        self.disk_full = False
        self.next_check = 0
        self.counter: UploadCounter | None = None
        self.deadline = math.inf
        self._counted_for: list[str] = []

    def admit(self, limit: int, seconds: float = math.inf) -> None:
        """Admit up to ``limit`` bytes for ``seconds``. Django checks again on the way, and beyond the limit."""
        self.deadline = min(self.deadline, time.time() + seconds)
        self.next_check = min(self.received + CHECK_EVERY_BYTES, limit + 1)

    def count_for(self, who: str, at_most: int) -> bool:
        """Count the body for ``who``; return False if there are ``at_most`` already."""
        if who in self._counted_for or self.counter is None:
            return True
        if not self.counter.add(who, at_most):
            return False
        self._counted_for.append(who)
        return True

    def release(self) -> None:
        """Stop counting the body."""
        while self._counted_for and self.counter is not None:
            self.counter.remove(self._counted_for.pop())


class Refusal:
    """A complete response of Django, in the form of waitress's errors."""

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def to_response(self, _ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        return self.status, self.headers, self.body


def check_headers(
    application: Any, environ: dict[str, Any], body: PendingBody | None, uploads: UploadCounter
) -> Refusal | None:
    """Send ``environ`` to Django without the body; return None if the body is admitted, else the response."""
    status, headers = "", list[tuple[str, str]]()

    def start_response(given: str, with_headers: list[tuple[str, str]], _error: Any = None) -> Any:
        nonlocal status, headers
        status, headers = given, with_headers
        return sys.stderr.write  # for old applications; Django never calls it

    if body is not None:
        body.counter = uploads
    environ |= {"wsgi.input": io.BytesIO(), PENDING_BODY: body}
    environ.pop("wsgi.file_wrapper", None)
    response: Iterable[bytes] = application(environ, start_response)
    try:
        content = b"".join(response)
    finally:
        if hasattr(response, "close"):
            response.close()
    if status.startswith("100"):
        return None
    return Refusal(status, headers, content)
