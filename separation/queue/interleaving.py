"""Interleaving of short songs with a long one, so that three minutes of music do not wait for an hour.

Only when every worker is busy, when what is left of the long song is clearly longer than the whole short one,
and when memory allows. The long song gets at least as much time as the short ones take from it: it is done
after twice its time at the latest, however many short ones come.

A song that nobody asked for (see ``separation/upgrades/``) gives way to one that somebody did: a short one is
interleaved with it, for another one it is handed back to the queue, unless it is nearly done itself.
"""

import time

from django.conf import settings

from separation.engines import hardware, memory, registry
from separation.engines.modelspec import SPECS
from separation.lifecycle import Lease, claim
from separation.models import Separation
from separation.queue.forecast import HOST_RATIO, speed
from separation.queue.scheduling import CANDIDATES, in_order
from separation.queue.workers import busy_workers

LOOK_SECONDS = 1.0
# What a second song of the same model needs: its decoder, and the windows it is working on.
SECOND_BYTES = 150_000_000


class GivenWay(Exception):  # noqa: N818  # not an error: the work is done later
    """The song has given way to one that somebody asked for."""


class Interleaver:
    """Finds what the worker of ``separation`` may do in between: ``claim`` it, separate it, then ``done``."""

    def __init__(self, separation: Separation) -> None:
        self._separation = separation
        self._started = time.monotonic()
        self._short_started = self._started
        self._spent = 0.0
        self._next_look = self._started

    def claim(self, progress: float) -> Lease | None:
        """Claim a short song to be done now, with the long one at ``progress`` (0..1); None if there is none.

        Raises ``GivenWay`` where the work has to be left.
        """
        now = time.monotonic()
        if now < self._next_look:
            return None
        self._next_look = now + LOOK_SECONDS
        if len(busy_workers()) < settings.WORKERS:
            return None  # an idle worker will take it
        left = self._left(progress, now - self._started - self._spent)
        speeds: dict[str, float] = {}
        gives_way = self._gives_way()
        for row in in_order()[:CANDIDATES]:
            if row.held or not row.requested:
                break
            if row.model not in speeds:
                speeds[row.model] = speed(row.model)
            whole = row.seconds * speeds[row.model]
            # One that has crashed before might take the long one with it.
            if row.attempts == 0 and HOST_RATIO * whole <= left and self._fits(row.model):
                lease = claim(row.pk)
                if lease:
                    self._short_started = now
                    return lease
            elif gives_way and HOST_RATIO * left > whole:
                raise GivenWay
        return None

    def done(self) -> None:
        """Note that the short song is done: the long one continues for as long as that took."""
        spent = time.monotonic() - self._short_started
        self._spent += spent
        pause = 0.0 if self._gives_way() else spent
        self._next_look = time.monotonic() + max(pause, LOOK_SECONDS)

    def _gives_way(self) -> bool:
        """Whether nobody asked for this song, or nobody has yet."""
        return not self._separation.requests.exists()

    def _left(self, progress: float, elapsed: float) -> float:
        if progress > 0.01:
            return elapsed * (1 - progress) / progress
        return self._separation.mixture.duration * speed(self._separation.model)

    def _fits(self, model: str) -> bool:
        needed = SECOND_BYTES
        if model != self._separation.model:
            spec = SPECS.get(model)
            if spec is None:
                return False
            engine = registry.on_processors(spec, settings.SEPARATOR_ENGINE)
            needed = memory.needed_bytes(spec, settings.SEPARATOR_THREADS, engine)
        return hardware.available_memory() > needed
