"""A cache in this process's memory that many new keys cannot empty."""

import heapq
import math
import time
from collections.abc import Callable

from django.core.cache.backends.locmem import LocMemCache


class MemoryCache(LocMemCache):
    """Django's own, with another rule for what goes when it is full: the expired, then what expires soonest.

    Django's drops what was used longest ago, so whoever calls from enough addresses resets everybody's limits. Here
    a flood of short-lived counters pushes out nothing but itself.
    """

    _expire_info: dict[str, float | None]
    _delete: Callable[[str], bool]

    def _cull(self) -> None:
        now = time.time()
        ends = {key: math.inf if end is None else end for key, end in self._expire_info.items()}
        least = len(ends) // self._cull_frequency
        gone = [key for key, end in ends.items() if end <= now]
        if len(gone) < least:
            gone = heapq.nsmallest(least, ends, key=ends.__getitem__)
        for key in gone:
            self._delete(key)
