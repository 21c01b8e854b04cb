"""Short songs between the chunks of a long one, so that nobody waits an hour for three minutes.

Only when every worker is busy, when what is left of the long song is clearly longer than the whole short one,
and when memory allows. The long song gets at least as much time as the short ones take from it: it is done
after twice its time at the latest, however many short ones come.
"""

import time

from django.conf import settings

from separation import lifecycle as leases
from separation.engines import hardware, memory, registry
from separation.engines.modelspec import SPECS
from separation.lifecycle import Lease
from separation.models import Separation
from separation.queue import requests

LOOK_SECONDS = 1.0
CANDIDATES = 20
# What a second song of the same model takes: its decoder, and the windows that it has in work.
SECOND_BYTES = 150_000_000


class Between:
    """Finds what the worker of ``separation`` may do in between. ``take`` it, do it, then ``done``."""

    def __init__(self, separation: Separation) -> None:
        self._separation = separation
        self._started = time.monotonic()
        self._began = self._started
        self._given = 0.0
        self._next = self._started

    def take(self, progress: float) -> Lease | None:
        """The lease on a short song to be done now, with the long one at ``progress`` (0..1), or None."""
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + LOOK_SECONDS
        if len(leases.busy_workers()) < settings.WORKERS:
            return None  # somebody else has time for it
        left = self._left(progress, now - self._started - self._given)
        speeds: dict[str, float] = {}
        for row in leases.in_turn(held=False).select_related("mixture")[:CANDIDATES]:
            if row.model not in speeds:
                speeds[row.model] = requests.speed(row.model)
            whole = row.mixture.duration * speeds[row.model]
            # One that has crashed before might take the long one with it.
            if row.attempts == 0 and requests.CLEARLY * whole <= left and self._fits(row.model):
                lease = leases.claim(row.pk)
                if lease:
                    self._began = now
                    return lease
        return None

    def done(self) -> None:
        """What was taken is done; now it is the long one's turn for as long as that took."""
        spent = time.monotonic() - self._began
        self._given += spent
        self._next = time.monotonic() + max(spent, LOOK_SECONDS)

    def _left(self, progress: float, elapsed: float) -> float:
        if progress > 0.01:
            return elapsed * (1 - progress) / progress
        return self._separation.mixture.duration * requests.speed(self._separation.model)

    def _fits(self, model: str) -> bool:
        needed = SECOND_BYTES
        if model != self._separation.model:
            spec = SPECS.get(model)
            if spec is None:
                return False
            engine = registry.on_processors(settings.SEPARATOR_ENGINE)
            needed = memory.needed_bytes(spec, settings.SEPARATOR_THREADS, engine)
        return hardware.available_memory() > needed
