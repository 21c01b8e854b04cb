import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as configured
from django.utils import timezone
from django_q.models import OrmQ, Task

from accounts.models import User
from separation import lifecycle
from separation.delivery.live import place
from separation.error_messages import explain
from separation.lifecycle import INTERRUPTION_PAUSES, MAX_CRASHES, MAX_INTERRUPTIONS, claim
from separation.models import Separation, Status
from separation.queue import workers
from separation.queue.forecast import forecast
from separation.queue.recovery import TASK_LOST_SECONDS, Recovery, recover
from separation.queue.scheduling import claim_next
from tests.catalog.races import at_once
from tests.factories import make_queued, make_separation, make_track

NOTHING = Recovery(retried=0, failed=0, cancelled=0, woken=0)


@pytest.fixture
def waiting(user: User) -> Separation:
    return make_queued(user)


def after(separation: Separation, **fields: Any) -> Separation:
    """The row, after something happened to it."""
    Separation.objects.filter(pk=separation.pk).update(**fields)
    separation.refresh_from_db()
    return separation


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def test_recover_changes_nothing_when_all_is_well(waiting: Separation, user: User) -> None:
    working = make_queued(user)
    claim(working.pk)
    make_separation(make_track(user), asked_by=user)
    before = list(Separation.objects.order_by("pk").values())
    assert recover() == NOTHING
    assert list(Separation.objects.order_by("pk").values()) == before
    assert OrmQ.objects.count() == 2


def test_expired_lease_is_queued_again_with_a_task(waiting: Separation) -> None:
    claim(waiting.pk)
    after(waiting, lease_until=ago(1))
    OrmQ.objects.all().delete()
    assert recover() == Recovery(retried=1, failed=0, cancelled=0, woken=0)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.owner, waiting.attempts) == (Status.QUEUED, "", 1)
    assert OrmQ.objects.count() == 1


def test_lease_of_dead_worker_is_queued_again_at_once(waiting: Separation) -> None:
    claim(waiting.pk)
    after(waiting, owner=f"{workers.host()}/{os.getpid()}/1/abcd")
    left = Path(configured.WORK_DIR) / f"{waiting.pk}-1-abcd"
    left.mkdir(parents=True)
    (left / "vocals.flac").write_bytes(b"half")
    assert recover().retried == 1
    assert not left.exists()
    waiting.refresh_from_db()
    assert waiting.status == Status.QUEUED


@pytest.mark.parametrize("how", ["dead", "late"])
def test_song_interrupted_each_time_fails_at_last(waiting: Separation, how: str) -> None:
    """As one that exhausts the memory so that its worker is killed, each time."""
    for attempt in range(1, MAX_INTERRUPTIONS + 1):
        assert claim(waiting.pk) is not None
        if how == "dead":
            after(waiting, owner=f"{workers.host()}/{os.getpid()}/1/abcd")
        else:
            after(waiting, lease_until=ago(1))
        last = attempt == MAX_INTERRUPTIONS
        assert recover() == Recovery(int(not last), int(last), 0, 0)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.error_code) == (Status.FAILED, "interrupted")
    assert (waiting.attempts, waiting.crashes) == (MAX_INTERRUPTIONS, 0)
    assert "10 times" in waiting.error_detail
    assert "interrupted ten times" in explain(waiting)
    assert claim(waiting.pk) is None


def test_interruptions_do_not_count_as_crashes(waiting: Separation) -> None:
    for _ in range(MAX_INTERRUPTIONS - 1):
        assert claim(waiting.pk) is not None
        after(waiting, lease_until=ago(1))
        assert recover().retried == 1
    for crash in range(1, MAX_CRASHES + 1):
        lease = claim(waiting.pk)
        assert lease is not None
        assert lifecycle.fail(lease, "crashed", "SIGSEGV", retry=True)
        waiting.refresh_from_db()
        assert waiting.crashes == crash
        assert (waiting.status == Status.FAILED) == (crash == MAX_CRASHES)
    assert waiting.error_code == "crashed"
    assert "memory" not in explain(waiting)


def test_repeated_interruptions_are_followed_by_longer_pauses(waiting: Separation) -> None:
    OrmQ.objects.all().delete()
    pauses = []
    for _ in INTERRUPTION_PAUSES:
        claim(waiting.pk)
        after(waiting, lease_until=ago(1))
        before = timezone.now()
        recover()
        waiting.refresh_from_db()
        pauses.append((waiting.retry_at - before).total_seconds() if waiting.retry_at else 0.0)
    np.testing.assert_allclose(pauses, INTERRUPTION_PAUSES, atol=5)
    assert sum(pauses) > 1800
    assert claim_next(waiting.pk) is None, "it pauses"
    assert forecast(waiting).queue_position == 1, "behind all others, but in the queue"
    after(waiting, retry_at=ago(1))
    assert claim_next(waiting.pk) is not None
    waiting.refresh_from_db()
    assert waiting.retry_at is None


