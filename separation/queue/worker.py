"""The queue worker: claim the song whose turn it is, separate it, publish it.

The model runs in a separator process of its own, which this process starts, keeps warm between songs, and
kills when the work is cancelled or the lease lost, and shortly before another worker could claim it.
"""

import errno
import logging
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from audio.errors import AudioError, ProbeFailed
from catalog.errors import CatalogError
from catalog.storage import backend
from separation import lifecycle
from separation.delivery.live import Feed, place
from separation.engines.descriptors import ModelUnavailable
from separation.engines.modelspec import SPECS
from separation.installations.worker import carry_out_waiting
from separation.lifecycle import Lease
from separation.models import Separation, Stem
from separation.queue.heartbeat import HEARTBEAT_SECONDS, Draining, LeaseKeeper, LeaseLost, ProgressCallback
from separation.queue.interleaving import GivenWay, Interleaver
from separation.queue.log_context import log_separation
from separation.queue.publish import publish, store
from separation.queue.recovery import wake_workers
from separation.queue.scheduling import claim_next
from separation.queue.separator_holder import drain, holder
from separation.separator.protocol import (
    SeparatedSet,
    SeparatorError,
    SeparatorInterrupted,
    SeparatorNoSpace,
    SeparatorNotStarted,
    SeparatorStalled,
    SeparatorTooBig,
)
from separation.upgrades.lifecycle import queue_next

__all__ = ["drain", "has_room", "install", "run", "separate", "work"]

log = logging.getLogger(__name__)

NO_ROOM_PAUSE = 15.0
"""Seconds before the next attempt while the disk has no room for the stems, which counts as no attempt."""


def run(separation_id: str) -> None:
    """Work on whatever comes next (task of django-q2); ``separation_id`` is the row for which it was sent."""
    install()
    if holder.draining:
        return
    lease = claim_next(separation_id)
    if lease:
        work(lease, interleave=True)
        if not holder.draining:
            queue_next()
            wake_workers(0.0)  # the same account's next song may have waited for this one


def install() -> None:
    """Carry out the installations of models that wait (task of django-q2)."""

    def separate_one(renew: Callable[[], None]) -> None:
        if lease := claim_next():
            work(lease, lambda _progress: renew())

    carry_out_waiting(separate_one)


def separate(separation_id: "UUID | str", on_progress: ProgressCallback | None = None) -> bool:
    """Do this one separation here and now; False when another worker has it, or it is finished."""
    lease = lifecycle.claim(separation_id)
    if lease is None:
        return False
    work(lease, on_progress)
    return True


def work(lease: Lease, on_progress: ProgressCallback | None = None, *, interleave: bool = False) -> None:
    """Separate what ``lease`` holds and publish it, or store why that failed. Leaves no temporary file behind.

    ``interleave`` allows short songs in between (see ``interleaving.py``).
    """
    with log_separation(lease.separation_id):
        _work(lease, on_progress, interleave=interleave)


def _work(lease: Lease, on_progress: ProgressCallback | None, *, interleave: bool) -> None:
    separation = Separation.objects.select_related("mixture").get(pk=lease.separation_id)
    folder = settings.WORK_DIR / place(separation.pk, lease.attempt, lease.owner)
    spec = SPECS.get(separation.model)
    log.info("separation %s: attempt %d started", separation.pk, lease.attempt)
    try:
        with (
            holder.in_use(),
            Feed(folder, spec.stems if spec else ()) as feed,
            LeaseKeeper(lease, on_progress) as keeper,
        ):
            keeper.segments = lambda: feed.segments
            renew = _interleaving(separation, keeper) if interleave else keeper.renew
            result = _separate(separation, folder, keeper, feed, renew)
            with nullcontext() if backend.is_local() else keeper.renewing_in_background():
                store(result)
            published = keeper.retry(lambda: publish(lease, result))
        log.info(
            "separation %s: %s", separation.pk, "succeeded" if published else "lease lost, not published"
        )
    except Exception as error:  # noqa: BLE001  # whatever happens to one song, the worker goes on
        _end_attempt(lease, separation, error)
    except BaseException:
        lifecycle.hand_back(lease)  # Ctrl-C
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _interleaving(separation: Separation, keeper: LeaseKeeper) -> ProgressCallback:
    """Renew the lease, and separate a short song in between now and then."""
    interleaver = Interleaver(separation)

    def renew(progress: float) -> None:
        keeper.renew(progress)
        try:
            short = interleaver.claim(progress)
        except (DatabaseError, InterfaceError) as error:
            log.warning("looking for a short song failed: %s", error)
            return
        if short:
            work(short, lambda _progress: keeper.renew_meanwhile())
            interleaver.done()
            keeper.renew(progress)

    return renew


