"""Carry out installations in a worker of the queue.

Whatever task wakes a worker, it carries out an installation that waits before it takes a song. An installation may
take hours on a slow line, so while it downloads it gives way: as soon as a song waits for which no worker is free, it
ends the connection, one song is separated in the same worker, and then it goes on where it stopped.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from separation import lifecycle as separations
from separation.engines import download, modelspec
from separation.engines.descriptors import ModelSpec
from separation.installations import lifecycle
from separation.installations.lifecycle import Lease
from separation.models import Separation, Status
from separation.queue.separator_holder import holder
from separation.queue.workers import busy_workers
from separation.separator.preparation import prepare_in_child

log = logging.getLogger(__name__)

RENEW_SECONDS = 0.5
TURN_SECONDS = 20.0
"""How long it downloads between two songs at least."""
MARGIN_SECONDS = 20.0
"""The work ends this long before its lease does, where the database could not be reached."""

SeparateOne = Callable[[Callable[[], None]], None]
"""Separates the song whose turn it is, if there is one; calls its argument meanwhile."""


class _Stop(Exception):  # noqa: N818 (not an error: the work is no longer ours to do)
    """It was cancelled or taken over, or this process was told to stop."""


class _GiveWay(Exception):  # noqa: N818 (as above)
    """A song waits."""


def carry_out_waiting(separate_one: SeparateOne) -> None:
    """Carry out what waits, one after the other."""
    while not holder.draining and (lease := lifecycle.claim_next()):
        carry_out(lease, separate_one)


def carry_out(lease: Lease, separate_one: SeparateOne) -> None:
    """Install what ``lease`` holds, or store why that failed."""
    log.info("model %s: installation started", lease.folder)
    keeper = _Keeper(lease)
    try:
        spec = download.find(lease.folder)
        while True:
            try:
                official = _fetch(spec, lease, keeper)
                break
            except _GiveWay:
                log.info("model %s: gives way to a song", lease.folder)
                separate_one(keeper.renew_meanwhile)
                keeper.begin_turn()
        done = lifecycle.succeed(lease, keeper.arrived, official=official)
        log.info("model %s: %s", lease.folder, "installed" if done else "installed, lease lost")
    except Exception as error:  # noqa: BLE001 (the worker goes on)
        _end_attempt(lease, error)
    except BaseException:
        lifecycle.hand_back(lease)  # Ctrl-C
        raise


def _fetch(spec: ModelSpec, lease: Lease, keeper: "_Keeper") -> bool | None:
    def prepare(prepared: ModelSpec, models_dir: Path) -> None:
        own = prepared.slug in modelspec.SPECS.own
        limit = settings.SEPARATOR_MEMORY if own else None
        prepare_in_child(prepared, models_dir, settings.SEPARATOR_ENGINE, keeper.renew, limit)

    return download.fetch(
        spec,
        settings.MODELS_DIR,
        on_progress=keeper.step,
        source=lease.source,
        only_official=not lease.source.startswith("http"),
        reserve=settings.DISK_FLOOR_BYTES // 2,
        prepare=prepare,
    )


class _Keeper:
    """Renews the lease while work goes on, and ends the work when it has to."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._done, self._total = lease.done_bytes, None  # type: int, int | None
        self._deadline = time.monotonic() + settings.LEASE_SECONDS - MARGIN_SECONDS
        self._last_renewal = 0.0
        self._ended = False
        self.begin_turn()

    @property
    def arrived(self) -> int:
        """Return how many bytes there were to fetch."""
        return self._done

    def begin_turn(self) -> None:
        """Download undisturbed for a while."""
        self._turn_until = time.monotonic() + TURN_SECONDS

    def step(self, done: int, total: int | None) -> None:
        """Store the progress. Raises ``_Stop``, and ``_GiveWay`` where a song waits."""
        self._done, self._total = done, total
        self.renew()
        if (total is None or done < total) and time.monotonic() > self._turn_until:
            self.begin_turn()
            if _is_song_waiting():
                raise _GiveWay

    def renew(self) -> None:
        """Renew the lease if it is time. Raises ``_Stop``."""
        if holder.draining or self._ended:
            raise _Stop
        now = time.monotonic()
        if now - self._last_renewal < RENEW_SECONDS:
            return
        self._last_renewal = now
        try:
            if not lifecycle.advance(self._lease, self._done, self._total):
                raise _Stop
        except (OperationalError, InterfaceError) as error:
            log.warning("model %s: renewing the lease failed: %s", self._lease.folder, error)
            connection.close()
            if now > self._deadline:
                raise _Stop from error
        else:
            self._deadline = now + settings.LEASE_SECONDS - MARGIN_SECONDS

    def renew_meanwhile(self) -> None:
        """Renew while a song is separated, which must not end with this; the next ``renew`` raises if it has to."""
        try:
            self.renew()
        except _Stop:
            self._ended = True


def _is_song_waiting() -> bool:
    """Whether a song that somebody asked for waits, and no worker is free to take it."""
    waiting = Separation.objects.filter(separations.due(), status=Status.QUEUED).requested()
    return len(busy_workers()) >= settings.WORKERS and waiting.exists()


def _end_attempt(lease: Lease, error: Exception) -> None:
    """Store how an attempt ended that did not succeed."""
    name = f"model {lease.folder}"
    try:
        match error:
            case _Stop():
                if lifecycle.is_cancelled(lease):
                    log.info("%s: cancelled", name)
                    download.discard(download.find(lease.folder), settings.MODELS_DIR)
                elif lifecycle.hand_back(lease):
                    log.info("%s: stopped, handed back", name)
            case _ if holder.draining:
                log.info("%s: stopped, handed back", name)
                lifecycle.hand_back(lease)
            case download.FetchError():
                log.warning("%s: failed: %s", name, error)
                retry = error.is_transient or error.code == "busy"
                lifecycle.fail(lease, error.code, str(error), retry=retry)
            case DatabaseError() | InterfaceError():
                log.warning("%s: interrupted, the database is unavailable: %s", name, error)
                connection.close()
                lifecycle.hand_back(lease)
            case _:
                log.error("%s: failed", name, exc_info=error)
                lifecycle.fail(lease, "crashed", str(error), retry=True)
    except (DatabaseError, InterfaceError) as problem:
        log.warning("%s: handing back failed: %s", name, problem)  # the lease expires by itself
        connection.close()