def test_paused_row_gets_a_task_when_the_pause_is_over(user: User) -> None:
    first, second = (make_queued(user) for _ in range(2))
    after(first, retry_at=ago(-60), task_sent_at=ago(100))
    OrmQ.objects.all().delete()
    lease = claim_next(first.pk)
    assert lease is not None
    assert lease.separation_id == second.pk
    assert recover().woken == 0
    after(first, retry_at=ago(0))
    assert recover().woken == 1
    lease = claim_next()
    assert lease is not None
    assert lease.separation_id == first.pk


def test_only_files_of_the_lost_attempt_are_removed(
    waiting: Separation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker may have started the next attempt before they go."""
    lost = claim(waiting.pk)
    assert lost is not None
    after(waiting, lease_until=ago(1))
    taken: list[Path] = []
    wake_worker = lifecycle.wake_worker

    def wake_and_claim(pk: Any) -> None:
        wake_worker(pk)
        lease = claim(pk)
        assert lease is not None
        taken.append(Path(configured.WORK_DIR) / place(pk, lease.attempt, lease.owner))
        taken[0].mkdir(parents=True)

    monkeypatch.setattr(lifecycle, "wake_worker", wake_and_claim)
    left = Path(configured.WORK_DIR) / place(waiting.pk, lost.attempt, lost.owner)
    left.mkdir(parents=True)
    assert recover().retried == 1
    assert (left.exists(), taken[0].exists()) == (False, True)
    taken[0].rmdir()


def test_lost_task_is_sent_again_once_per_window(waiting: Separation) -> None:
    OrmQ.objects.all().delete()
    assert recover() == NOTHING, "its task was sent only just now"
    after(waiting, task_sent_at=ago(TASK_LOST_SECONDS + 1))
    assert [recover().woken for _ in range(3)] == [1, 0, 0]
    assert OrmQ.objects.count() == 1
    OrmQ.objects.all().delete()
    after(waiting, task_sent_at=None)
    assert recover().woken == 1


def test_fresh_queue_gets_lost_tasks_at_once(waiting: Separation) -> None:
    OrmQ.objects.update(lock=timezone.now() + timedelta(hours=1))  # handed to a cluster that is gone
    assert recover(task_lost_after=0.0).woken == 1


def test_no_task_is_sent_while_there_are_as_many_as_rows(user: User) -> None:
    for _ in range(3):
        make_queued(user)
    Separation.objects.update(task_sent_at=ago(3600))
    assert recover().woken == 0
    OrmQ.objects.order_by("pk")[0].delete()
    assert recover().woken == 1, "as many tasks as rows, whichever row lost its own"


@pytest.mark.django_db(transaction=True)
def test_recover_by_several_at_once_sends_each_task_once(user: User) -> None:
    rows = [make_queued(user) for _ in range(4)]
    OrmQ.objects.all().delete()
    claim(rows[0].pk)
    Separation.objects.update(task_sent_at=ago(3600))
    Separation.objects.filter(pk=rows[0].pk).update(lease_until=ago(1))
    answers = at_once(5, lambda _n: recover())
    assert sum(answer.retried for answer in answers) == 1
    assert sum(answer.retried + answer.woken for answer in answers) == 4
    assert OrmQ.objects.count() == 4


def test_work_without_request_and_track_is_cancelled(waiting: Separation, user: User) -> None:
    track = waiting.requests.get().track
    user.delete()
    assert recover().cancelled == 0, "the track is still there for others"
    track.delete()
    assert recover().cancelled == 1
    waiting.refresh_from_db()
    assert waiting.status == Status.CANCELLED


def test_old_rows_of_django_q_are_deleted(waiting: Separation) -> None:
    for number, days in enumerate([1, 8]):
        when = timezone.now() - timedelta(days=days)
        Task.objects.create(id=str(number), name=str(number), func="f", started=when, stopped=when)
    OrmQ.objects.update(lock=timezone.now() + timedelta(seconds=5))  # handed out days ago, never acknowledged
    after(waiting, status=Status.SUCCEEDED)
    recover()
    assert [task.id for task in Task.objects.all()] == ["0"]
    assert not OrmQ.objects.exists()
