"""Transcode renditions in a few threads of the website; requests wait for them for a bounded time, or not at all.

An encoding takes seconds to minutes, so no request does it itself: it submits what it needs and waits. What takes
longer continues without it, and the next request for the same finds the rendition or the encoding in progress. Equal
requests share one encoding. People take turns and have a limit each; what nobody requests any more is dropped.
"""

import atexit
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field

from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.utils.translation import gettext_lazy as _

from catalog.errors import CatalogError
from catalog.models import Rendition
from catalog.storage import encoding_progress
from catalog.storage.recipes import Recipe
from catalog.storage.renditions import find_rendition, get_or_create_rendition
from catalog.storage.waiting_requests import busy, waiting

log = logging.getLogger(__name__)

MOST_SUBMITTED = 200  # encodings of everybody, in this process
LOOK_SECONDS = 0.5  # between two looks for one that another process makes
RENEW_SECONDS = 20  # how often waiting requests renew their place in the queue
SOONEST_RETRY_SECONDS, LATEST_RETRY_SECONDS = 5, 45  # sooner than the place is lost
STOP_SECONDS = 5.0
STEP = 0.01


class EncodingPendingError(CatalogError):
    """The encoding is in progress; the same request can be sent again. ``progress`` from 0 to 1."""

    def __init__(self, progress: float, seconds_left: float = 0.0) -> None:
        sentence = _("This file is being made. Send the same request again in a few seconds.")
        retry_after = round(min(max(seconds_left, SOONEST_RETRY_SECONDS), LATEST_RETRY_SECONDS))
        super().__init__("encoding_in_progress", sentence, status=503, retry_after=retry_after)
        self.progress = progress


class _StoppedError(Exception):
    """Ends an encoding when the process stops."""


@dataclass
class Encoding:
    """An encoding in this process, queued or running."""

    recipe: Recipe
    owner: str
    people: set[str] = field(default_factory=set)
    started_at: float | None = None  # time.monotonic()
    progress: float = 0.0
    waiters: int = 0
    rendition: Rendition | None = None
    error: CatalogError | None = None
    finished: threading.Event = field(default_factory=threading.Event)
    context: Context = field(default_factory=copy_context)  # of the first request, which its log lines name

    @property
    def seconds_left(self) -> float:
        """Return the remaining seconds at the present speed; 0 where that is unknown."""
        if self.started_at is None or not self.progress:
            return 0.0
        return (time.monotonic() - self.started_at) * (1 / self.progress - 1)

    def wait(self, seconds: float) -> bool:
        """Wait until it is finished, ``seconds`` at most; whether it is."""
        self.waiters += 1
        return self.finished.wait(seconds)

    def result(self) -> Rendition | None:
        """Return the rendition, ``None`` while it is not there. Raises ``CatalogError``."""
        if self.error is not None:
            raise self.error
        return self.rendition


@dataclass
class RemoteEncoding:
    """An encoding in another process of the website."""

    recipe: Recipe

    @property
    def progress(self) -> float:
        """Return the progress that the other process reported last, 0 to 1."""
        return encoding_progress.reported(self.recipe) or 0.0

    def wait(self, seconds: float) -> bool:
        """Wait until it is there or nobody makes it any more, ``seconds`` at most; whether that is so."""
        deadline = time.monotonic() + seconds
        while find_rendition(self.recipe) is None and encoding_progress.reported(self.recipe) is not None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def result(self) -> Rendition | None:
        """Return the rendition, ``None`` while it is not there."""
        return find_rendition(self.recipe)


