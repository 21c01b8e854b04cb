"""Every transition of a ``ModelInstallation``.

::

    (any but waiting, running) ──ask──> waiting ──claim──> running ──succeed──────────────────> installed
                                          ^                  │  └─advance─> running
                                          ├─────hand_back────┤
                                          ├─────fail─────────┼──fail, hopeless or too often───> failed
                                          ├─────recover──────┼──recover, the tenth time───────> failed
                                          │                  └──cancel, also from waiting─────> cancelled
    (installed, or its files are there) ──mark_removed──> removed

The habits are those of ``separation/lifecycle.py``: each transition is one conditional UPDATE, all times are database
times, and a ``Lease`` that is lost changes nothing any more. What has arrived stays on the disk through all of it but
``cancel`` and ``mark_removed``, so an attempt goes on where the last one stopped; ``attempts`` counts those since
something last arrived, and any progress begins a new count.
"""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

from accounts.models import User
from separation.display_names import texts
from separation.engines.descriptors import ModelSpec
from separation.lifecycle import due, from_now
from separation.models import ModelInstallation
from separation.queue import workers

State = ModelInstallation.State
UNFINISHED = (State.WAITING, State.RUNNING)
MAY_BE_ASKED = ~Q(state__in=UNFINISHED) | Q(state=State.WAITING, retry_at__isnull=False)
"""Where nothing is installed already: what waits for its next attempt may be asked for again, also from elsewhere."""

TASK = "separation.queue.worker.install"
PAUSES = (5.0, 15.0, 60.0, 180.0, 600.0)
"""Seconds before the next attempt after one that failed for a reason that may pass; then it is failed."""
MAX_INTERRUPTIONS = 10
TASK_LOST_SECONDS = 30.0

