"""Every transition of a ``Separation``; no other module writes its status, owner, lease, counters or times.

::

    (new) ──queue──> queued ──claim──> running ──succeed────────────────────────> succeeded
                       ^                  │  └─extend─> running
                       ├─────hand_back────┤
                       ├─────fail─────────┼──fail, third crash or hopeless──────> failed
                       ├─────interrupt────┼──interrupt, the tenth───────────────> failed
                       │                  └──cancel, also from queued───────────> cancelled
                       ├─────queue────────── failed, cancelled
                       └─────requeue──────── all but running

Every transition is one conditional UPDATE that names the state it leaves: a caller that changes no row has lost the
race and stops. The row is the truth; the queue of django-q2 only wakes workers up (``wake_worker``).

A claim sets a new ``owner`` and counts an attempt; together they fence the work: as soon as another worker has the
row, or the work is cancelled, the old ``Lease`` changes nothing. All times are database times, so that the clocks of
two machines cannot disagree about when a lease ends.

An attempt that does not succeed either failed or was interrupted. It *failed* when its separator process died or
stalled after it had taken the song, or the work raised an error: the worker lives on and counts it in ``crashes``; the
third ends the separation. It was *interrupted* when the worker itself was killed, or the separator never took the
song. A restart, an administrator or a power cut causes that much more often than the song does; but a song may also
exhaust the memory so that its worker is killed each time, and no process survives to tell. Hence interruptions
(``attempts`` less ``crashes``) are limited as well, to ten, with ever longer pauses that add up to more than half an
hour: a few minutes with kills every few seconds end no song, and a song that kills its worker each time still ends as
``failed``. The last attempt after two crashes also waits, so that an external cause, such as another program
that took the memory, has time to pass.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now
from django_q.tasks import async_task

from accounts.models import User
from separation.models import Separation, SeparationQuerySet, Status
from separation.queue import notifications, workers

MAX_CRASHES = 3
CRASH_PAUSES = (0.0, 120.0)
"""Seconds before the next attempt, after the first crash and after the second."""
INTERRUPTION_PAUSES = (0.0, 0.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0)
"""The same after each interruption."""
MAX_INTERRUPTIONS = len(INTERRUPTION_PAUSES) + 1
WORKER_TASK = "separation.queue.worker.run"

_UNOWNED: dict[str, Any] = {"owner": "", "lease_until": None}
_NO_PROGRESS: dict[str, Any] = {"progress": 0.0, "segments": 0}
_NO_ERROR: dict[str, Any] = {"error_code": "", "error_detail": ""}


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one separation, until ``settings.LEASE_SECONDS`` after the last extension."""

    separation_id: UUID
    owner: str
    attempt: int
    crashes: int = 0
    """How many attempts crashed before this one."""

    @classmethod
    def of(cls, row: Separation) -> Self:
        """Return the lease under which ``row`` is running."""
        return cls(row.pk, row.owner, row.attempts, row.crashes)

    @property
    def interruptions(self) -> int:
        """Count the interrupted attempts, if this one is."""
        return self.attempt - self.crashes

    def held(self) -> QuerySet[Separation]:
        """Find the row, as long as this lease still holds it."""
        return Separation.objects.filter(
            pk=self.separation_id, status=Status.RUNNING, owner=self.owner, attempts=self.attempt
        )


# Conditions ------------------------------------------------------------------------------------------------------


def expired() -> Q:
    """Find running rows whose lease has ended."""
    return Q(status=Status.RUNNING, lease_until__lt=Now())


def due() -> Q:
    """Find rows that do not pause between two attempts."""
    return Q(retry_at=None) | Q(retry_at__lte=Now())


def exhausted() -> Q:
    """Find rows without an attempt left."""
    return Q(crashes__gte=MAX_CRASHES) | Q(attempts__gte=F("crashes") + MAX_INTERRUPTIONS)


def from_now(**delta: float) -> "ExpressionWrapper[Any]":
    """Return database time plus (or minus) so many ``seconds=...``, ``days=...``."""
    return ExpressionWrapper(Now() + timedelta(**delta), output_field=DateTimeField())


# Into the queue --------------------------------------------------------------------------------------------------


def queue(separation: Separation, by: User | None = None) -> bool:
    """Queue what is new, failed or cancelled, for the account ``by``; False when it is waiting, running or done."""
    return _queue(separation.pk, Q(status__in=[Status.FAILED, Status.CANCELLED]) | Q(queued_at=None), by)


def requeue(separation: Separation) -> bool:
    """Queue it again from the start, even what succeeded (its stems stay until they are replaced)."""
    return _queue(separation.pk, ~Q(status=Status.RUNNING))


def _queue(pk: UUID, state: Q, by: User | None = None) -> bool:
    with transaction.atomic():
        rows = Separation.objects.filter(state, pk=pk).update(
            status=Status.QUEUED,
            attempts=0,
            crashes=0,
            retry_at=None,
            queued_at=Now(),
            queued_by=by,
            task_sent_at=Now(),
            started_at=None,
            finished_at=None,
            **_UNOWNED,
            **_NO_PROGRESS,
            **_NO_ERROR,
        )
        if rows:
            wake_worker(pk)
    return bool(rows)


def wake_worker(separation_id: UUID) -> None:
    """Put a task into django-q2's queue. Call it inside the transaction that makes the row ``queued``."""
    async_task(WORKER_TASK, str(separation_id))


def wake_worker_again(separation_id: UUID, state: Q) -> bool:
    """Wake a worker again for a row that still waits in ``state`` although its task may be lost."""
    with transaction.atomic():
        waiting = Separation.objects.filter(state, pk=separation_id, status=Status.QUEUED)
        rows = waiting.update(task_sent_at=Now())
        if rows:
            wake_worker(separation_id)
    return bool(rows)