@dataclass
class Batch:
    """The renditions that one request needs, in its order: existing ones, and encodings in progress."""

    parts: list[Rendition | Encoding | RemoteEncoding]

    @property
    def is_done(self) -> bool:
        """Whether nothing has to be waited for."""
        return all(isinstance(part, Rendition) for part in self.parts)

    def wait(self, seconds: float) -> None:
        """Wait until all is there, ``seconds`` at most."""
        deadline = time.monotonic() + seconds
        pending = [part for part in self.parts if not isinstance(part, Rendition)]
        while pending and (left := deadline - time.monotonic()) > 0:
            for part in pending:
                encoding_progress.keep_place(part.recipe)
            if pending[0].wait(min(left, RENEW_SECONDS)):
                pending.pop(0)

    def result(self) -> list[Rendition]:
        """Return all renditions. Raises ``EncodingPendingError``, and ``CatalogError`` where one could not be made."""
        rows = [part if isinstance(part, Rendition) else part.result() for part in self.parts]
        there = [row for row in rows if row is not None]
        if len(there) == len(rows):
            return there
        pending = [part for part in self.parts if not isinstance(part, Rendition)]
        progress = sum(part.progress for part in pending) + len(rows) - len(pending)
        left = sum(part.seconds_left for part in pending if isinstance(part, Encoding))
        raise EncodingPendingError(progress / len(rows), left)


def obtain(recipes: Sequence[Recipe], person: str, *, seconds: float = 0.0) -> list[Rendition]:
    """Find or have made the renditions of ``recipes``, and wait for them ``seconds`` at most.

    ``person`` as ``waiting_requests.requester`` names them. Raises ``CatalogError``: ``busy`` (503) when too much is
    being made or too many wait, ``encoding_in_progress`` (503) after ``seconds``, and those of ``renditions.made``.
    """
    batch = start(recipes, person)
    if seconds and not batch.is_done:
        with waiting(person):
            batch.wait(seconds)
    return batch.result()


def start(recipes: Sequence[Recipe], person: str, by: "EncodingPool | None" = None) -> Batch:
    """Find the renditions of ``recipes`` and submit those that are not there, ``by`` default to ``pool``.

    Raises ``CatalogError``: ``busy`` (503), and once what went wrong when nobody waited.
    """
    return Batch([find_rendition(recipe) or _submit(recipe, person, by or pool) for recipe in recipes])


def is_in_progress(recipe: Recipe) -> bool:
    """Whether it was submitted, here or in another process, and is not finished."""
    return pool.find(recipe) is not None or encoding_progress.reported(recipe) is not None


def _submit(recipe: Recipe, person: str, by: "EncodingPool") -> Encoding | RemoteEncoding:
    if (failure := cache.get(encoding_progress.key(recipe, "failed"))) is not None:
        cache.delete(encoding_progress.key(recipe, "failed"))
        code, detail, status = failure
        raise CatalogError(code, detail, status=status)
    encoding_progress.keep_place(recipe)
    if by.find(recipe) is None and encoding_progress.reported(recipe) is not None:
        return RemoteEncoding(recipe)
    return by.submit(recipe, person)


