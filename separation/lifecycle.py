"""Who works on what: claim, heartbeat, give back. Every change is one conditional UPDATE in database time.

A claim makes a new ``owner`` and counts an attempt; together they fence the work: as soon as another worker
has the row, or nobody wants it any more, the old lease changes nothing. Time is always the database's, so
that the clocks of two machines cannot disagree about when a lease ends.

An attempt that does not succeed is one of two things. Either it failed by itself: its own separator process died
or stalled after it had taken the song, or the work raised an error. The worker lives on and writes that down in
``crashes``; three of these are the end. Or it was interrupted: nobody wrote anything down, because the worker itself
was killed, with or without the rest of the machine, or the separator never took the song. A restart, an
administrator or a power cut did that much more often than the song, so it says little about the song. But a song may
also exhaust the memory so that the worker is killed each time, and nothing that survives could tell. Hence
interruptions (``attempts`` less ``crashes``) are bounded as well, at ten, and each one after the second is followed by
a longer pause, so that ten of them take more than half an hour: a few minutes with kills every few seconds end no
song, and one that kills its worker each time still ends as ``failed``. The last attempt after two crashes also waits,
so that what killed the separator from outside, such as another program that took the memory, has time to pass.
"""

import hashlib
import os
import secrets
import socket
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import (
    BooleanField,
    Case,
    Count,
    DateTimeField,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Now, RowNumber
from django_q.tasks import async_task

from separation.models import Separation, SeparationRequest, Status
from separation.queue import notifications

MAX_ATTEMPTS = 3
"""So many may crash."""
CRASH_PAUSES = (0.0, 120.0)
"""Seconds before another attempt, after the first crash and after the second."""
INTERRUPTION_PAUSES = (0.0, 0.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0)
"""The same after each interruption."""
MAX_INTERRUPTIONS = len(INTERRUPTION_PAUSES) + 1
NO_ROOM_PAUSE = 15.0
"""The same while the disk has no room for the stems, which counts as no attempt."""
DOORBELL = "separation.queue.worker.run"
RECENTLY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one separation, until ``settings.LEASE_SECONDS`` after the last heartbeat."""

    separation_id: UUID
    owner: str
    attempt: int
    crashes: int = 0
    """How many attempts crashed before this one."""

    def held(self) -> QuerySet[Separation]:
        """The row, as long as this lease still holds it."""
        return Separation.objects.filter(
            pk=self.separation_id, status=Status.RUNNING, owner=self.owner, attempts=self.attempt
        )


def due() -> Q:
    """Rows that do not pause between two attempts."""
    return Q(retry_at=None) | Q(retry_at__lte=Now())


def from_now(**delta: float) -> "ExpressionWrapper[Any]":
    """Database time plus (or minus) so many ``seconds=...``, ``days=...``."""
    return ExpressionWrapper(Now() + timedelta(**delta), output_field=DateTimeField())


def spent() -> Q:
    """Rows that may not be tried again."""
    return Q(crashes__gte=MAX_ATTEMPTS) | Q(attempts__gte=F("crashes") + MAX_INTERRUPTIONS)


def ring(separation_id: UUID) -> None:
    """Put the doorbell into the queue. Call it inside the transaction that makes the row ``queued``."""
    async_task(DOORBELL, str(separation_id))


def claim(separation_id: "UUID | str") -> Lease | None:
    """Take the row if it waits, or if its lease ran out; None when somebody else has it."""
    owner = new_owner()
    waiting = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=Now())
    rows = Separation.objects.filter(waiting, ~spent(), pk=separation_id).update(
        status=Status.RUNNING,
        owner=owner,
        attempts=F("attempts") + 1,
        lease_until=from_now(seconds=settings.LEASE_SECONDS),
        started_at=Now(),
        retry_at=None,
        finished_at=None,
        progress=0.0,
        segments=0,
        error_code="",
        error_detail="",
    )
    if not rows:
        return None
    row = Separation.objects.filter(pk=separation_id, owner=owner).first()
    return Lease(row.pk, owner, row.attempts, row.crashes) if row else None


def heartbeat(lease: Lease, progress: float, segments: int = 0) -> bool:
    """Keep the lease and tell how far the work is (0..1), and how many segments can be heard already.

    False: cancelled or fenced; the work must stop.
    """
    return bool(
        lease.held().update(
            progress=min(max(progress, 0.0), 1.0),
            segments=segments,
            lease_until=from_now(seconds=settings.LEASE_SECONDS),
        )
    )


def release(lease: Lease, pause: float = 0.0) -> bool:
    """Hand unfinished work back through no fault of its own: it waits again, ``pause`` seconds at least, and no
    attempt is counted."""
    retry_at = from_now(seconds=pause) if pause else None
    return bool(
        lease.held().update(**_waiting(), attempts=F("attempts") - 1, retry_at=retry_at, rung_at=None)
    )


def give_up(lease: Lease, code: str, detail: str, *, retry: bool) -> bool:
    """End an attempt that failed by itself. Where ``retry`` can help, that is a crash, and the row waits again unless
    it was the third one; else it is ``failed``."""
    crashes = lease.crashes + retry
    if not retry or crashes >= MAX_ATTEMPTS:
        return fail(lease.held(), lease.separation_id, code, detail, crashes=crashes)
    return _try_again(
        lease.held(), lease.separation_id, CRASH_PAUSES[crashes - 1], code, detail, crashes=crashes
    )


def interrupted(held: QuerySet[Separation], pk: UUID, interruptions: int) -> Status | None:
    """End an attempt that was interrupted, if ``held`` still finds its row ``pk``; what becomes of the row.

    ``interruptions`` counts this one.
    """
    if interruptions >= MAX_INTERRUPTIONS:
        detail = f"the worker ended {interruptions} times while it had this song"
        return Status.FAILED if fail(held, pk, "interrupted", detail) else None
    pause = INTERRUPTION_PAUSES[max(interruptions, 1) - 1]
    return Status.QUEUED if _try_again(held, pk, pause, "interrupted", "") else None


def fail(held: QuerySet[Separation], pk: UUID, code: str, detail: str, **changes: object) -> bool:
    """End the row that ``held`` still finds, for a reason, and tell who waits for it."""
    with transaction.atomic():
        rows = held.update(
            status=Status.FAILED,
            owner="",
            lease_until=None,
            finished_at=Now(),
            error_code=code,
            error_detail=detail[-500:],  # a traceback tells the most at its end
            **changes,
        )
        if rows:
            notifications.failed([pk])
    return bool(rows)


def _try_again(
    held: QuerySet[Separation], pk: UUID, pause: float, code: str, detail: str, **changes: object
) -> bool:
    """Queue the row that ``held`` still finds, for an attempt in ``pause`` seconds, and ring."""
    with transaction.atomic():
        rows = held.update(
            **_waiting(),
            retry_at=from_now(seconds=pause) if pause else None,
            rung_at=None if pause else Now(),  # the sweep rings when the pause is over
            error_code=code,
            error_detail=detail[-500:],
            **changes,
        )
        if rows:
            ring(pk)
    return bool(rows)


def _waiting() -> dict[str, object]:
    # started_at stays: it tells when a worker last took this row, which the watchdog wants to know.
    return {"status": Status.QUEUED, "owner": "", "lease_until": None, "progress": 0.0, "segments": 0}


def in_turn(*, held: bool = True) -> QuerySet[Separation]:
    """What waits, in the order in which it will be worked on.

    People take turns: everybody's first song comes before anybody's second, whoever was served least recently
    comes first, and then it is first come, first served. Who brings 200 songs does not hold up the others.
    What waits because so many songs of the same person are running already, or because it pauses between two
    attempts, comes last; without ``held`` it is left out.
    """
    running = (
        Separation.objects.filter(status=Status.RUNNING, requests__user=OuterRef("asker"))
        .order_by()
        .values("requests__user")
        .annotate(count=Count("pk"))
        .values("count")
    )
    requests = SeparationRequest.objects.filter(separation=OuterRef("pk")).order_by("created_at")
    served = (
        Separation.objects.filter(
            requests__user=OuterRef("asker"), started_at__gt=from_now(seconds=-RECENTLY.total_seconds())
        )
        .order_by()
        .values("requests__user")
        .annotate(last=Max("started_at"))
        .values("last")
    )
    rows = (
        Separation.objects.filter(~spent(), status=Status.QUEUED)
        .annotate(asker=Subquery(requests.values("user")[:1], output_field=UUIDField(null=True)))
        .annotate(served=Subquery(served, output_field=DateTimeField(null=True)))
        .annotate(running=Coalesce(Subquery(running, output_field=IntegerField()), 0))
        .annotate(
            held=Case(
                When(running__gte=settings.RUNNING_PER_PERSON, then=True),
                When(retry_at__gt=Now(), then=True),
                default=False,
                output_field=BooleanField(),
            ),
            turn=Window(RowNumber(), partition_by=F("asker"), order_by=[F("queued_at").asc(), F("pk").asc()]),
        )
        .order_by("held", "turn", F("served").asc(nulls_first=True), "queued_at", "pk")
    )
    return rows if held else rows.filter(held=False)


def claim_next(preferred: "UUID | str | None" = None) -> Lease | None:
    """Take the row whose turn it is; one that lost its worker (``preferred``) is taken when nothing waits.

    What waits because its person has enough songs running, or because it pauses, is left alone.
    """
    for pk in in_turn(held=False).values_list("pk", flat=True)[:20]:
        lease = claim(pk)
        if lease:
            return lease
    if preferred is None or in_turn().filter(pk=preferred).exists():
        return None
    return claim(preferred)


# Which process an owner is ----------------------------------------------------------------------------------


def new_owner() -> str:
    """A name for this process and this one claim."""
    return f"{here()}/{os.getpid()}/{_started(os.getpid()) or 0}/{secrets.token_hex(4)}"


@cache
def here() -> str:
    """Names this process table: the same for all processes that see each other's ids."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        table = f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        table = secrets.token_hex(16)  # cannot be told apart, so nobody may conclude anything from it
    host = "".join(c for c in socket.gethostname() if c.isalnum() or c in "-.")[:20]
    return f"{hashlib.sha256(table.encode()).hexdigest()[:12]}@{host}"


def _started(pid: int) -> int | None:
    """When process ``pid`` started, in clock ticks since boot; None when there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def busy_workers() -> set[str]:
    """The processes of all machines that are separating something; one may have two songs in work."""
    owners = Separation.objects.filter(status=Status.RUNNING).values_list("owner", flat=True)
    return {owner.rpartition("/")[0] for owner in owners}


def is_dead(owner: str) -> bool:
    """Whether the process behind ``owner`` certainly no longer exists. False also means: cannot be known."""
    node, _, rest = owner.partition("/")
    if not rest or node != here() or _started(os.getpid()) is None:
        return False
    pid, started, _nonce = rest.split("/")
    return started != "0" and _started(int(pid)) != int(started)
