"""The separator process: ``python -m separation.separator PARENT_PID OPTIONS``, JSON lines in and out.

Each request is answered with ``accepted``, any number of ``progress``, and one ``done`` or ``failed``, all
with the ``id`` of the request. A request that arrives while a song is being separated is served between two
chunks of it; ``stop`` with its ``id`` ends it there. The model used last stays loaded. The process ends when
its standard input is closed.
"""

import json
import os
import queue
import signal
import sys
import threading
from typing import Any

from separation.separator import child


def main() -> None:
    """Serve requests until the parent has ended."""
    parent, options = int(sys.argv[1]), json.loads(sys.argv[2])
    child.end_with(parent)
    # Libraries that print must not write between the messages.
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def send(**message: Any) -> None:
        channel.write(json.dumps(message) + "\n")

    from separation.separator.worker import Worker, release_memory  # noqa: PLC0415 (after the guards above)

    requests = _Requests()
    worker = Worker(send, requests.waiting, requests.is_stopped, **options)
    while True:
        worker.serve(requests.next())
        release_memory()


class _Requests:
    """Read requests in a thread. When the pipe closes, the process ends at once."""

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
        """Wait for a request."""
        return self._requests.get()

    def waiting(self) -> dict[str, Any] | None:
        """Return a request that has arrived, None if there is none."""
        return None if self._requests.empty() else self.next()

    def is_stopped(self, number: int) -> bool:
        """Return whether the parent has stopped this request."""
        return number in self._stopped


if __name__ == "__main__":
    main()
