"""Keeping a lease alive while the separator works, and ending the work in time when that fails."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from separation import lifecycle as leases
from separation.lifecycle import Lease
from separation.queue.separator_holder import desk

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
# Chunks may come many times a second; the database need not hear of each.
QUIET_SECONDS = 0.5
# The separator is killed this long before its lease ends in the database.
MARGIN_SECONDS = 20.0

Watcher = Callable[[float], None]


class Stopped(Exception):  # noqa: N818  # not an error: the work is no longer ours to do
    """The lease was lost, nobody wants the work any more, or it could not be renewed in time."""


class Drained(Exception):  # noqa: N818  # as above
    """This process was told to stop."""


class Heart:
    """Renews the lease while work goes on; a thread kills the separator when that does not succeed in time.

    The thread looks at this machine's monotonic clock and at nothing else, so it also works when the database
    is gone, hangs, or has another idea of the time.
    """

    def __init__(self, lease: Lease, watcher: Watcher | None) -> None:
        self._lease = lease
        self._watcher = watcher
        self._ends = self._renewed()
        self._last = time.monotonic()
        self._progress = 0.0
        self._told = 0
        self._ended: Stopped | Drained | None = None
        self.segments: Callable[[], int] = int
        """Asked how many segments can be heard by now; that there is one more is told at once."""
        self._over = threading.Event()
        self._guard = threading.Thread(target=self._watch, daemon=True, name="lease")
        self.expired = False

    def __enter__(self) -> Self:
        self._guard.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._guard.join()

    def beat(self, progress: float) -> None:
        """Raises Stopped or Drained when the work has to end."""
        self._progress = progress
        if self._ended:
            raise self._ended
        if desk.draining:
            raise Drained
        if self._watcher:
            self._watcher(progress)
        began, segments = time.monotonic(), self.segments()
        if began - self._last < QUIET_SECONDS and segments == self._told:
            return
        self._last = began
        try:
            held = leases.heartbeat(self._lease, progress, segments)
        except (OperationalError, InterfaceError) as error:
            # A database that is away for a moment must not cost a song; the guard knows when it does.
            log.warning("separation %s: no heartbeat: %s", self._lease.separation_id, error)
            connection.close()
        else:
            if not held:
                raise Stopped
            self._ends = self._renewed(began)
            self._told = segments
        if self.expired:
            raise Stopped

    def keep(self) -> None:
        """Keeps the lease while something else is done; that the work has to end is told by the next beat."""
        try:
            self.beat(self._progress)
        except (Stopped, Drained) as problem:
            self._ended = problem

    def retrying(self, action: Callable[[], bool]) -> bool:
        """``action()``, again and again while the database is away and the lease lasts."""
        while True:
            try:
                return action()
            except (OperationalError, InterfaceError):
                if self.expired:
                    raise
                connection.close()
                time.sleep(1)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Beats from a thread, for work that does not call back."""
        done = threading.Event()

        def beats() -> None:
            try:
                while not done.wait(HEARTBEAT_SECONDS):
                    self._last = 0.0
                    self.beat(self._progress)
            except (Stopped, Drained):
                pass  # whoever publishes will see that the lease is lost
            finally:
                connection.close()

        thread = threading.Thread(target=beats, daemon=True, name="heart")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _renewed(self, began: float | None = None) -> float:
        return (began or time.monotonic()) + settings.LEASE_SECONDS - MARGIN_SECONDS

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            if time.monotonic() > self._ends:
                self.expired = True
                desk.kill()