class EncodingPool:
    """The threads that encode in this process, by default ``ENCODINGS_AT_ONCE``; none while nothing is to do."""

    def __init__(self, most_threads: Callable[[], int] = lambda: settings.ENCODINGS_AT_ONCE) -> None:
        self._most_threads = most_threads
        self._changed = threading.Condition()
        self._encodings: dict[str, Encoding] = {}
        self._turns: OrderedDict[str, deque[Encoding]] = OrderedDict()
        self._running = 0  # encodings; a thread ends a little later
        self._threads = 0
        self._is_stopped = False

    def find(self, recipe: Recipe) -> Encoding | None:
        """Return the encoding of ``recipe`` that runs or waits for its turn."""
        return self._encodings.get(recipe.lock_name)

    def submit(self, recipe: Recipe, person: str) -> Encoding:
        """Have ``recipe`` made when it is the turn of ``person``; equal recipes are made once.

        Raises ``CatalogError("busy")`` (503).
        """
        with self._changed:
            encoding = self._encodings.get(recipe.lock_name)
            if encoding is None:
                owned = sum(other.owner == person for other in self._encodings.values())
                full = len(self._encodings) >= MOST_SUBMITTED or owned >= settings.ENCODINGS_PER_PERSON
                if full or self._is_stopped:
                    raise busy()
                encoding = self._encodings[recipe.lock_name] = Encoding(recipe, person)
                encoding_progress.report(recipe, 0.0)
            if person not in encoding.people and encoding.started_at is None:
                encoding.people.add(person)
                self._turns.setdefault(person, deque()).append(encoding)
            needs_thread = self._running < self._most_threads() and bool(self._turns)
            self._running += needs_thread
        if needs_thread:
            self._start_thread()
        return encoding

    def load(self) -> tuple[int, int]:
        """Return how many encodings are running, and how many wait for their turn."""
        with self._changed:
            running = sum(encoding.started_at is not None for encoding in self._encodings.values())
            return running, len(self._encodings) - running

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End what runs and forget the rest, and wait for the threads' end, ``seconds`` at most."""
        with self._changed:
            self._is_stopped = True
            self._turns.clear()
            for encoding in self._encodings.values():
                encoding_progress.forget(encoding.recipe)
                encoding.error = busy()
                encoding.finished.set()
            self._changed.wait_for(self._is_idle, seconds)

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until nothing is being made, ``seconds`` at most; whether that is so."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, seconds)

    def _is_idle(self) -> bool:
        return self._running == self._threads == 0

    def _start_thread(self) -> None:
        with self._changed:
            self._threads += 1
        try:
            threading.Thread(target=self._run, name="encoding", daemon=True).start()
        except RuntimeError:  # no more threads for this process just now; the next request tries again
            log.warning("an encoding thread could not be started")
            with self._changed:
                self._threads -= 1
                self._running -= 1
                self._changed.notify_all()

    def _run(self) -> None:
        try:
            self._work()
        finally:
            connections.close_all()
            with self._changed:
                self._threads -= 1
                self._changed.notify_all()

    def _work(self) -> None:
        while (encoding := self._next()) is not None:
            try:
                encoding.context.run(self._encode, encoding)
                self._drop_forgotten()
            except Exception:  # the cache is away, for example
                log.exception("the end of an encoding could not be told")

    def _next(self) -> Encoding | None:
        """Take the first encoding of the account whose turn it is; its others wait behind those of everybody else."""
        with self._changed:
            while self._turns:
                person, queue = self._turns.popitem(last=False)
                encoding = queue.popleft()
                if queue:
                    self._turns[person] = queue
                if encoding.started_at is None:
                    encoding.started_at = time.monotonic()
                    return encoding
            self._running -= 1
            self._changed.notify_all()
            return None

    def _drop_forgotten(self) -> None:
        """Let go what waits for its turn and nobody waits or has asked for lately; who asks again submits it anew."""
        with self._changed:
            queued = [one for one in self._encodings.values() if not one.started_at]
            asked = cache.get_many([encoding_progress.key(one.recipe, "asked") for one in queued])
            forgotten = [one for one in queued if encoding_progress.key(one.recipe, "asked") not in asked]
            for encoding in forgotten:
                encoding_progress.forget(encoding.recipe)
                del self._encodings[encoding.recipe.lock_name]
                encoding.error = busy()
                encoding.finished.set()
            for person in list(self._turns):
                self._turns[person] = deque(row for row in self._turns[person] if not row.finished.is_set())
                if not self._turns[person]:
                    del self._turns[person]

    def _encode(self, encoding: Encoding) -> None:
        recipe = encoding.recipe
        error: CatalogError | None = None
        try:
            encoding.rendition = get_or_create_rendition(recipe, lambda share: self._report(encoding, share))
            encoding.progress = 1.0
        except _StoppedError:
            error = busy()
        except CatalogError as refusal:
            error = refusal
        except Exception:
            log.exception("an encoding failed")
            sentence = _("This file could not be made. Please try again later.")
            error = CatalogError("not_made", sentence, status=500)
        try:
            encoding_progress.forget(recipe)
            if error is not None and not encoding.waiters:
                cache.set(
                    encoding_progress.key(recipe, "failed"),
                    (error.code, error.detail, error.status),
                    encoding_progress.PROGRESS_SECONDS,
                )
        finally:
            with self._changed:
                del self._encodings[recipe.lock_name]
                encoding.error = error
                encoding.finished.set()

    def _report(self, encoding: Encoding, share: float) -> None:
        if self._is_stopped:
            raise _StoppedError
        if share - encoding.progress >= STEP:
            encoding.progress = share
            encoding_progress.report(encoding.recipe, share)


pool = EncodingPool()
atexit.register(pool.stop)
