import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import User
from separation import lifecycle as leases
from separation.error_messages import explain
from separation.lifecycle import (
    CRASH_PAUSES,
    MAX_ATTEMPTS,
    Lease,
    claim,
    claim_next,
    give_up,
    heartbeat,
    is_dead,
    release,
)
from separation.models import Separation, Status
from separation.queue.requests import ask, cancel
from tests.catalog.races import at_once
from tests.factories import make_track


@pytest.fixture
def waiting(user: User) -> Separation:
    return ask(make_track(user), None, user).separation


def claimed(separation: Separation) -> Lease:
    lease = claim(separation.pk)
    assert lease is not None
    return lease


def expire(separation: Separation) -> None:
    Separation.objects.filter(pk=separation.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_claim_takes_the_row_and_counts(waiting: Separation) -> None:
    lease = claimed(waiting)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.owner, waiting.attempts) == (Status.RUNNING, lease.owner, lease.attempt)
    assert lease.attempt == 1
    assert waiting.lease_until is not None
    assert timedelta(seconds=80) < waiting.lease_until - timezone.now() < timedelta(seconds=100)
    assert claim(waiting.pk) is None, "it is taken"


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_claim_at_once_one_wins(waiting: Separation) -> None:
    leases_won = [lease for lease in at_once(20, lambda _n: claim(waiting.pk)) if lease is not None]
    assert len(leases_won) == 1
    waiting.refresh_from_db()
    assert (waiting.owner, waiting.attempts) == (leases_won[0].owner, 1)


def test_an_expired_lease_can_be_taken_and_the_old_one_changes_nothing(waiting: Separation) -> None:
    old = claimed(waiting)
    expire(waiting)
    new = claimed(waiting)
    assert new.attempt == 2
    before = Separation.objects.values().get(pk=waiting.pk)
    assert not heartbeat(old, 0.5)
    assert not release(old)
    assert not give_up(old, "crashed", "too late", retry=True)
    assert not give_up(old, "damaged", "too late", retry=False)
    assert Separation.objects.values().get(pk=waiting.pk) == before
    assert heartbeat(new, 0.5)


def test_a_heartbeat_keeps_the_lease_until_the_work_is_cancelled(waiting: Separation) -> None:
    lease = claimed(waiting)
    expire(waiting)
    assert heartbeat(lease, 0.25)
    waiting.refresh_from_db()
    assert waiting.progress == 0.25
    assert claim(waiting.pk) is None
    cancel(waiting)
    assert not heartbeat(lease, 0.5)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.progress) == (Status.CANCELLED, 0.25)


def test_work_handed_back_counts_no_attempt(waiting: Separation) -> None:
    assert release(claimed(waiting))
    waiting.refresh_from_db()
    assert (waiting.status, waiting.attempts, waiting.rung_at) == (Status.QUEUED, 0, None)


def test_what_can_help_is_tried_three_times(waiting: Separation) -> None:
    OrmQ.objects.all().delete()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        lease = claimed(waiting)
        assert lease.attempt == attempt
        assert give_up(lease, "too_big", "3 GB needed", retry=True)
        waiting.refresh_from_db()
    assert (waiting.status, waiting.error_code, waiting.error_detail) == (
        Status.FAILED,
        "too_big",
        "3 GB needed",
    )
    assert waiting.finished_at is not None
    assert OrmQ.objects.count() == MAX_ATTEMPTS - 1, "each further attempt was rung for"
    assert claim(waiting.pk) is None


def test_the_last_attempt_after_crashes_waits(waiting: Separation) -> None:
    for pause in CRASH_PAUSES:
        assert give_up(claimed(waiting), "crashed", "SIGKILL", retry=True)
        waiting.refresh_from_db()
        rest = (waiting.retry_at - timezone.now()).total_seconds() if waiting.retry_at else 0.0
        assert pause - 20 < rest <= pause
        assert (claim_next(waiting.pk) is None) == (pause > 0)
        release_all()


def release_all() -> None:
    """Whoever has taken something gives it back."""
    Separation.objects.filter(status=Status.RUNNING).update(
        status=Status.QUEUED, owner="", attempts=F("attempts") - 1
    )


def test_what_cannot_help_is_not_tried_again(waiting: Separation) -> None:
    assert give_up(claimed(waiting), "damaged", "no sync word", retry=False)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.attempts, waiting.error_code) == (Status.FAILED, 1, "damaged")


def test_whether_an_owner_lives() -> None:
    assert not is_dead(leases.new_owner())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = leases._started(child.pid)
    owner = f"{leases.here()}/{child.pid}/{started}/abcd"
    assert not is_dead(owner)
    child.communicate(b"\n")
    assert is_dead(owner)
    assert is_dead(f"{leases.here()}/{os.getpid()}/1/abcd"), "another process with the same number"
    assert not is_dead(f"0123456789ab@elsewhere/{child.pid}/{started}/abcd"), "nobody can know from here"
    assert not is_dead("")


def test_a_reason_is_given_for_what_failed_only(waiting: Separation) -> None:
    assert give_up(claimed(waiting), "crashed", "killed by SIGKILL", retry=True)
    waiting.refresh_from_db()
    assert explain(waiting) == ""
    assert give_up(claimed(waiting), "too_big", "3 GB needed", retry=False)
    waiting.refresh_from_db()
    assert "memory" in explain(waiting)
    waiting.error_code = "a code of tomorrow"
    assert explain(waiting) == "3 GB needed"
