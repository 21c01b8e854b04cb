import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.utils import timezone
from django_q.models import OrmQ, Task

from accounts.models import User
from separation import lease as leases
from separation.ask import ask
from separation.lease import MAX_ATTEMPTS, claim
from separation.models import Separation, Status
from separation.sweep import RING_SECONDS, Swept, sweep
from tests.catalog.races import at_once
from tests.factories import make_separation, make_track

CALM = Swept(recovered=0, failed=0, cancelled=0, rung=0)


@pytest.fixture
def waiting(user: User) -> Separation:
    return ask(make_track(user), None, user).separation


def after(separation: Separation, **fields: Any) -> Separation:
    """The row, after something happened to it."""
    Separation.objects.filter(pk=separation.pk).update(**fields)
    separation.refresh_from_db()
    return separation


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def test_nothing_happens_when_all_is_well(waiting: Separation, user: User) -> None:
    working = ask(make_track(user), None, user).separation
    claim(working.pk)
    make_separation(make_track(user), asked_by=user)
    before = list(Separation.objects.order_by("pk").values())
    assert sweep() == CALM
    assert list(Separation.objects.order_by("pk").values()) == before
    assert OrmQ.objects.count() == 2


def test_an_expired_lease_is_queued_again_and_rung_for(waiting: Separation) -> None:
    claim(waiting.pk)
    after(waiting, lease_until=ago(1))
    OrmQ.objects.all().delete()
    assert sweep() == Swept(recovered=1, failed=0, cancelled=0, rung=0)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.owner, waiting.attempts) == (Status.QUEUED, "", 1)
    assert OrmQ.objects.count() == 1


def test_a_dead_worker_need_not_be_waited_for(waiting: Separation) -> None:
    claim(waiting.pk)
    after(waiting, owner=f"{leases.here()}/{os.getpid()}/1/abcd")
    left = Path(configured.WORK_DIR) / f"{waiting.pk}-1-abcd"
    left.mkdir(parents=True)
    (left / "vocals.flac").write_bytes(b"half")
    assert sweep().recovered == 1
    assert not left.exists()
    waiting.refresh_from_db()
    assert waiting.status == Status.QUEUED


def test_the_third_crash_is_the_end(waiting: Separation) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert claim(waiting.pk) is not None
        after(waiting, lease_until=ago(1))
        assert sweep() == Swept(int(attempt < MAX_ATTEMPTS), int(attempt == MAX_ATTEMPTS), 0, 0)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.error_code) == (Status.FAILED, "crashed")
    assert waiting.error_detail


def test_a_lost_doorbell_is_rung_again_once_per_window(waiting: Separation) -> None:
    OrmQ.objects.all().delete()
    assert sweep() == CALM, "it was rung only just now"
    after(waiting, rung_at=ago(RING_SECONDS + 1))
    assert [sweep().rung for _ in range(3)] == [1, 0, 0]
    assert OrmQ.objects.count() == 1
    OrmQ.objects.all().delete()
    after(waiting, rung_at=None)
    assert sweep().rung == 1


def test_a_new_queue_is_rung_at_once(waiting: Separation) -> None:
    OrmQ.objects.update(lock=timezone.now() + timedelta(hours=1))  # handed to a cluster that is gone
    assert sweep(ring_after=0.0).rung == 1


def test_a_long_queue_is_not_rung_for(user: User) -> None:
    for _ in range(3):
        ask(make_track(user), None, user)
    Separation.objects.update(rung_at=ago(3600))
    assert sweep().rung == 0
    OrmQ.objects.order_by("pk")[0].delete()
    assert sweep().rung == 1, "as many rings as rows, whichever row lost its own"


@pytest.mark.django_db(transaction=True)
def test_several_sweepers_ring_once(user: User) -> None:
    rows = [ask(make_track(user), None, user).separation for _ in range(4)]
    OrmQ.objects.all().delete()
    claim(rows[0].pk)
    Separation.objects.update(rung_at=ago(3600))
    Separation.objects.filter(pk=rows[0].pk).update(lease_until=ago(1))
    swept = at_once(5, lambda _n: sweep())
    assert sum(answer.recovered for answer in swept) == 1
    assert sum(answer.recovered + answer.rung for answer in swept) == 4
    assert OrmQ.objects.count() == 4


def test_work_that_nobody_can_see_any_more_is_cancelled(waiting: Separation, user: User) -> None:
    track = waiting.requests.get().track
    user.delete()
    assert sweep().cancelled == 0, "the track is still there for others"
    track.delete()
    assert sweep().cancelled == 1
    waiting.refresh_from_db()
    assert waiting.status == Status.CANCELLED


def test_the_queues_old_papers_go(waiting: Separation) -> None:
    for number, days in enumerate([1, 8]):
        when = timezone.now() - timedelta(days=days)
        Task.objects.create(id=str(number), name=str(number), func="f", started=when, stopped=when)
    OrmQ.objects.update(lock=timezone.now() + timedelta(seconds=5))  # handed out days ago, never acknowledged
    after(waiting, status=Status.SUCCEEDED)
    sweep()
    assert [task.id for task in Task.objects.all()] == ["0"]
    assert not OrmQ.objects.exists()
