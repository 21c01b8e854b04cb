"""Puts right what crashes leave behind; any number of sweepers may run at once, and nothing depends on when.

A sweep takes back the work of dead workers, rings again for rows whose queue entry was lost, ends what
has no attempt left, and throws away what the queue no longer needs.
"""

import logging
import shutil
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ, Task

from catalog.models import Track
from separation import lifecycle as leases
from separation.delivery.live import place
from separation.models import Separation, SeparationRequest, Status

log = logging.getLogger(__name__)

# A row that was rung so long ago and still waits may have lost its queue entry.
RING_SECONDS = 30.0
KEEP_TASKS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows a sweep changed."""

    recovered: int
    failed: int
    cancelled: int
    rung: int


def sweep(*, ring_after: float = RING_SECONDS) -> Swept:
    """Do all of it once. ``ring_after`` 0 rings at once, for when the queue has just been started."""
    recovered, failed = _recover()
    cancelled = _forget()
    rung = ring(ring_after)
    _tidy()
    return Swept(recovered, failed, cancelled, rung)


def _recover() -> tuple[int, int]:
    """Queue again what a worker left behind, or end it if that has happened too often."""
    recovered = failed = 0
    late = Separation.objects.filter(status=Status.RUNNING, lease_until__lt=Now())
    for row in Separation.objects.filter(status=Status.RUNNING):
        held = Separation.objects.filter(
            pk=row.pk, status=Status.RUNNING, owner=row.owner, attempts=row.attempts
        )
        lost = held if leases.is_dead(row.owner) else held & late
        ended = leases.interrupted(lost, row.pk, row.attempts - row.crashes)
        recovered += ended == Status.QUEUED
        failed += ended == Status.FAILED
        if ended:
            log.warning("separation %s: attempt %d was lost", row.pk, row.attempts)
            # Of this attempt only: the next one may have begun by now.
            shutil.rmtree(settings.WORK_DIR / place(row.pk, row.attempts, row.owner), ignore_errors=True)
    spent = Separation.objects.filter(leases.spent(), status=Status.QUEUED)
    for pk in spent.values_list("pk", flat=True):
        failed += leases.fail(spent.filter(pk=pk), pk, "crashed", "no attempt is left")
    return recovered, failed


def _forget() -> int:
    """Cancel what waits or runs for nobody: no request, and no track left that could show it."""
    requests = SeparationRequest.objects.filter(separation=OuterRef("pk"))
    tracks = Track.objects.filter(audio=OuterRef("mixture"))
    return (
        Separation.objects.unfinished()
        .exclude(Exists(requests))
        .exclude(Exists(tracks))
        .update(status=Status.CANCELLED, owner="", lease_until=None, finished_at=Now())
    )


def ring(after: float) -> int:
    """Ring for rows that wait although their queue entry is gone: one ring per row and window.

    A ring wakes a worker for whatever comes next in turn, so it is enough that there are as many as rows.
    """
    waiting = Separation.objects.filter(leases.due(), status=Status.QUEUED)
    rings = OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__lte=timezone.now()).count()
    missing = waiting.count() - rings
    if missing <= 0:
        return 0
    silent = Q(rung_at=None) | Q(rung_at__lte=leases.from_now(seconds=-after))
    rung = 0
    for row in waiting.filter(silent).order_by("queued_at")[:missing]:
        with transaction.atomic():
            rows = waiting.filter(silent, pk=row.pk).update(rung_at=Now())
            if rows:
                leases.ring(row.pk)
        rung += rows
    return rung


def _tidy() -> None:
    """Remove old reports of the queue, and entries handed out so long ago that nobody has them any more."""
    Task.objects.filter(stopped__lt=timezone.now() - KEEP_TASKS).delete()
    handed_out = timezone.now() + timedelta(seconds=Conf.RETRY - settings.SEPARATION_TIMEOUT)
    OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__gt=timezone.now(), lock__lt=handed_out).delete()
