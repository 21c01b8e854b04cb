"""Who works on what: claim, heartbeat, give back. Every change is one conditional UPDATE in database time.

A claim makes a new ``owner`` and counts an attempt; together they fence the work: as soon as another worker
has the row, or nobody wants it any more, the old lease changes nothing. Time is always the database's, so
that the clocks of two machines cannot disagree about when a lease ends.
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

from separation import news
from separation.models import Separation, SeparationRequest, Status

MAX_ATTEMPTS = 3
DOORBELL = "separation.worker.run"
RECENTLY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one separation, until ``settings.LEASE_SECONDS`` after the last heartbeat."""

    separation_id: UUID
    owner: str
    attempt: int

    def held(self) -> QuerySet[Separation]:
        """The row, as long as this lease still holds it."""
        return Separation.objects.filter(
            pk=self.separation_id, status=Status.RUNNING, owner=self.owner, attempts=self.attempt
        )


def from_now(**delta: float) -> "ExpressionWrapper[Any]":
    """Database time plus (or minus) so many ``seconds=...``, ``days=...``."""
    return ExpressionWrapper(Now() + timedelta(**delta), output_field=DateTimeField())


def ring(separation: Separation) -> None:
    """Put the doorbell into the queue. Call it inside the transaction that makes the row ``queued``."""
    async_task(DOORBELL, str(separation.pk))


def claim(separation_id: "UUID | str") -> Lease | None:
    """Take the row if it waits, or if its lease ran out; None when somebody else has it."""
    owner = new_owner()
    waiting = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=Now())
    rows = Separation.objects.filter(waiting, pk=separation_id, attempts__lt=MAX_ATTEMPTS).update(
        status=Status.RUNNING,
        owner=owner,
        attempts=F("attempts") + 1,
        lease_until=from_now(seconds=settings.LEASE_SECONDS),
        started_at=Now(),
        finished_at=None,
        progress=0.0,
        segments=0,
        error_code="",
        error_detail="",
    )
    if not rows:
        return None
    row = Separation.objects.filter(pk=separation_id, owner=owner).values_list("pk", "attempts").first()
    return Lease(row[0], owner, row[1]) if row else None


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


def release(lease: Lease) -> bool:
    """Hand unfinished work back through no fault of its own: it waits again and no attempt is counted."""
    return bool(lease.held().update(**_waiting(), attempts=F("attempts") - 1, rung_at=None))


def give_up(lease: Lease, code: str, detail: str, *, retry: bool) -> bool:
    """End this attempt: back into the queue if ``retry`` can help and attempts are left, else ``failed``."""
    if retry and lease.attempt < MAX_ATTEMPTS:
        with transaction.atomic():
            rows = lease.held().update(
                **_waiting(), rung_at=Now(), error_code=code, error_detail=detail[-500:]
            )
            if rows:
                async_task(DOORBELL, str(lease.separation_id))
        return bool(rows)
    with transaction.atomic():
        rows = lease.held().update(**failed(code, detail))
        if rows:
            news.failed([lease.separation_id])
    return bool(rows)


def _waiting() -> dict[str, object]:
    # started_at stays: it tells when a worker last took this row, which the watchdog wants to know.
    return {"status": Status.QUEUED, "owner": "", "lease_until": None, "progress": 0.0, "segments": 0}


def failed(code: str, detail: str) -> dict[str, object]:
    """What an UPDATE writes to make a row ``failed`` for a reason."""
    return {
        "status": Status.FAILED,
        "owner": "",
        "lease_until": None,
        "finished_at": Now(),
        "error_code": code,
        "error_detail": detail[-500:],  # a traceback tells the most at its end
    }


def in_turn(*, held: bool = True) -> QuerySet[Separation]:
    """What waits, in the order in which it will be worked on.

    People take turns: everybody's first song comes before anybody's second, whoever was served least recently
    comes first, and then it is first come, first served. Who brings 200 songs does not hold up the others.
    What waits because so many songs of the same person are running already comes last; without ``held`` it is
    left out.
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
        Separation.objects.filter(status=Status.QUEUED, attempts__lt=MAX_ATTEMPTS)
        .annotate(asker=Subquery(requests.values("user")[:1], output_field=UUIDField(null=True)))
        .annotate(served=Subquery(served, output_field=DateTimeField(null=True)))
        .annotate(running=Coalesce(Subquery(running, output_field=IntegerField()), 0))
        .annotate(
            held=Case(
                When(running__gte=settings.RUNNING_PER_PERSON, then=True),
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

    What waits because its person has enough songs running is left alone.
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
