"""Queue position and remaining time of a separation."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db.models import Count, Max
from django.utils import timezone

from separation.models import Separation, Status
from separation.queue.scheduling import in_order
from separation.queue.workers import process_of

# A song may be interleaved with a longer one that has so many times its work left.
HOST_RATIO = 2.0
# Seconds of work per second of song, before this server has separated anything.
FIRST_GUESS = 0.2
SNAPSHOT_SECONDS = 1.0
EXPENSIVE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Forecast:
    """``queue_position``: 1 for what comes next, None when it does not wait. ``eta_seconds``: seconds until the stems
    are there, by what this server took lately; None when nothing is on its way."""

    queue_position: int | None = None
    eta_seconds: float | None = None


class _Snapshot(NamedTuple):
    """The forecasts of everything that waits, and the moments from when on they may and must be renewed."""

    forecasts: dict[UUID, Forecast]
    version: tuple[object, ...]
    renew_from: float
    renew_at: float

    def is_current(self, version: tuple[object, ...], now: float) -> bool:
        return now < self.renew_from or (version == self.version and now < self.renew_at)


_snapshot: _Snapshot | None = None
_lock = threading.Lock()


def forecast(separation: Separation) -> Forecast:
    """Estimate how long ``separation`` will still take.

    A forecast of the queue takes time in proportion to its length, and every waiting client polls. Hence all requests
    of a process share a snapshot of it: for ``SNAPSHOT_SECONDS``, as long as the same number waits and the same
    songs run. One that was expensive, as with thousands of songs, serves for ten times as long as it took, whatever
    changes. Concurrent requests wait for the one that takes it.
    """
    if separation.status == Status.RUNNING:
        return Forecast(eta_seconds=_remaining(separation, speed))
    if separation.status != Status.QUEUED:
        return Forecast()
    global _snapshot  # noqa: PLW0603  # one for the process
    version = _version()
    with _lock:
        known = _snapshot
        if (
            known is None
            or separation.pk not in known.forecasts
            or not known.is_current(version, time.monotonic())
        ):
            known = _snapshot = _take_snapshot(version)
    return known.forecasts.get(separation.pk, Forecast())


def _take_snapshot(version: tuple[object, ...]) -> _Snapshot:
    started = time.thread_time()
    forecasts = _forecast_queue()
    cost = time.thread_time() - started
    now = time.monotonic()
    patience = 10 * cost if cost > EXPENSIVE_SECONDS else 0.0
    return _Snapshot(forecasts, version, now + patience, now + max(SNAPSHOT_SECONDS, patience))


def _version() -> tuple[object, ...]:
    """Return what changes when the queue visibly does; read from an index, whatever its length."""
    queued = Separation.objects.filter(status=Status.QUEUED).aggregate(n=Count("*"), last=Max("queued_at"))
    running = Separation.objects.filter(status=Status.RUNNING).order_by().values_list("pk", "attempts")
    return queued["n"], queued["last"], frozenset(running), settings.WORKERS, settings.RUNNING_PER_PERSON


def _forecast_queue() -> dict[UUID, Forecast]:
    """Simulate the workers: a song goes to the one that is free first, or is interleaved with a much longer song."""
    speed_of = cache(speed)
    busy: dict[str, list[float]] = {}
    # What nobody asked for gives way.
    running = Separation.objects.filter(status=Status.RUNNING).requested()
    for row in running.select_related("mixture"):
        busy.setdefault(process_of(row.owner), []).append(_remaining(row, speed_of))
    waiting = in_order()
    simulation = _Simulation(list(busy.values()), len(waiting))
    return {
        row.pk: Forecast(position, simulation.add(row.seconds * speed_of(row.model)))
        for position, row in enumerate(waiting, start=1)
    }


class _Simulation:
    """Workers, each with its songs one after another. All figures are seconds of work, or seconds from now."""

    def __init__(self, busy: Sequence[Sequence[float]], songs: int) -> None:
        idle = max(settings.WORKERS - len(busy), 0)
        self._free_at = [sum(left) for left in busy] + [0.0] * idle
        capacity = len(busy) + songs
        self._n = 0
        self._longest = 0.0
        # Of each song: how much of it is left, when the next one may be interleaved with it, and its worker.
        self._left = np.zeros(capacity)
        self._host_at = np.zeros(capacity)
        self._worker = np.zeros(capacity, np.int32)
        for worker, left in enumerate(busy):
            # Of two songs the shorter is interleaved; the next one may be when the longer had as much time.
            self._append(max(left), HOST_RATIO * min(left) if len(left) > 1 else 0.0, worker)

    def add(self, seconds: float) -> float:
        """Return when a song of so many seconds of work is done, on the worker that is done with it first."""
        worker = min(range(len(self._free_at)), key=self._free_at.__getitem__)
        free_at = self._free_at[worker]
        host = self._host(seconds, free_at)
        if host is None:
            self._append(seconds, free_at, worker)
            self._free_at[worker] += seconds
            return self._free_at[worker]
        done = float(self._host_at[host]) + seconds
        worker = int(self._worker[host])
        later = slice(host + 1, self._n)
        self._host_at[later][self._worker[later] == worker] += seconds
        self._host_at[host] += HOST_RATIO * seconds
        self._free_at[worker] += seconds
        return done

    def _host(self, seconds: float, before: float) -> int | None:
        """Find the song that one of so many seconds can be interleaved with, the earliest ``before`` that moment."""
        if self._longest < HOST_RATIO * seconds:
            return None
        host_at = np.where(self._left[: self._n] >= HOST_RATIO * seconds, self._host_at[: self._n], np.inf)
        if host_at.min() >= before:
            return None
        first: Any = np.flatnonzero(host_at == host_at.min())
        return int(first[np.argmin(self._worker[first])])

    def _append(self, left: float, host_at: float, worker: int) -> None:
        self._left[self._n], self._host_at[self._n], self._worker[self._n] = left, host_at, worker
        self._longest = max(self._longest, left)
        self._n += 1


def _remaining(row: Separation, speed_of: Callable[[str], float]) -> float:
    """Return the seconds until a running separation is done."""
    elapsed = (timezone.now() - row.started_at).total_seconds() if row.started_at else 0.0
    if row.started_at and row.progress > 0.05:
        return max(elapsed * (1 - row.progress) / row.progress, 0.0)
    return max(row.mixture.duration * speed_of(row.model) - elapsed, 0.0)


def speed(model: str) -> float:
    """Return seconds of work per second of song, from the last separations with this model."""
    latest = (
        Separation.objects.filter(
            model=model, status=Status.SUCCEEDED, finished_at__gt=timezone.now() - timedelta(days=30)
        )
        .exclude(started_at=None)
        .select_related("mixture")
        .order_by("-finished_at")[:10]
    )
    work = song = 0.0
    for row in latest:
        if row.started_at and row.finished_at:
            work += (row.finished_at - row.started_at).total_seconds()
            song += row.mixture.duration
    return work / song if song else FIRST_GUESS
