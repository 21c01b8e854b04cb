"""django-q2's cluster, run so that it can be killed anywhere without hanging or leaving a process behind.

Its sentinel runs in the command's own process, every other process dies with it, and SIGTERM to any or all of them
stops them in order: workers hand their song back, the sentinel stops the cluster. When a process that may have
held one of the queue's locks is killed, the lock is lost and cannot be repaired; the whole cluster ends then, and the
supervisor starts another.
"""

import gc
import logging
import os
import signal
import time
import uuid
from typing import Any

from django_q.cluster import Sentinel

from operations import process_lifecycle

# Also because the workers are forks: what is imported here is shared by all of them.
from separation.queue.worker import drain

log = logging.getLogger(__name__)

EXIT_BROKEN = 3
DRAIN_SECONDS = 5.0


class StopEvent:
    """What the sentinel uses of a ``multiprocessing.Event``, without a lock: can be set in a signal handler."""

    def __init__(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True

    def wait(self, timeout: float) -> bool:
        time.sleep(timeout)
        return self._is_set


class QueueSentinel(Sentinel):  # type: ignore[misc]  # django-q2 has no types
    """django-q2's sentinel, which ends the cluster where it cannot be repaired."""

    def reincarnate(self, process: Any) -> None:
        """Replace a process that ended, unless its death may have left a lock behind."""
        busy = process in self.pool and process.timer.value > 0
        if not process.is_alive() and (process.exitcode or 0) < 0 and not busy:
            log.error("a process of the queue was killed; the queue is being restarted")
            self.abandon()
        super().reincarnate(process)
        if busy:
            process_lifecycle.notify_supervisor()  # so that its song need not wait for the next recovery

    def abandon(self) -> None:
        """End the cluster at once; songs in work are handed back first."""
        for process in self.pool:
            if process.is_alive():
                os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline and any(p.is_alive() and p.timer.value > 0 for p in self.pool):
            time.sleep(0.05)
        os._exit(EXIT_BROKEN)


def run() -> None:
    """Run the cluster in this process until SIGTERM or SIGINT; never returns."""
    process_lifecycle.exit_with_supervisor()
    parent = os.getpid()
    stop = StopEvent()
    status = EXIT_BROKEN
    os.register_at_fork(after_in_child=lambda: _start_child(parent))
    try:
        sentinel = QueueSentinel(stop, StopEvent(), uuid.uuid4(), start=False)
        # After the sentinel, which sets handlers of its own.
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        gc.freeze()  # so that Python's garbage collector does not copy what the forks share
        sentinel.start()
        status = 0
    except Exception:
        log.exception("the queue failed")
    finally:
        # Not sys.exit: it would wait for children, which may never end.
        os._exit(status)


def _start_child(parent: int) -> None:
    process_lifecycle.exit_with_parent(parent)
    signal.signal(signal.SIGTERM, lambda *_: drain())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
