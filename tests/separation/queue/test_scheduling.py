"""Which separation comes next."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from separation.lifecycle import claim
from separation.models import Separation, Status
from separation.queue.scheduling import claim_next, in_order
from tests.factories import make_queued


def order() -> list[UUID]:
    return [row.pk for row in in_order()]


def claimed(preferred: UUID | None = None) -> UUID | None:
    lease = claim_next(preferred)
    return lease.separation_id if lease else None


def test_in_order_lets_accounts_take_turns(user: User, other: User) -> None:
    mine = [make_queued(user).pk for _ in range(3)]
    theirs = make_queued(other).pk
    assert order() == [mine[0], theirs, mine[1], mine[2]]
    assert claimed() == mine[0]
    assert order() == [theirs, mine[1], mine[2]], "the account that was not served yet comes first"


def test_in_order_forgets_who_was_served_long_ago(user: User, other: User) -> None:
    served = make_queued(user)
    mine, theirs = make_queued(user).pk, make_queued(other).pk
    started = timezone.now() - timedelta(minutes=30)
    Separation.objects.filter(pk=served.pk).update(status=Status.SUCCEEDED, started_at=started)
    assert order() == [theirs, mine]
    started = timezone.now() - timedelta(hours=2)
    Separation.objects.filter(pk=served.pk).update(started_at=started)
    assert order() == [mine, theirs]


def test_in_order_holds_rows_of_account_with_enough_running(user: User, other: User, settings: Any) -> None:
    settings.RUNNING_PER_PERSON = 2
    mine = [make_queued(user).pk for _ in range(4)]
    for pk in mine[:2]:
        assert claim(pk)
    theirs = [make_queued(other).pk for _ in range(2)]
    assert order() == [*theirs, *mine[2:]]
    assert [row.held for row in in_order()] == [False, False, True, True]
    assert [claimed(mine[2]), claimed(mine[2])] == theirs
    assert claimed(mine[2]) is None, "a task that names it does not let it through"
    Separation.objects.filter(pk=mine[0]).update(status=Status.SUCCEEDED)
    assert claimed() == mine[2]


def test_paused_row_lets_others_go_first(user: User, other: User) -> None:
    paused, mine, theirs = make_queued(user).pk, make_queued(user).pk, make_queued(other).pk
    Separation.objects.filter(pk=paused).update(retry_at=timezone.now() + timedelta(minutes=1))
    assert order() == [mine, theirs, paused]
    assert [claimed(paused), claimed(paused)] == [mine, theirs]
    assert claimed(paused) is None
    Separation.objects.filter(pk=paused).update(retry_at=timezone.now())
    assert claimed() == paused


def test_claim_next_takes_lost_row_when_nothing_waits(user: User) -> None:
    lost = make_queued(user)
    assert claim(lost.pk)
    assert claimed(lost.pk) is None
    Separation.objects.filter(pk=lost.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert claimed(lost.pk) == lost.pk