_UNOWNED: dict[str, Any] = {"owner": "", "lease_until": None}
_NO_ERROR: dict[str, Any] = {"error_code": "", "error_detail": ""}


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one installation, until ``settings.LEASE_SECONDS`` after the last ``advance``."""

    pk: UUID
    owner: str
    folder: str
    source: str
    attempts: int
    done_bytes: int

    @classmethod
    def of(cls, row: ModelInstallation) -> Self:
        """Return the lease under which ``row`` is running."""
        return cls(row.pk, row.owner, row.folder, row.source, row.attempts, row.done_bytes)

    def held(self) -> QuerySet[ModelInstallation]:
        """Find the row, as long as this lease still holds it."""
        return ModelInstallation.objects.filter(pk=self.pk, state=State.RUNNING, owner=self.owner)


def ask(spec: ModelSpec, source: str, user: User | None) -> ModelInstallation | None:
    """Queue the installation of ``spec``, whose licence ``user`` has accepted; None where it is on its way already."""
    with transaction.atomic():
        row, _created = ModelInstallation.objects.get_or_create(
            folder=spec.folder, defaults={"model": spec.slug, "state": State.REMOVED}
        )
        rows = ModelInstallation.objects.filter(MAY_BE_ASKED, pk=row.pk)
        changed = rows.update(
            model=spec.slug,
            state=State.WAITING,
            source=source,
            is_official=None,
            done_bytes=0,
            total_bytes=None,
            licence=texts(spec).licence,
            accepted_by=user,
            accepted_at=Now(),
            attempts=0,
            retry_at=None,
            finished_at=None,
            task_sent_at=Now(),
            **_UNOWNED,
            **_NO_ERROR,
        )
        if not changed:
            return None
        async_task(TASK)
    row.refresh_from_db()
    return row


def record(spec: ModelSpec, source: str, *, official: bool | None) -> None:
    """Store that ``spec`` was installed by a command, whose user accepted the licence."""
    ModelInstallation.objects.update_or_create(
        folder=spec.folder,
        defaults={
            "model": spec.slug,
            "state": State.INSTALLED,
            "source": source,
            "is_official": official,
            "licence": spec.licence,
            "accepted_by": None,
            "accepted_at": Now(),
            "finished_at": Now(),
            **_UNOWNED,
            **_NO_ERROR,
        },
    )


def claim_next() -> Lease | None:
    """Take the installation that has waited longest; None where none waits."""
    waiting = ModelInstallation.objects.filter(due(), state=State.WAITING)
    for pk in waiting.order_by("accepted_at").values_list("pk", flat=True):
        owner = workers.new_owner()
        claimed = ModelInstallation.objects.filter(due(), pk=pk, state=State.WAITING).update(
            state=State.RUNNING,
            owner=owner,
            attempts=F("attempts") + 1,
            lease_until=from_now(seconds=settings.LEASE_SECONDS),
            retry_at=None,
            **_NO_ERROR,
        )
        row = ModelInstallation.objects.filter(pk=pk, owner=owner).first() if claimed else None
        if row:
            return Lease.of(row)
    return None


def advance(lease: Lease, done: int, total: int | None) -> bool:
    """Renew the lease and store how much has arrived. False: cancelled or fenced; the work must stop."""
    arrived = {"attempts": 0} if done > lease.done_bytes else {}
    return bool(
        lease.held().update(
            done_bytes=done,
            total_bytes=total,
            lease_until=from_now(seconds=settings.LEASE_SECONDS),
            **arrived,
        )
    )


def hand_back(lease: Lease) -> bool:
    """Let it wait again without counting the attempt. Recovery wakes a worker."""
    before = max(lease.attempts - 1, 0)
    return bool(lease.held().update(state=State.WAITING, attempts=before, task_sent_at=None, **_UNOWNED))


def succeed(lease: Lease, size: int, *, official: bool | None) -> bool:
    """End the attempt as ``installed``, with so many bytes that arrived."""
    return bool(
        lease.held().update(
            state=State.INSTALLED,
            is_official=official,
            done_bytes=size,
            total_bytes=size,
            finished_at=Now(),
            attempts=0,
            **_UNOWNED,
        )
    )


def fail(lease: Lease, code: str, detail: str, *, retry: bool) -> bool:
    """End an attempt that failed. Where ``retry`` can help, it waits again, unless that has been so too often."""
    row = lease.held().first()
    if row is None:
        return False
    error = {"error_code": code, "error_detail": detail[-500:]}
    if not retry or row.attempts > len(PAUSES):
        return bool(lease.held().update(state=State.FAILED, finished_at=Now(), **_UNOWNED, **error))
    pause = PAUSES[max(row.attempts, 1) - 1]
    return bool(
        lease.held().update(
            state=State.WAITING,
            retry_at=from_now(seconds=pause),
            task_sent_at=None,
            **_UNOWNED,
            **error,
        )
    )


def cancel(row: ModelInstallation) -> bool:
    """Stop what is waiting or running; a running worker notices when it next advances."""
    rows = ModelInstallation.objects.filter(pk=row.pk, state__in=UNFINISHED)
    return bool(rows.update(state=State.CANCELLED, finished_at=Now(), **_UNOWNED, **_NO_ERROR))


def mark_removed(folder: str) -> None:
    """Store that the files of the models in ``folder`` were removed."""
    rows = ModelInstallation.objects.filter(folder=folder).exclude(state__in=UNFINISHED)
    rows.update(state=State.REMOVED, finished_at=Now(), **_NO_ERROR)


def with_other_weights() -> set[str]:
    """Return the folders of installed models whose files are known to be others than the official ones."""
    rows = ModelInstallation.objects.filter(state=State.INSTALLED, is_official=False)
    return set(rows.values_list("folder", flat=True))


def is_cancelled(lease: Lease) -> bool:
    """Whether it was stopped, and not taken over by another worker."""
    return ModelInstallation.objects.filter(pk=lease.pk, state=State.CANCELLED).exists()


def recover() -> int:
    """Let what lost its worker wait again, or fail it if that has happened too often; wake a worker for what waits.

    Returns how many rows had lost their worker.
    """
    lost = 0
    for row in ModelInstallation.objects.filter(state=State.RUNNING):
        lease = Lease.of(row)
        rows = lease.held()
        if not workers.is_dead(row.owner):
            rows = rows.filter(lease_until__lt=Now())
        if row.attempts >= MAX_INTERRUPTIONS:
            lost += rows.update(state=State.FAILED, error_code="interrupted", finished_at=Now(), **_UNOWNED)
        else:
            lost += rows.update(state=State.WAITING, task_sent_at=None, **_UNOWNED)
    _wake_workers()
    return lost


def _wake_workers() -> None:
    """Send a task again for what is due and may have lost it. Any task in the queue will do as well."""
    if OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__lte=timezone.now()).exists():
        return
    sent_long_ago = Q(task_sent_at=None) | Q(task_sent_at__lte=from_now(seconds=-TASK_LOST_SECONDS))
    waiting = ModelInstallation.objects.filter(due(), sent_long_ago, state=State.WAITING)
    with transaction.atomic():
        if waiting.update(task_sent_at=Now()):
            async_task(TASK)
