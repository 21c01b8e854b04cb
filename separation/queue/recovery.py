"""Recovery from crashes. Safe to run at any time, in any number of processes.

Takes back the work of dead workers, wakes a worker again for rows whose task was lost, ends what has no attempt left,
cancels what nobody wants, does the same for installations of models, goes on with an upgrade, and deletes old rows of
django-q2.
"""

import logging
import shutil
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ, Task

from catalog.models import Track
from separation import lifecycle
from separation.delivery.live import place
from separation.installations import lifecycle as installations
from separation.lifecycle import Lease
from separation.models import Separation, SeparationRequest, Status, Stem
from separation.queue.log_context import log_separation
from separation.queue.workers import is_dead
from separation.upgrades import lifecycle as upgrades

log = logging.getLogger(__name__)

# A row that still waits so long after its task was sent may have lost it.
TASK_LOST_SECONDS = 30.0
KEEP_TASKS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Recovery:
    """How many rows one call of ``recover`` changed."""

    retried: int
    failed: int
    cancelled: int
    woken: int


def recover(*, task_lost_after: float = TASK_LOST_SECONDS) -> Recovery:
    """Do all of it once. ``task_lost_after`` is 0 when the queue has just been started, with no task in work."""
    retried, failed = _end_lost_attempts()
    failed += lifecycle.fail_exhausted()
    cancelled = _cancel_unwanted()
    woken = wake_workers(task_lost_after)
    installations.recover()
    upgrades.queue_next()
    _delete_old_tasks()
    return Recovery(retried, failed, cancelled, woken)


def _end_lost_attempts() -> tuple[int, int]:
    """Queue again what a worker left behind, or fail it if that has happened too often."""
    retried = failed = 0
    for row in Separation.objects.filter(status=Status.RUNNING):
        lease = Lease.of(row)
        status = lifecycle.interrupt(lease, only_expired=not is_dead(lease.owner))
        retried += status == Status.QUEUED
        failed += status == Status.FAILED
        if status:
            with log_separation(row.pk):
                log.warning("separation %s: attempt %d lost its worker", row.pk, lease.attempt)
            # Of this attempt only: the next one may have started by now.
            shutil.rmtree(settings.WORK_DIR / place(row.pk, lease.attempt, lease.owner), ignore_errors=True)
    return retried, failed


def _cancel_unwanted() -> int:
    """Cancel work that has no request, and no track left that could show it."""
    requests = SeparationRequest.objects.filter(separation=OuterRef("pk"))
    songs = Track.objects.filter(audio=OuterRef("mixture"))
    stems = Stem.objects.filter(audio=OuterRef("mixture"), separation__mixture__tracks__isnull=False)
    unfinished = Separation.objects.unfinished().exclude(Exists(requests))
    return lifecycle.cancel_all(unfinished.exclude(Exists(songs)).exclude(Exists(stems)))


def wake_workers(lost_after: float) -> int:
    """Send tasks again where there are fewer than rows that are due: each row once per ``lost_after`` seconds.

    A task makes a worker take whatever comes next, so only the numbers must match.
    """
    waiting = Separation.objects.filter(lifecycle.due(), status=Status.QUEUED)
    tasks = OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__lte=timezone.now()).count()
    missing = waiting.count() - tasks
    if missing <= 0:
        return 0
    lost = Q(task_sent_at=None) | Q(task_sent_at__lte=lifecycle.from_now(seconds=-lost_after))
    rows = waiting.filter(lost).order_by("queued_at").values_list("pk", flat=True)[:missing]
    return sum(lifecycle.wake_worker_again(pk, lifecycle.due() & lost) for pk in rows)


def _delete_old_tasks() -> None:
    """Delete old results of django-q2, and tasks handed out so long ago that no worker has them any more."""
    Task.objects.filter(stopped__lt=timezone.now() - KEEP_TASKS).delete()
    handed_out = timezone.now() + timedelta(seconds=Conf.RETRY - settings.SEPARATION_TIMEOUT)
    OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__gt=timezone.now(), lock__lt=handed_out).delete()
