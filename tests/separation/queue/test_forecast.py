"""Queue position and remaining time: what is said, and what it costs to ask."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from separation.lifecycle import cancel, claim
from separation.models import Separation, Status
from separation.queue import forecast as forecasts
from separation.queue.forecast import FIRST_GUESS, HOST_RATIO, SNAPSHOT_SECONDS, Forecast, forecast
from tests.factories import make_queued, make_separation, make_track


def position(separation: Separation) -> int | None:
    separation.refresh_from_db()
    return forecast(separation).queue_position


def eta(separation: Separation) -> float | None:
    separation.refresh_from_db()
    return forecast(separation).eta_seconds


def test_position_follows_the_order_of_work(user: User, other: User) -> None:
    mine = [make_queued(user) for _ in range(3)]
    theirs = make_queued(other)
    assert [position(row) for row in (*mine, theirs)] == [1, 3, 4, 2]
    assert claim(mine[0].pk)
    assert [position(row) for row in (*mine, theirs)] == [None, 2, 3, 1]
    cancel(theirs)
    assert [position(row) for row in (*mine, theirs)] == [None, 1, 2, None]


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED])
def test_finished_separation_has_no_forecast(user: User, status: Status) -> None:
    assert forecast(make_separation(make_track(user), status=status)) == Forecast(None, None)


def test_row_without_attempt_left_has_no_forecast(user: User) -> None:
    row = make_queued(user)
    Separation.objects.update(crashes=3, attempts=3)
    row.refresh_from_db()
    assert forecast(row) == Forecast(None, None)


def test_eta_by_recent_speed_and_workers(user: User, settings: Any) -> None:
    settings.WORKERS = 1
    done = make_separation(make_track(user, seconds=100))
    now = timezone.now()
    Separation.objects.filter(pk=done.pk).update(started_at=now - timedelta(seconds=50), finished_at=now)
    first = make_queued(user, seconds=60)
    second = make_queued(user, seconds=40)
    assert eta(first) == pytest.approx(30, abs=0.1)
    assert eta(second) == pytest.approx(50, abs=0.1)
    settings.WORKERS = 2
    assert eta(second) == pytest.approx(20, abs=0.1)
    with time_machine.travel(now, tick=False):
        settings.WORKERS = 1
        Separation.objects.filter(pk=first.pk).update(
            status=Status.RUNNING, progress=0.25, started_at=now - timedelta(seconds=10)
        )
        assert eta(first) == pytest.approx(30, abs=0.1)
        assert eta(second) == pytest.approx(50, abs=0.1)
        # A short one is interleaved; after it the longer one has its turn, and then the next.
        shorts = [make_queued(user, seconds=10) for _ in range(2)]
        assert eta(shorts[0]) == pytest.approx(5, abs=0.1)
        assert eta(shorts[1]) == pytest.approx(15, abs=0.1)
        assert eta(second) == pytest.approx(50, abs=0.1), "it comes before the short ones in the order"


def test_eta_without_history_is_a_first_guess(user: User) -> None:
    assert eta(make_queued(user, seconds=60)) == pytest.approx(60 * FIRST_GUESS)


def simulated(busy: list[list[float]], workers: int, songs: list[float]) -> list[float]:
    """When each of ``songs`` is done, song by song and worker by worker, as slow as it is plain."""
    slots = [
        {"free": sum(left), "songs": [[max(left), HOST_RATIO * min(left) if len(left) > 1 else 0.0]]}
        for left in busy
    ]
    slots += [{"free": 0.0, "songs": []} for _ in range(workers - len(busy))]
    done = []
    for whole in songs:
        first: Any = min(slots, key=lambda slot: slot["free"])
        hosts: list[Any] = [
            (ready, slot, number)
            for slot in slots
            for number, (left, ready) in enumerate(slot["songs"])  # type: ignore[arg-type]
            if left >= HOST_RATIO * whole and ready < first["free"]
        ]
        if hosts:
            ready, slot, number = min(hosts, key=lambda host: host[0])
            for later in slot["songs"][number + 1 :]:
                later[1] += whole
            slot["songs"][number][1] += HOST_RATIO * whole
            slot["free"] += whole
            done.append(ready + whole)
        else:
            first["songs"].append([whole, first["free"]])
            first["free"] += whole
            done.append(first["free"])
    return done


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("kind", ["any length", "few lengths", "long and short"])
def test_eta_of_long_queue_is_exact(settings: Any, workers: int, kind: str) -> None:
    settings.WORKERS = workers
    rng = random.Random(f"{workers} {kind}")
    draws: dict[str, Callable[[], float]] = {
        "any length": lambda: rng.uniform(10, 600),
        "few lengths": lambda: float(rng.choice([30, 60, 120, 240])),
        "long and short": lambda: rng.choice([3600.0, rng.uniform(60, 240)]),
    }
    draw = draws[kind]
    for busy in range(workers + 1):
        running = [[draw() for _ in range(rng.choice([1, 2]))] for _ in range(busy)]
        songs = [draw() for _ in range(300)]
        simulation = forecasts._Simulation(running, len(songs))
        assert [simulation.add(song) for song in songs] == pytest.approx(simulated(running, workers, songs))


def test_poll_costs_two_statements_however_many_wait(
    user: User, other: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [make_queued(person, seconds=20) for person in (user, other) for _ in range(4)]
    first = [forecast(row) for row in rows]
    with django_assert_num_queries(2 * len(rows)):
        assert [forecast(row) for row in rows] == first
    assert sorted(row.queue_position or 0 for row in first) == list(range(1, 9))


def test_poll_is_answered_anew_after_a_second(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the first of several requests is withdrawn, which changes no row that waits."""
    now = 1000.0
    monkeypatch.setattr("separation.queue.forecast.time.monotonic", lambda: now)
    mine, theirs = make_queued(user), make_queued(user)
    assert (position(mine), position(theirs)) == (1, 2)
    Separation.objects.filter(pk=mine.pk).update(retry_at=timezone.now() + timedelta(hours=1))
    assert (position(mine), position(theirs)) == (1, 2)
    now += SNAPSHOT_SECONDS
    assert (position(mine), position(theirs)) == (2, 1)


def test_expensive_forecast_of_long_queue_is_kept_longer(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    now, cost = 1000.0, iter(range(100))
    monkeypatch.setattr("separation.queue.forecast.time.monotonic", lambda: now)
    monkeypatch.setattr("separation.queue.forecast.time.thread_time", lambda: next(cost))
    first, second = make_queued(user), make_queued(user)
    assert position(second) == 2
    assert cancel(first)
    now += 9.9
    assert position(second) == 2
    assert position(make_queued(user)) == 2, "what was queued meanwhile is not kept waiting"
    assert position(second) == 1
