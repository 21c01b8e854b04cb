"""The encodings of segments for players, beside those of downloads: somebody waits for the first segment to be heard.

A song can be heard as soon as its first segments are there, and the others are needed later. So all songs advance
together: after each segment an encoding lets the next one continue.
"""

import atexit
import threading
from collections import deque

from django.conf import settings

from catalog.storage.encoding_pool import Encoding, EncodingPool

MOST_SONGS = 16  # that advance together; further ones wait until one is complete


class SegmentPool(EncodingPool):
    """Up to ``MOST_SONGS`` encodings, of which ``ENCODINGS_AT_ONCE`` compute at any moment."""

    def __init__(self) -> None:
        super().__init__(lambda: MOST_SONGS)
        self._places = _FairSemaphore()

    def _encode(self, encoding: Encoding) -> None:
        self._places.acquire()
        try:
            super()._encode(encoding)
        finally:
            self._places.release()

    def _report(self, encoding: Encoding, share: float) -> None:
        super()._report(encoding, share)
        self._places.release()
        self._places.acquire()


class _FairSemaphore:
    """A semaphore of ``ENCODINGS_AT_ONCE``; unlike with Python's, whoever releases it comes after those who wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = 0
        self._waiting: deque[object] = deque()

    def acquire(self) -> None:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(
                lambda: self._waiting[0] is ticket and self._taken < settings.ENCODINGS_AT_ONCE
            )
            self._waiting.popleft()
            self._taken += 1
            self._changed.notify_all()

    def release(self) -> None:
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()


segment_pool = SegmentPool()
atexit.register(segment_pool.stop)
