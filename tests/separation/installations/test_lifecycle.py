"""The row of an installation: who may work on it, and what becomes of it when a worker is lost."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import User
from separation.engines import modelspec
from separation.installations import lifecycle
from separation.installations.lifecycle import MAX_INTERRUPTIONS, PAUSES
from separation.models import ModelInstallation
from separation.queue import workers

pytestmark = pytest.mark.django_db
SPEC = modelspec.SPECS["spleeter:2stems"]


@pytest.fixture
def waiting(user: User) -> ModelInstallation:
    row = lifecycle.ask(SPEC, "", user)
    assert row is not None
    return row


def after(row: ModelInstallation, **fields: Any) -> ModelInstallation:
    ModelInstallation.objects.filter(pk=row.pk).update(**fields)
    row.refresh_from_db()
    return row


def test_ask_stores_who_accepted_which_licence_and_wakes_a_worker(
    waiting: ModelInstallation, user: User
) -> None:
    assert (waiting.state, waiting.accepted_by, waiting.licence) == ("waiting", user, SPEC.licence)
    assert waiting.accepted_at
    assert OrmQ.objects.count() == 1
    assert lifecycle.ask(SPEC, "", user) is None, "one at a time"
    assert OrmQ.objects.count() == 1


def test_only_one_worker_claims_it(waiting: ModelInstallation) -> None:
    lease = lifecycle.claim_next()
    assert lease is not None
    assert lifecycle.claim_next() is None
    assert workers.process_of(lease.owner) in workers.busy_workers()
    assert lifecycle.advance(lease, 10, 100)
    assert lifecycle.succeed(lease, 100, official=True)
    assert not lifecycle.advance(lease, 20, 100)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.done_bytes, waiting.is_official) == ("installed", 100, True)


def test_cancelled_work_is_told_so(waiting: ModelInstallation) -> None:
    lease = lifecycle.claim_next()
    assert lease is not None
    assert lifecycle.cancel(waiting)
    assert not lifecycle.cancel(waiting)
    assert not lifecycle.advance(lease, 1, None)
    assert lifecycle.is_cancelled(lease)


def test_failure_that_may_pass_is_tried_again_until_nothing_arrives_for_long(
    waiting: ModelInstallation,
) -> None:
    for attempt in range(len(PAUSES)):
        lease = lifecycle.claim_next()
        assert lease is not None, attempt
        assert lifecycle.fail(lease, "broken", "the connection broke", retry=True)
        assert lifecycle.claim_next() is None, "it pauses"
        after(waiting, retry_at=None)
    lease = lifecycle.claim_next()
    assert lease is not None
    assert lifecycle.advance(lease, 1, None)  # something arrived: counted anew
    lifecycle.fail(lease, "broken", "", retry=True)
    assert after(waiting, retry_at=None).state == "waiting"
    after(waiting, attempts=len(PAUSES))
    lease = lifecycle.claim_next()
    assert lease is not None
    lifecycle.fail(lease, "broken", "", retry=True)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error_code) == ("failed", "broken")


@pytest.mark.parametrize("how", ["dead", "late"])
def test_lost_worker_is_replaced_and_at_last_given_up(waiting: ModelInstallation, how: str) -> None:
    for _attempt in range(MAX_INTERRUPTIONS):
        lease = lifecycle.claim_next()
        assert lease is not None
        assert lifecycle.recover() == 0, "it lives"
        OrmQ.objects.all().delete()
        if how == "dead":
            after(waiting, owner=f"{workers.host()}/{os.getpid()}/1/abcd")
        else:
            after(waiting, lease_until=timezone.now() - timedelta(seconds=1))
        assert lifecycle.recover() == 1
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error_code) == ("failed", "interrupted")


def test_lost_task_is_sent_again_once(waiting: ModelInstallation) -> None:
    lifecycle.recover()
    assert OrmQ.objects.count() == 1
    OrmQ.objects.all().delete()
    lifecycle.recover()
    assert OrmQ.objects.count() == 0, "a worker may have just taken it"
    after(waiting, task_sent_at=None)
    lifecycle.recover()
    lifecycle.recover()
    assert OrmQ.objects.count() == 1
