import os
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.conf import settings as configured
from django.utils import timezone
from django_q.models import OrmQ, Task

from accounts.models import User
from separation import lifecycle as leases
from separation.delivery.live import place
from separation.error_messages import explain
from separation.lifecycle import INTERRUPTION_PAUSES, MAX_ATTEMPTS, MAX_INTERRUPTIONS, claim, claim_next
from separation.models import Separation, Status
from separation.queue.recovery import RING_SECONDS, Swept, sweep
from separation.queue.requests import ask, queue_position
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


@pytest.mark.parametrize("how", ["dead", "late"])
def test_a_song_that_is_always_interrupted_ends_at_last(waiting: Separation, how: str) -> None:
    """As one that exhausts the memory so that its worker is killed, each time."""
    for attempt in range(1, MAX_INTERRUPTIONS + 1):
        assert claim(waiting.pk) is not None
        if how == "dead":
            after(waiting, owner=f"{leases.here()}/{os.getpid()}/1/abcd")
        else:
            after(waiting, lease_until=ago(1))
        last = attempt == MAX_INTERRUPTIONS
        assert sweep() == Swept(int(not last), int(last), 0, 0)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.error_code) == (Status.FAILED, "interrupted")
    assert (waiting.attempts, waiting.crashes) == (MAX_INTERRUPTIONS, 0)
    assert "10 times" in waiting.error_detail
    assert "interrupted ten times" in explain(waiting)
    assert claim(waiting.pk) is None


def test_interruptions_leave_the_attempts_that_may_crash(waiting: Separation) -> None:
    for _ in range(MAX_INTERRUPTIONS - 1):
        assert claim(waiting.pk) is not None
        after(waiting, lease_until=ago(1))
        assert sweep().recovered == 1
    for crash in range(1, MAX_ATTEMPTS + 1):
        lease = claim(waiting.pk)
        assert lease is not None
        assert leases.give_up(lease, "crashed", "SIGSEGV", retry=True)
        waiting.refresh_from_db()
        assert waiting.crashes == crash
        assert (waiting.status == Status.FAILED) == (crash == MAX_ATTEMPTS)
    assert waiting.error_code == "crashed"
    assert "memory" not in explain(waiting)


def test_one_interruption_after_another_is_followed_by_longer_pauses(waiting: Separation) -> None:
    OrmQ.objects.all().delete()
    pauses = []
    for _ in INTERRUPTION_PAUSES:
        claim(waiting.pk)
        after(waiting, lease_until=ago(1))
        before = timezone.now()
        sweep()
        waiting.refresh_from_db()
        pauses.append((waiting.retry_at - before).total_seconds() if waiting.retry_at else 0.0)
    np.testing.assert_allclose(pauses, INTERRUPTION_PAUSES, atol=5)
    assert sum(pauses) > 1800
    assert claim_next(waiting.pk) is None, "it pauses"
    assert queue_position(waiting) == 1, "behind all others, but in the queue"
    after(waiting, retry_at=ago(1))
    assert claim_next(waiting.pk) is not None
    waiting.refresh_from_db()
    assert waiting.retry_at is None


def test_who_pauses_lets_others_go_first_and_is_rung_for_afterwards(user: User) -> None:
    first, second = (ask(make_track(user), None, user).separation for _ in range(2))
    after(first, retry_at=ago(-60), rung_at=ago(100))
    OrmQ.objects.all().delete()
    lease = claim_next(first.pk)
    assert lease is not None
    assert lease.separation_id == second.pk
    assert sweep().rung == 0
    after(first, retry_at=ago(0))
    assert sweep().rung == 1
    lease = claim_next()
    assert lease is not None
    assert lease.separation_id == first.pk


def test_only_the_lost_attempts_files_are_removed(
    waiting: Separation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may have begun the next attempt before they go."""
    lost = claim(waiting.pk)
    assert lost is not None
    after(waiting, lease_until=ago(1))
    taken: list[Path] = []
    ring = leases.ring

    def ring_and_take(pk: Any) -> None:
        ring(pk)
        lease = claim(pk)
        assert lease is not None
        taken.append(Path(configured.WORK_DIR) / place(pk, lease.attempt, lease.owner))
        taken[0].mkdir(parents=True)

    monkeypatch.setattr(leases, "ring", ring_and_take)
    left = Path(configured.WORK_DIR) / place(waiting.pk, lost.attempt, lost.owner)
    left.mkdir(parents=True)
    assert sweep().recovered == 1
    assert (left.exists(), taken[0].exists()) == (False, True)
    taken[0].rmdir()


def test_what_earlier_versions_gave_up_is_queued_again_once(user: User) -> None:
    rows = {
        code: make_separation(make_track(user), status=Status.FAILED, asked_by=user)
        for code in ("crashed", "damaged")
    }
    for code, row in rows.items():
        after(row, error_code=code, error_detail="psf_fseek() failed", attempts=3)
    forgotten = make_separation(make_track(user), status=Status.FAILED)
    forgotten.mixture.tracks.all().delete()
    done = make_separation(make_track(user), asked_by=user)
    import_module("separation.migrations.0002_crashes").queue_again(apps, None)
    assert sweep() == Swept(0, 0, cancelled=1, rung=1)
    states = {row.pk: row for row in Separation.objects.all()}
    again = states[rows["crashed"].pk]
    assert (again.status, again.attempts, again.error_code) == (Status.QUEUED, 0, "")
    assert again.queued_at is not None
    assert states[rows["damaged"].pk].status == Status.FAILED
    assert states[done.pk].status == Status.SUCCEEDED
    lease = claim_next()
    assert lease is not None
    assert lease.separation_id == again.pk


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
