"""The separator process: ``python -m separation.separator PARENT_PID OPTIONS``, JSON lines in and out.

Answers each request with ``accepted``, any number of ``progress``, and one ``done`` or ``failed``. Keeps the
model that was used last. Lives as long as its parent keeps its standard input open.
"""

import contextlib
import ctypes
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
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

    from separation.separator.work import Worker, release_memory  # noqa: PLC0415 (the guards above stand first)

    worker = Worker(send, **options)
    for request in _requests():
        send(event="accepted")
        worker.serve(request)
        release_memory()


def _die_with(parent: int, libc: ctypes.CDLL) -> None:
    with contextlib.suppress(AttributeError):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it could be watched
        os._exit(1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # the first to go when memory ends


def _requests() -> Iterator[dict[str, Any]]:
    """Requests as they come. When the pipe closes the process ends at once, whatever it is doing."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    threading.Thread(target=read, daemon=True, name="requests").start()
    while True:
        yield json.loads(lines.get())


if __name__ == "__main__":
    main()
