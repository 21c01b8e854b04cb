"""What a queue worker does when the doorbell rings: take the song whose turn it is, separate it, publish it.

The model lives in a separator process of its own, which this process starts, keeps warm between songs, and
kills when the work is cancelled or the lease lost, and shortly before it could be given to somebody else.
"""

import errno
import logging
import shutil
from contextlib import nullcontext
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from audio.errors import AudioError, ProbeFailed
from catalog.errors import CatalogError
from catalog.storage import backend
from separation import lifecycle as leases
from separation.delivery.live import Feed, place
from separation.engines.modelspec import SPECS, ModelUnavailable
from separation.lifecycle import Lease
from separation.models import Separation
from separation.queue.heartbeat import HEARTBEAT_SECONDS, Drained, Heart, Stopped, Watcher
from separation.queue.interleaving import Between
from separation.queue.publish import keep, publish
from separation.queue.recovery import ring
from separation.queue.separator_holder import desk, drain
from separation.separator.protocol import (
    SeparatedSet,
    SeparatorError,
    SeparatorInterrupted,
    SeparatorNoSpace,
    SeparatorNotStarted,
    SeparatorStalled,
    SeparatorTooBig,
)

__all__ = ["drain", "has_room", "run", "separate", "work"]

log = logging.getLogger(__name__)


def run(separation_id: str) -> None:
    """The doorbell. ``separation_id`` says who rang; worked on is whatever comes next in turn."""
    if desk.draining:
        return
    lease = leases.claim_next(separation_id)
    if lease:
        work(lease, others=True)
        if not desk.draining:
            ring(0.0)  # somebody's next song may have waited for this one


def separate(separation_id: "UUID | str", watcher: Watcher | None = None) -> bool:
    """Do this one separation here and now; False when somebody else has it, or it is finished."""
    lease = leases.claim(separation_id)
    if lease is None:
        return False
    work(lease, watcher)
    return True


def work(lease: Lease, watcher: Watcher | None = None, *, others: bool = False) -> None:
    """Separate what ``lease`` holds, publish it or write down why not. Leaves no temporary file behind.

    ``others`` may be done in between, if they are short (see ``between.py``).
    """
    separation = Separation.objects.select_related("mixture").get(pk=lease.separation_id)
    folder = settings.WORK_DIR / place(separation.pk, lease.attempt, lease.owner)
    spec = SPECS.get(separation.model)
    log.info("separation %s: attempt %d begins", separation.pk, lease.attempt)
    try:
        with desk.seat(), Feed(folder, spec.stems if spec else ()) as feed, Heart(lease, watcher) as heart:
            heart.segments = lambda: feed.segments
            beat = _with_others(separation, heart) if others else heart.beat
            result = _separate(separation, folder, heart, feed, beat)
            with nullcontext() if backend.is_local() else heart.beating():
                keep(result)
            done = heart.retrying(lambda: publish(lease, result))
        log.info("separation %s: %s", separation.pk, "published" if done else "too late, nothing published")
    except Exception as error:  # noqa: BLE001  # whatever happens to one song, the worker goes on
        _conclude(lease, separation, error)
    except BaseException:
        leases.release(lease)  # somebody pressed Ctrl-C
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _with_others(separation: Separation, heart: Heart) -> Watcher:
    """The heart's beat, with a short song after it now and then."""
    between = Between(separation)

    def beat(progress: float) -> None:
        heart.beat(progress)
        try:
            short = between.take(progress)
        except (DatabaseError, InterfaceError) as error:
            log.warning("no look at the queue: %s", error)
            return
        if short:
            work(short, lambda _progress: heart.keep())
            between.done()
            heart.beat(progress)

    return beat


def _separate(separation: Separation, folder: Path, heart: Heart, feed: Feed, beat: Watcher) -> SeparatedSet:
    mixture = separation.mixture
    if not has_room(separation):
        raise SeparatorNoSpace("not enough room on the disk")
    folder.mkdir(parents=True)
    try:
        with backend.local_copy(mixture.key) as path:
            return desk.open().separate(
                path,
                separation.model,
                folder,
                on_progress=beat,
                tick_seconds=HEARTBEAT_SECONDS,
                deadline_seconds=max(600.0, 6 * mixture.duration),
                expected_samples=mixture.frames,
                on_segments=feed.complete,
            )
    except SeparatorError as error:
        if desk.draining:
            raise Drained from error
        if heart.expired:
            raise Stopped from error
        raise


def has_room(separation: Separation) -> bool:
    """Whether the disk can hold the stems at their largest, and keep enough for the database to write.

    The floor is lower than that of uploads: what was accepted can be separated.
    """
    spec = SPECS.get(separation.model)
    needed = 4 * separation.mixture.frames * len(spec.stems if spec else ())
    return bool(shutil.disk_usage(settings.WORK_DIR).free > needed + settings.DISK_FLOOR_BYTES // 2)


def _conclude(lease: Lease, separation: Separation, error: Exception) -> None:
    """Write down how an attempt ended that did not succeed, and whether trying again can help."""
    name = f"separation {lease.separation_id}, attempt {lease.attempt}"
    try:
        match error:
            case Stopped():
                log.info("%s: stopped, it is no longer ours", name)
                leases.release(lease)
            case Drained() | SeparatorInterrupted():
                log.info("%s: handed back", name)
                leases.release(lease)
            case _ if _is_full(error) and not has_room(separation):
                log.warning("%s: waits for room on the disk", name)
                leases.release(lease, leases.NO_ROOM_PAUSE)
            case _ if _is_full(error):
                leases.give_up(lease, "no_space", str(error), retry=True)
            case SeparatorNotStarted():
                log.warning("%s: %s", name, error)
                leases.interrupted(lease.held(), lease.separation_id, lease.attempt - lease.crashes)
            case AudioError():
                log.warning("%s: %s", name, error)
                # Whose reader died was read before, when it was brought, and may be read again.
                leases.give_up(lease, error.code, error.detail, retry=isinstance(error, ProbeFailed))
            case ModelUnavailable():
                log.warning("%s: %s", name, error)
                leases.give_up(lease, "model_unavailable", str(error), retry=False)
            case SeparatorError():
                log.warning("%s: %s", name, error)
                leases.give_up(lease, _code(error), str(error), retry=not error.permanent)
            case FileNotFoundError() if not backend.exists(separation.mixture.key):
                log.error("%s: the mixture is missing", name)
                leases.give_up(lease, "file_missing", str(error), retry=False)
            case DatabaseError() | InterfaceError():
                log.warning("%s: the database is away: %s", name, error)
                connection.close()
                leases.release(lease)
            case _:
                log.error("%s: broke off", name, exc_info=error)
                leases.give_up(
                    lease, "storage" if isinstance(error, OSError) else "crashed", str(error), retry=True
                )
    except (DatabaseError, InterfaceError) as problem:
        # The lease runs out by itself, and the sweep does the rest.
        log.warning("%s: could not be handed back: %s", name, problem)
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
