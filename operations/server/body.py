"""Bodies of requests that are still on their way, and what Django says about them before they are read.

The server itself keeps no list of upload addresses. A body that is neither tiny nor of known length waits while a
thread hands the headers alone to Django, with the ``PendingBody`` in the environment. Status 100 lets it come; any
other answer is sent to the client as it is. The question is asked again while the body arrives.
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
    """How many bodies each person, each network or all together are sending to this process."""

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
    """A body that Django has to admit. ``length`` is what was announced, ``None`` for a chunked body."""

    def __init__(self, length: int | None) -> None:
        self.length = length
        self.received = 0
        self.disk_full = False
        self.next_check = 0
        self.counter: UploadCounter | None = None
        self.deadline = math.inf
        self._counted_for: list[str] = []

    def admit(self, limit: int, seconds: float = math.inf) -> None:
        """Let it come, up to ``limit`` bytes and for ``seconds``. Django is asked again on the way, and when it is
        longer."""
        self.deadline = min(self.deadline, time.time() + seconds)
        self.next_check = min(self.received + CHECK_EVERY_BYTES, limit + 1)

    def count_for(self, who: str, at_most: int) -> bool:
        """Count it as one that ``who`` sends; False when there are ``at_most`` already."""
        if who in self._counted_for or self.counter is None:
            return True
        if not self.counter.add(who, at_most):
            return False
        self._counted_for.append(who)
        return True

    def release(self) -> None:
        """It has been dealt with, or its sender has gone."""
        while self._counted_for and self.counter is not None:
            self.counter.remove(self._counted_for.pop())


class Refusal:
    """A complete answer of Django, in the form in which waitress keeps errors."""

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def to_response(self, _ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        return self.status, self.headers, self.body


def ask(
    application: Any, environ: dict[str, Any], body: PendingBody | None, uploads: UploadCounter
) -> Refusal | None:
    """Hand ``environ`` to Django without its body: ``None`` when the body may come, else the answer."""
    status, headers = "", list[tuple[str, str]]()

    def start_response(given: str, with_headers: list[tuple[str, str]], _error: Any = None) -> Any:
        nonlocal status, headers
        status, headers = given, with_headers
        return sys.stderr.write  # the callable of old applications, which Django never calls

    if body is not None:
        body.counter = uploads
    environ |= {"wsgi.input": io.BytesIO(), PENDING_BODY: body}
    environ.pop("wsgi.file_wrapper", None)
    answer: Iterable[bytes] = application(environ, start_response)
    try:
        content = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    if status.startswith("100"):
        return None
    return Refusal(status, headers, content)
