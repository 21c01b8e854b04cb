"""A cache in process memory that a flood of new keys cannot empty."""

import heapq
import math
import time
from collections.abc import Callable

from django.core.cache.backends.locmem import LocMemCache


class MemoryCache(LocMemCache):
    """Django's own with another culling rule: expired entries first, then those that expire soonest.

    Django's evicts the least recently used, so calls from enough addresses would reset everybody's rate limits. Here
    a flood of short-lived counters evicts nothing but itself.
    """

    _expire_info: dict[str, float | None]
    _delete: Callable[[str], bool]

    def _cull(self) -> None:
        now = time.time()
        expiry = {key: math.inf if end is None else end for key, end in self._expire_info.items()}
        minimum = len(expiry) // self._cull_frequency
        evicted = [key for key, end in expiry.items() if end <= now]
        if len(evicted) < minimum:
            evicted = heapq.nsmallest(minimum, expiry, key=expiry.__getitem__)
        for key in evicted:
            self._delete(key)
