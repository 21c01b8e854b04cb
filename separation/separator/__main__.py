"""The separator process: ``python -m separation.separator PARENT_PID OPTIONS``, JSON lines in and out.

Answers each request with ``accepted``, any number of ``progress``, and one ``done`` or ``failed``, all with the
``id`` of the request. One that comes while a song is being separated is done between two chunks of that; a
``stop`` with its ``id`` ends it there. Keeps the model that was used last. Lives as long as its parent keeps its
standard input open.
"""

import contextlib
import ctypes
import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve requests until the parent is gone."""
    parent, options = int(sys.argv[1]), json.loads(sys.argv[2])
    libc = ctypes.CDLL(None, use_errno=True)
    _die_with(parent, libc)
    # What libraries print must not end up between our messages.
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def send(**message: Any) -> None:
        channel.write(json.dumps(message) + "\n")

    from separation.separator.worker import Worker, release_memory  # noqa: PLC0415 (the guards above stand first)

    requests = _Requests()
    worker = Worker(send, requests.waiting, requests.is_stopped, **options)
    while True:
        worker.serve(requests.next())
        release_memory()


def _die_with(parent: int, libc: ctypes.CDLL) -> None:
    with contextlib.suppress(AttributeError):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it could be watched
        os._exit(1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # the first to go when memory ends


class _Requests:
    """Requests as they come. When the pipe closes the process ends at once, whatever it is doing."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        threading.Thread(target=self._read, daemon=True, name="requests").start()

    def _read(self) -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if "stop" in message:
                self._stopped.add(message["stop"])
            else:
                self._requests.put(message)
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    def next(self) -> dict[str, Any]:
        """Waits for one."""
        return self._requests.get()

    def waiting(self) -> dict[str, Any] | None:
        """One that is there already."""
        return None if self._requests.empty() else self.next()

    def is_stopped(self, number: int) -> bool:
        """Whether nobody wants the answer to this request any more."""
        return number in self._stopped


if __name__ == "__main__":
    main()
