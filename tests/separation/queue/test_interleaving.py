"""A short song between two chunks of a long one."""

from typing import Any

import pytest
from django_q.models import OrmQ

from separation.lifecycle import cancel, claim
from separation.models import Separation, SeparationRequest, Status
from separation.queue import heartbeat, interleaving, worker
from separation.queue.separator_holder import holder
from tests.separation.queue.conftest import Asker, after

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("separator"),
    pytest.mark.usefixtures("warm"),
]


def test_short_song_is_interleaved_with_a_long_one(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKERS = 1
    monkeypatch.setattr(interleaving, "LOOK_SECONDS", 0.0)
    long, short = asked(120, seed=1), asked(2, seed=2)
    OrmQ.objects.all().delete()
    worker.run(str(long.pk))
    assert after(long, settings) == (Status.SUCCEEDED, 1, "")
    assert after(short, settings) == (Status.SUCCEEDED, 1, "")
    times = [long.started_at, short.started_at, short.finished_at, long.finished_at]
    assert times == sorted(time for time in times if time)
    assert holder.separator is not None
    assert holder.separator.pid is not None, "one process did both, and stays"
    assert not OrmQ.objects.exists()


def test_interleaved_song_that_crashes_costs_the_long_one_no_attempt(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKERS = 1
    monkeypatch.setattr(interleaving, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(
        heartbeat.LeaseKeeper, "renew_meanwhile", lambda _lease_keeper: holder.kill()
    )  # called while the short one is done
    long, short = asked(120, seed=1), asked(2, seed=2)
    worker.run(str(long.pk))
    assert after(long, settings) == (Status.QUEUED, 0, "")
    assert after(short, settings) == (Status.QUEUED, 1, "crashed")
    monkeypatch.undo()
    worker.run(str(long.pk))
    assert after(long, settings) == (Status.SUCCEEDED, 1, "")
    assert after(short, settings) == (Status.QUEUED, 1, "crashed"), "it has to wait for its own turn now"


def test_interleaved_song_that_is_cancelled_costs_the_long_one_nothing(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKERS = 1
    monkeypatch.setattr(interleaving, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(heartbeat, "MIN_INTERVAL_SECONDS", 0.0)
    long, short = asked(120, seed=1), asked(40, seed=2)
    monkeypatch.setattr(
        heartbeat.LeaseKeeper, "renew_meanwhile", lambda _lease_keeper: cancel(short)
    )  # called while the short one is done
    worker.run(str(long.pk))
    assert after(long, settings) == (Status.SUCCEEDED, 1, "")
    assert after(short, settings) == (Status.CANCELLED, 1, "")


def test_short_song_is_left_to_an_idle_worker(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKERS = 2
    monkeypatch.setattr(interleaving, "LOOK_SECONDS", 0.0)
    long, short = asked(60, seed=1), asked(2, seed=2)
    worker.run(str(long.pk))
    assert after(long, settings) == (Status.SUCCEEDED, 1, "")
    assert after(short, settings) == (Status.QUEUED, 0, "")
    assert OrmQ.objects.count() == 2, "its task is still there"


def unrequested(separation: Separation) -> Separation:
    """The same as part of an upgrade, which nobody waits for."""
    SeparationRequest.objects.filter(separation=separation).delete()
    return separation


def test_song_that_nobody_asked_for_is_handed_back_for_one_that_somebody_did(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKERS = 1
    monkeypatch.setattr(interleaving, "LOOK_SECONDS", 0.0)
    again, mine = unrequested(asked(60, seed=1)), asked(50, seed=2)
    lease = claim(again.pk)
    assert lease
    worker.work(lease, interleave=True)
    assert after(again, settings) == (Status.QUEUED, 0, ""), "it cost no attempt"
    assert after(mine, settings) == (Status.QUEUED, 0, ""), "its turn comes next"
    worker.run(str(again.pk))
    assert after(mine, settings) == (Status.SUCCEEDED, 1, "")


def test_short_song_is_interleaved_with_one_that_nobody_asked_for(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKERS = 1
    monkeypatch.setattr(interleaving, "LOOK_SECONDS", 0.0)
    again, short = unrequested(asked(120, seed=1)), asked(2, seed=2)
    lease = claim(again.pk)
    assert lease
    worker.work(lease, interleave=True)
    assert after(again, settings) == (Status.SUCCEEDED, 1, "")
    assert after(short, settings) == (Status.SUCCEEDED, 1, "")


def test_song_that_nobody_asked_for_is_not_interleaved(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKERS = 1
    monkeypatch.setattr(interleaving, "LOOK_SECONDS", 0.0)
    long, again = asked(60, seed=1), unrequested(asked(2, seed=2))
    worker.run(str(long.pk))
    assert after(long, settings) == (Status.SUCCEEDED, 1, "")
    assert after(again, settings) == (Status.QUEUED, 0, "")
