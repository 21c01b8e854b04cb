"""Renewal of the lease while the separator works, and the end of the work in time when that fails."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Self

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from separation import lifecycle
from separation.lifecycle import Lease
from separation.queue.separator_holder import holder

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
# Chunks may come many times a second; the database need not store each.
MIN_INTERVAL_SECONDS = 0.5
# The separator is killed this long before its lease ends in the database.
MARGIN_SECONDS = 20.0

ProgressCallback = Callable[[float], None]


class LeaseLost(Exception):  # noqa: N818  # not an error: the work is no longer ours to do
    """The work was cancelled, another worker has the lease, or it could not be renewed in time."""


class Draining(Exception):  # noqa: N818  # as above
    """This process was told to stop."""


class LeaseKeeper:
    """Renews the lease while work goes on; a thread kills the separator when that does not succeed in time.

    The thread reads this machine's monotonic clock and nothing else, so it also works when the database is down, hangs,
    or has another idea of the time.
    """

    def __init__(self, lease: Lease, on_progress: ProgressCallback | None) -> None:
        self._lease = lease
        self._on_progress = on_progress
        self._deadline = self._next_deadline(time.monotonic())
        self._last_renewal = time.monotonic()
        self._progress = 0.0
        self._stored_segments = 0
        self._ended: LeaseLost | Draining | None = None
        self.segments: Callable[[], int] = int
        """Returns how many segments can be heard by now; one more is stored at once."""
        self._done = threading.Event()
        self._guard = threading.Thread(target=self._kill_at_deadline, daemon=True, name="lease-deadline")
        self.expired = False

    def __enter__(self) -> Self:
        self._guard.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._guard.join()

    def renew(self, progress: float) -> None:
        """Renew the lease. Raises LeaseLost or Draining when the work has to end."""
        self._progress = progress
        if self._ended:
            raise self._ended
        if holder.draining:
            raise Draining
        if self._on_progress:
            self._on_progress(progress)
        now, segments = time.monotonic(), self.segments()
        if now - self._last_renewal < MIN_INTERVAL_SECONDS and segments == self._stored_segments:
            return
        self._last_renewal = now
        try:
            held = lifecycle.extend(self._lease, progress, segments)
        except (OperationalError, InterfaceError) as error:
            # A short outage of the database must not cost a song; the guard knows when it is too long.
            log.warning("separation %s: renewing the lease failed: %s", self._lease.separation_id, error)
            connection.close()
        else:
            if not held:
                raise LeaseLost
            self._deadline = self._next_deadline(now)
            self._stored_segments = segments
        if self.expired:
            raise LeaseLost

    def renew_meanwhile(self) -> None:
        """Renew while the same process does something else; the next ``renew`` raises if the work has to end."""
        try:
            self.renew(self._progress)
        except (LeaseLost, Draining) as problem:
            self._ended = problem

    def retry(self, action: Callable[[], bool]) -> bool:
        """Call ``action()`` again and again while the database is down and the lease lasts."""
        while True:
            try:
                return action()
            except (OperationalError, InterfaceError):
                if self.expired:
                    raise
                connection.close()
                time.sleep(1)

    @contextmanager
    def renewing_in_background(self) -> Iterator[None]:
        """Renew from a thread, for work that does not call back."""
        done = threading.Event()

        def renew_until_done() -> None:
            try:
                while not done.wait(HEARTBEAT_SECONDS):
                    self._last_renewal = 0.0
                    self.renew(self._progress)
            except (LeaseLost, Draining):
                pass  # publishing will find that the lease is lost
            finally:
                connection.close()

        run = copy_context().run  # log lines name the separation
        thread = threading.Thread(target=run, args=[renew_until_done], daemon=True, name="lease-renewal")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    @staticmethod
    def _next_deadline(renewed: float) -> float:
        return renewed + settings.LEASE_SECONDS - MARGIN_SECONDS

    def _kill_at_deadline(self) -> None:
        while not self._done.wait(0.5):
            if time.monotonic() > self._deadline:
                self.expired = True
                holder.kill()
