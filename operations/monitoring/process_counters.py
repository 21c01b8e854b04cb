"""What each process of the website counts while it works: requests by route, and separations that people ask for.

The processes share them through the cache (Redis, where there are several), so that any of them can answer for
all. A process that is started again continues the numbers of the one whose place it takes.
"""

import logging
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from django.conf import settings
from django.core.cache import cache

from catalog.errors import CacheUnavailableError
from catalog.storage.encoding_pool import pool
from separation.models import Status
from separation.queue.requests import Outcome, requested

log = logging.getLogger(__name__)

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds until the first byte of an answer."""
PUBLISH_SECONDS = 5.0
SILENT_SECONDS = 30.0  # one that published nothing for so long is not encoding anything either


@dataclass
class Latency:
    """How long the answers of one kind took."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    """How many took at most the time of each of ``BUCKETS`` and more than the one before; longer ones last."""
    seconds: float = 0.0

    def add(self, other: "Latency") -> None:
        self.buckets = [one + more for one, more in zip(self.buckets, other.buckets, strict=True)]
        self.seconds += other.seconds


@dataclass
class Counts:
    """The numbers of one process, or of several."""

    latencies: dict[tuple[str, str], Latency] = field(default_factory=dict)
    """By route and class of status, such as ``2xx``."""
    requested: Counter[str] = field(default_factory=Counter)
    """Separations that people asked for, by what had to be done: ``queued``, ``in_progress``, ``ready``."""
    encodings_running: int = 0
    encodings_waiting: int = 0
    published_at: float = 0.0

    def add(self, other: "Counts") -> None:
        for key, latency in other.latencies.items():
            self.latencies.setdefault(key, Latency()).add(latency)
        self.requested.update(other.requested)

    @classmethod
    def sum_of(cls, parts: "Iterable[Counts]") -> Self:
        total, now = cls(), time.time()
        for part in parts:
            total.add(part)
            if now - part.published_at < SILENT_SECONDS:
                total.encodings_running += part.encodings_running
                total.encodings_waiting += part.encodings_waiting
        return total


class ProcessCounters:
    """The numbers of this process, which many threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._publishing = threading.Lock()
        self._counts = Counts()
        self._place = 0

    def count_answer(self, route: str, status: int, seconds: float) -> None:
        """Count an answer that took ``seconds`` until its first byte."""
        with self._lock:
            latency = self._counts.latencies.setdefault((route, f"{status // 100}xx"), Latency())
            latency.buckets[bisect_left(BUCKETS, seconds)] += 1
            latency.seconds += seconds

    def count_request(self, outcome: Outcome) -> None:
        """Count a separation that somebody asked for."""
        with self._lock:
            self._counts.requested[_work_for(outcome)] += 1

    def snapshot(self) -> Counts:
        with self._lock:
            copy = Counts()
            copy.add(self._counts)
        copy.encodings_running, copy.encodings_waiting = pool.load()
        copy.published_at = time.time()
        return copy

    def of_all_processes(self) -> Counts:
        """Return the sum; the numbers of the other processes are some seconds old.

        This one publishes its own before they are read: the next reader must not find less.
        """
        if settings.WEB_PROCESSES == 1:
            return self.snapshot()
        self.publish()
        published = cache.get_many([_key(place) for place in range(settings.WEB_PROCESSES)])
        return Counts.sum_of(published.values())

    def share(self, place: int) -> None:
        """Share numbers with the other processes from now on; this one has the given place among them."""
        self.take_place(place)
        threading.Thread(target=self._publish_repeatedly, name="process-counters", daemon=True).start()

    def take_place(self, place: int) -> None:
        """Continue the numbers of the process that had this place before."""
        self._place = place
        try:
            before: Counts | None = cache.get(_key(place))
        except CacheUnavailableError as error:
            log.warning("counting begins anew: %s", error)
            before = None
        if before:
            with self._lock:
                self._counts.add(before)

    def publish(self) -> None:
        """Write the numbers of this process to the cache."""
        with self._publishing:  # an older snapshot must not replace a newer one
            cache.set(_key(self._place), self.snapshot(), None)

    def _publish_repeatedly(self) -> None:
        while True:
            time.sleep(PUBLISH_SECONDS)
            with suppress(CacheUnavailableError):  # which is logged where it matters
                self.publish()


def _key(place: int) -> str:
    return f"process-counters-{place}"


def _work_for(outcome: Outcome) -> str:
    if outcome.queued:
        return "queued"
    return "ready" if outcome.separation.status == Status.SUCCEEDED else "in_progress"


counters = ProcessCounters()
requested.connect(counters.count_request)