def _separate(
    separation: Separation, folder: Path, keeper: LeaseKeeper, feed: Feed, on_progress: ProgressCallback
) -> SeparatedSet:
    mixture = separation.mixture
    if not has_room(separation):
        raise SeparatorNoSpace("not enough room on the disk")
    folder.mkdir(parents=True)
    try:
        with backend.local_copy(mixture.key) as path:
            return holder.open().separate(
                path,
                separation.model,
                folder,
                on_progress=on_progress,
                tick_seconds=HEARTBEAT_SECONDS,
                deadline_seconds=max(600.0, 6 * mixture.duration),
                expected_samples=mixture.frames,
                on_segments=feed.complete,
                mixture_gain=_mixture_gain(separation),
            )
    except SeparatorError as error:
        if holder.draining:
            raise Draining from error
        if keeper.expired:
            raise LeaseLost from error
        raise


def _mixture_gain(separation: Separation) -> float:
    """Return what a stem that is separated was multiplied by when it was stored."""
    spec = SPECS.get(separation.model)
    stems = Stem.objects.filter(audio=separation.mixture_id, name=spec.takes if spec else "")
    return stems.values_list("separation__gain", flat=True).first() or 1.0


def has_room(separation: Separation) -> bool:
    """Whether the disk has room for the stems at their largest, with a reserve for the database.

    The reserve is smaller than that of uploads: what was accepted can be separated.
    """
    spec = SPECS.get(separation.model)
    needed = 4 * separation.mixture.frames * len(spec.stems if spec else ())
    return bool(shutil.disk_usage(settings.WORK_DIR).free > needed + settings.DISK_FLOOR_BYTES // 2)


def _end_attempt(lease: Lease, separation: Separation, error: Exception) -> None:
    """Store how an attempt ended that did not succeed, and whether a retry can help."""
    name = f"separation {lease.separation_id}, attempt {lease.attempt}"
    try:
        match error:
            case LeaseLost():
                log.info("%s: stopped, cancelled or claimed by another worker", name)
                lifecycle.hand_back(lease)
            case Draining() | GivenWay() | SeparatorInterrupted():
                log.info("%s: stopped, handed back", name)
                lifecycle.hand_back(lease)
            case _ if _is_full(error) and not has_room(separation):
                log.warning("%s: handed back until the disk has room", name)
                lifecycle.hand_back(lease, NO_ROOM_PAUSE)
            case _ if _is_full(error):
                log.warning("%s: failed: %s", name, error)
                lifecycle.fail(lease, "no_space", str(error), retry=True)
            case SeparatorNotStarted():
                log.warning("%s: interrupted: %s", name, error)
                lifecycle.interrupt(lease)
            case AudioError():
                log.warning("%s: failed: %s", name, error)
                # The upload was decoded once, so a song whose decoder process died may be decoded again.
                lifecycle.fail(lease, error.code, error.detail, retry=isinstance(error, ProbeFailed))
            case ModelUnavailable():
                log.warning("%s: failed: %s", name, error)
                lifecycle.fail(lease, "model_unavailable", str(error), retry=False)
            case SeparatorError():
                log.warning("%s: failed: %s", name, error)
                lifecycle.fail(lease, _code(error), str(error), retry=not error.permanent)
            case FileNotFoundError() if not backend.exists(separation.mixture.key):
                log.error("%s: failed: the file of the mixture is missing", name)
                lifecycle.fail(lease, "file_missing", str(error), retry=False)
            case DatabaseError() | InterfaceError():
                log.warning("%s: interrupted, the database is unavailable: %s", name, error)
                connection.close()
                lifecycle.hand_back(lease)
            case _:
                log.error("%s: failed", name, exc_info=error)
                code = "storage" if isinstance(error, OSError) else "crashed"
                lifecycle.fail(lease, code, str(error), retry=True)
    except (DatabaseError, InterfaceError) as problem:
        # The lease expires by itself, and recovery does the rest.
        log.warning("%s: handing back failed: %s", name, problem)
        connection.close()


def _code(error: SeparatorError) -> str:
    match error:
        case SeparatorTooBig():
            return "too_big"
        case SeparatorStalled():
            return "stalled"
    return "crashed"


def _is_full(error: Exception) -> bool:
    return (
        isinstance(error, SeparatorNoSpace)
        or (isinstance(error, CatalogError) and error.code == "no_space")
        or (isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT})
    )
