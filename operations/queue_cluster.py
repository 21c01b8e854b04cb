"""django-q's cluster, run so that it can be killed anywhere without hanging or leaving a process behind.

Its guard runs in the command's own process, every other process dies with it, and SIGTERM to any or all of
them is a polite request: workers hand their song back, the guard stops the cluster. When a process that may
have held one of the queue's locks is killed, nothing can be repaired (the lock is lost for ever); the whole
cluster ends then, and the supervisor starts another.
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

BROKEN = 3
DRAIN_SECONDS = 5.0


class Flag:
    """Looks like an Event to the guard, but can be set in a signal handler, and waits for nobody."""

    def __init__(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True

    def wait(self, timeout: float) -> bool:
        time.sleep(timeout)
        return self._is_set


class Guard(Sentinel):  # type: ignore[misc]  # django-q has no types
    """The cluster's guard: what it cannot repair it ends."""

    def reincarnate(self, process: Any) -> None:
        """Replace a process that ended, unless its death may have left a lock behind."""
        busy = process in self.pool and process.timer.value > 0
        if not process.is_alive() and (process.exitcode or 0) < 0 and not busy:
            log.error("a process of the queue was killed; starting the queue anew")
            self.abandon()
        super().reincarnate(process)
        if busy:
            process_lifecycle.notify_supervisor()  # so that its song need not wait for the next sweep

    def abandon(self) -> None:
        """End the cluster at once; songs in work are handed back first."""
        for process in self.pool:
            if process.is_alive():
                os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline and any(p.is_alive() and p.timer.value > 0 for p in self.pool):
            time.sleep(0.05)
        os._exit(BROKEN)


def run() -> None:
    """Run the cluster in this process until SIGTERM or SIGINT; never returns."""
    process_lifecycle.exit_with_supervisor()
    parent = os.getpid()
    stop = Flag()
    status = BROKEN
    os.register_at_fork(after_in_child=lambda: _begin_child(parent))
    try:
        guard = Guard(stop, Flag(), uuid.uuid4(), start=False)
        # After the guard, which sets handlers of its own.
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        gc.freeze()  # so that collecting garbage does not copy what the forks share
        guard.start()
        status = 0
    except Exception:
        log.exception("the queue broke off")
    finally:
        # Not sys.exit: it would wait for children, and the ones that are left may never end.
        os._exit(status)


def _begin_child(parent: int) -> None:
    process_lifecycle.exit_with_parent(parent)
    signal.signal(signal.SIGTERM, lambda *_: drain())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
