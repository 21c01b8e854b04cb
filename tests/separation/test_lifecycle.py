"""Transitions of a separation: which state each leaves, what it writes, who loses a race."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import User
from separation import lifecycle
from separation.error_messages import explain
from separation.lifecycle import CRASH_PAUSES, MAX_CRASHES, Lease
from separation.models import Separation, Status
from separation.queue.scheduling import claim_next
from tests.catalog.races import at_once
from tests.factories import make_queued, make_separation, make_track


@pytest.fixture
def waiting(user: User) -> Separation:
    return make_queued(user)


def claimed(separation: Separation) -> Lease:
    lease = lifecycle.claim(separation.pk)
    assert lease is not None
    return lease


def expire(separation: Separation) -> None:
    Separation.objects.filter(pk=separation.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_claim_takes_row_and_counts_attempt(waiting: Separation) -> None:
    lease = claimed(waiting)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.owner, waiting.attempts) == (Status.RUNNING, lease.owner, lease.attempt)
    assert lease.attempt == 1
    assert waiting.lease_until is not None
    assert timedelta(seconds=80) < waiting.lease_until - timezone.now() < timedelta(seconds=100)
    assert lifecycle.claim(waiting.pk) is None, "it is taken"


@pytest.mark.django_db(transaction=True)
def test_claim_by_twenty_at_once_has_one_winner(waiting: Separation) -> None:
    won = [lease for lease in at_once(20, lambda _n: lifecycle.claim(waiting.pk)) if lease is not None]
    assert len(won) == 1
    waiting.refresh_from_db()
    assert (waiting.owner, waiting.attempts) == (won[0].owner, 1)


def test_claim_of_expired_lease_fences_the_old_one(waiting: Separation) -> None:
    old = claimed(waiting)
    expire(waiting)
    new = claimed(waiting)
    assert new.attempt == 2
    before = Separation.objects.values().get(pk=waiting.pk)
    assert not lifecycle.extend(old, 0.5)
    assert not lifecycle.hand_back(old)
    assert not lifecycle.fail(old, "crashed", "too late", retry=True)
    assert not lifecycle.fail(old, "damaged", "too late", retry=False)
    assert lifecycle.interrupt(old) is None
    assert not lifecycle.succeed(old, 1.0)
    assert Separation.objects.values().get(pk=waiting.pk) == before
    assert lifecycle.extend(new, 0.5)


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED])
def test_claim_of_finished_row_is_refused(user: User, status: Status) -> None:
    assert lifecycle.claim(make_separation(make_track(user), status=status).pk) is None


def test_extend_keeps_lease_until_cancelled(waiting: Separation) -> None:
    lease = claimed(waiting)
    expire(waiting)
    assert lifecycle.extend(lease, 0.25)
    waiting.refresh_from_db()
    assert waiting.progress == 0.25
    assert lifecycle.claim(waiting.pk) is None
    lifecycle.cancel(waiting)
    assert not lifecycle.extend(lease, 0.5)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.progress) == (Status.CANCELLED, 0.25)


def test_hand_back_counts_no_attempt(waiting: Separation) -> None:
    assert lifecycle.hand_back(claimed(waiting))
    waiting.refresh_from_db()
    assert (waiting.status, waiting.attempts, waiting.task_sent_at) == (Status.QUEUED, 0, None)


def test_fail_with_retry_ends_after_three_crashes(waiting: Separation) -> None:
    OrmQ.objects.all().delete()
    for attempt in range(1, MAX_CRASHES + 1):
        lease = claimed(waiting)
        assert lease.attempt == attempt
        assert lifecycle.fail(lease, "too_big", "3 GB needed", retry=True)
        waiting.refresh_from_db()
    assert (waiting.status, waiting.error_code, waiting.error_detail) == (
        Status.FAILED,
        "too_big",
        "3 GB needed",
    )
    assert waiting.finished_at is not None
    assert OrmQ.objects.count() == MAX_CRASHES - 1, "a task was sent for each further attempt"
    assert lifecycle.claim(waiting.pk) is None


def test_fail_with_retry_pauses_before_last_attempt(waiting: Separation) -> None:
    for pause in CRASH_PAUSES:
        assert lifecycle.fail(claimed(waiting), "crashed", "SIGKILL", retry=True)
        waiting.refresh_from_db()
        rest = (waiting.retry_at - timezone.now()).total_seconds() if waiting.retry_at else 0.0
        assert pause - 20 < rest <= pause
        lease = claim_next(waiting.pk)
        assert (lease is None) == (pause > 0)
        if lease:
            assert lifecycle.hand_back(lease)


def test_fail_without_retry_ends_at_once(waiting: Separation) -> None:
    assert lifecycle.fail(claimed(waiting), "damaged", "no sync word", retry=False)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.attempts, waiting.error_code) == (Status.FAILED, 1, "damaged")


def test_interrupt_of_expired_lease_spares_a_living_one(waiting: Separation) -> None:
    lease = claimed(waiting)
    assert lifecycle.interrupt(lease, only_expired=True) is None
    expire(waiting)
    assert lifecycle.interrupt(lease, only_expired=True) == Status.QUEUED


@pytest.mark.parametrize(
    ("transition", "states"),
    [
        (lifecycle.queue, {Status.FAILED, Status.CANCELLED}),
        (lifecycle.requeue, set(Status) - {Status.RUNNING}),
        (lifecycle.cancel, {Status.QUEUED, Status.RUNNING}),
    ],
)
@pytest.mark.parametrize("status", Status)
def test_transition_changes_only_rows_in_its_states(
    user: User, transition: Callable[[Separation], bool], states: set[Status], status: Status
) -> None:
    row = make_separation(make_track(user), status=status)
    before = Separation.objects.values().get()
    assert transition(row) is (status in states)
    assert (Separation.objects.values().get() != before) is (status in states)


def test_cancel_and_requeue_by_administrator(waiting: Separation) -> None:
    assert lifecycle.cancel(waiting)
    assert not lifecycle.cancel(waiting)
    assert lifecycle.requeue(waiting)
    assert lifecycle.claim(waiting.pk) is not None
    assert not lifecycle.requeue(waiting), "it is being worked on"
    assert lifecycle.cancel(waiting)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.owner, waiting.lease_until) == (Status.CANCELLED, "", None)


def test_explain_only_failed_rows(waiting: Separation) -> None:
    assert lifecycle.fail(claimed(waiting), "crashed", "killed by SIGKILL", retry=True)
    waiting.refresh_from_db()
    assert explain(waiting) == ""
    assert lifecycle.fail(claimed(waiting), "too_big", "3 GB needed", retry=False)
    waiting.refresh_from_db()
    assert "memory" in explain(waiting)
    waiting.error_code = "a code of tomorrow"
    assert explain(waiting) == "3 GB needed"