# At work ---------------------------------------------------------------------------------------------------------


def claim(separation_id: "UUID | str") -> Lease | None:
    """Take the row if it waits, or if its lease ran out; None when another worker has it."""
    owner = workers.new_owner()
    rows = Separation.objects.filter(
        Q(status=Status.QUEUED) | expired(), ~exhausted(), pk=separation_id
    ).update(
        status=Status.RUNNING,
        owner=owner,
        attempts=F("attempts") + 1,
        lease_until=from_now(seconds=settings.LEASE_SECONDS),
        started_at=Now(),
        retry_at=None,
        finished_at=None,
        **_NO_PROGRESS,
        **_NO_ERROR,
    )
    row = Separation.objects.filter(pk=separation_id, owner=owner).first() if rows else None
    return Lease.of(row) if row else None


def extend(lease: Lease, progress: float, segments: int = 0) -> bool:
    """Renew the lease; store the progress (0..1) and how many segments can be heard already.

    False: cancelled or fenced; the work must stop.
    """
    return bool(
        lease.held().update(
            progress=min(max(progress, 0.0), 1.0),
            segments=segments,
            lease_until=from_now(seconds=settings.LEASE_SECONDS),
        )
    )


def hand_back(lease: Lease, pause: float = 0.0) -> bool:
    """Queue unfinished work again, in ``pause`` seconds at the earliest, without counting the attempt.

    No worker is woken: recovery does that for rows that wait without a task.
    """
    return bool(
        lease.held().update(
            **_waiting_again(pause), attempts=F("attempts") - 1, task_sent_at=None, **_NO_PROGRESS
        )
    )


def succeed(lease: Lease, gain: float) -> bool:
    """End the attempt as ``succeeded``. Call it inside the transaction that writes the stems."""
    return bool(
        lease.held().update(status=Status.SUCCEEDED, progress=1.0, gain=gain, finished_at=Now(), **_UNOWNED)
    )


def fail(lease: Lease, code: str, detail: str, *, retry: bool) -> bool:
    """End an attempt that failed. Where ``retry`` can help it counts as a crash, and the row waits again unless that
    was the third one; else it is ``failed``."""
    crashes = lease.crashes + retry
    if not retry or crashes >= MAX_CRASHES:
        return _failed(lease.held(), lease.separation_id, code, detail, crashes=crashes)
    return _retried(
        lease.held(), lease.separation_id, CRASH_PAUSES[crashes - 1], code, detail, crashes=crashes
    )


def interrupt(lease: Lease, *, only_expired: bool = False) -> Status | None:
    """End an attempt that was interrupted; what becomes of the row, or None when ``lease`` no longer holds it.

    ``only_expired`` spares a lease that has not run out.
    """
    held = lease.held().filter(expired()) if only_expired else lease.held()
    if lease.interruptions >= MAX_INTERRUPTIONS:
        detail = f"the worker ended {lease.interruptions} times while it had this song"
        return Status.FAILED if _failed(held, lease.separation_id, "interrupted", detail) else None
    pause = INTERRUPTION_PAUSES[max(lease.interruptions, 1) - 1]
    retried = _retried(held, lease.separation_id, pause, "interrupted", "")
    return Status.QUEUED if retried else None


def fail_exhausted() -> int:
    """End what waits without an attempt left; how many rows that were."""
    rows = Separation.objects.filter(exhausted(), status=Status.QUEUED)
    return sum(
        _failed(rows.filter(pk=pk), pk, "crashed", "no attempt is left")
        for pk in rows.values_list("pk", flat=True)
    )


def cancel(separation: Separation) -> bool:
    """Stop unfinished work, whoever wants it; a running worker notices when it next extends its lease."""
    return bool(cancel_all(Separation.objects.filter(pk=separation.pk)))


def cancel_all(rows: SeparationQuerySet) -> int:
    """Stop those of ``rows`` that are unfinished; how many these were."""
    return rows.unfinished().update(status=Status.CANCELLED, finished_at=Now(), **_UNOWNED)


def _waiting_again(pause: float) -> dict[str, Any]:
    # started_at stays: it tells when a worker last took this row, which the supervisor watches.
    retry_at = from_now(seconds=pause) if pause else None
    return {"status": Status.QUEUED, "retry_at": retry_at, **_UNOWNED}


def _failed(rows: QuerySet[Separation], pk: UUID, code: str, detail: str, **changes: int) -> bool:
    """End the row ``pk`` if ``rows`` still finds it, and notify everyone who asked for it."""
    with transaction.atomic():
        changed = rows.update(
            status=Status.FAILED,
            finished_at=Now(),
            error_code=code,
            error_detail=detail[-500:],  # a traceback tells the most at its end
            **_UNOWNED,
            **changes,
        )
        if changed:
            notifications.failed([pk])
    return bool(changed)


def _retried(
    rows: QuerySet[Separation], pk: UUID, pause: float, code: str, detail: str, **changes: int
) -> bool:
    """Queue the row ``pk``, if ``rows`` still finds it, for an attempt in ``pause`` seconds, and wake a worker."""
    with transaction.atomic():
        changed = rows.update(
            **_waiting_again(pause),
            task_sent_at=None if pause else Now(),  # recovery wakes a worker when the pause is over
            error_code=code,
            error_detail=detail[-500:],
            **_NO_PROGRESS,
            **changes,
        )
        if changed:
            wake_worker(pk)
    return bool(changed)
