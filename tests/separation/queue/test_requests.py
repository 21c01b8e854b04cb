from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import User
from catalog.errors import CatalogError
from catalog.models import Visibility
from separation import lifecycle as leases
from separation.models import Separation, SeparationRequest, Status
from separation.queue import requests as asking
from separation.queue.requests import ask, cancel, eta_seconds, queue_position, requeue, withdraw
from tests.catalog.races import at_once
from tests.factories import make_separation, make_track


def queued_ids() -> list[str]:
    """What the entries in the queue carry."""
    return [entry.task["args"][0] for entry in OrmQ.objects.order_by("pk")]


def test_row_request_and_doorbell_are_made_together(user: User) -> None:
    track = make_track(user)
    with transaction.atomic():
        ask(track, None, user)
        transaction.set_rollback(True)
    assert (Separation.objects.count(), SeparationRequest.objects.count(), queued_ids()) == (0, 0, [])

    asked = ask(track, None, user)
    assert asked.queued
    assert asked.separation.status == Status.QUEUED
    assert asked.separation.model == "compact:2stems"
    assert asked.separation.queued_at is not None
    assert asked.separation.requests.get().track == track
    assert queued_ids() == [str(asked.separation.pk)]


def test_what_is_on_its_way_or_done_is_not_done_again(user: User, other: User) -> None:
    track = make_track(user)
    first = ask(track, "compact:2stems", user)
    second = ask(track, "compact:2stems", other)
    assert (second.separation, second.queued) == (first.separation, False)
    assert {request.user for request in first.separation.requests.all()} == {user, other}
    Separation.objects.update(status=Status.SUCCEEDED)
    third = ask(track, "compact:2stems", user)
    assert (third.separation.status, third.queued) == (Status.SUCCEEDED, False)
    assert len(queued_ids()) == 1


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_what_failed_or_was_cancelled_starts_anew(user: User, status: Status) -> None:
    track = make_track(user)
    before = make_separation(track, status=status)
    Separation.objects.update(attempts=3)
    asked = ask(track, "compact:2stems", user)
    assert (asked.separation.pk, asked.queued) == (before.pk, True)
    assert (asked.separation.status, asked.separation.attempts) == (Status.QUEUED, 0)
    assert (asked.separation.error_code, asked.separation.finished_at) == ("", None)


def test_a_new_track_of_separated_audio_is_among_those_separated_lately(user: User, other: User) -> None:
    first = make_track(user, visibility=Visibility.PRIVATE)
    make_separation(first)
    track = make_track(other, audio=first.audio)
    ask(track, "compact:2stems", other)
    for row in (track, first):
        row.refresh_from_db()
    assert track.separated_at is not None
    assert first.separated_at is None


def test_models_that_cannot_be_used(user: User) -> None:
    track = make_track(user)
    with pytest.raises(CatalogError) as unknown:
        ask(track, "no:such", user)
    assert (unknown.value.code, unknown.value.status) == ("unknown_model", 400)
    with pytest.raises(CatalogError) as missing:
        ask(track, "spleeter:5stems", user)
    assert (missing.value.code, missing.value.status) == ("model_unavailable", 409)
    assert str(missing.value.detail).endswith("manage.py fetch_models 5stems")
    assert not Separation.objects.exists()


def test_stems_outlive_their_model(user: User) -> None:
    track = make_track(user)
    done = make_separation(track, model="spleeter:5stems")
    asked = ask(track, "spleeter:5stems", user)
    assert (asked.separation, asked.queued) == (done, False)


def test_a_person_can_have_so_much_waiting_and_no_more(user: User, other: User, settings: Any) -> None:
    settings.QUEUED_PER_PERSON = 2
    tracks = [make_track(user) for _ in range(3)]
    for track in tracks[:2]:
        ask(track, None, user)
    with pytest.raises(CatalogError) as refused:
        ask(tracks[2], None, user)
    assert (refused.value.code, refused.value.status) == ("too_many_queued", 429)
    assert (Separation.objects.count(), SeparationRequest.objects.count(), len(queued_ids())) == (2, 2, 2)
    assert ask(tracks[2], None, other).queued
    assert not ask(tracks[2], None, user).queued


def test_work_is_cancelled_when_the_last_one_leaves(user: User, other: User) -> None:
    separation = ask(make_track(user), None, user).separation
    ask(separation.requests.get().track, None, other)
    assert not withdraw(separation, user)
    separation.refresh_from_db()
    assert separation.status == Status.QUEUED
    assert withdraw(separation, other)
    separation.refresh_from_db()
    assert separation.status == Status.CANCELLED


def test_finished_work_stays_when_everybody_leaves(user: User) -> None:
    separation = make_separation(make_track(user), asked_by=user)
    assert not withdraw(separation, user)
    separation.refresh_from_db()
    assert (separation.status, separation.requests.count()) == (Status.SUCCEEDED, 0)


def test_an_administrator_cancels_and_starts_again(user: User) -> None:
    separation = ask(make_track(user), None, user).separation
    assert cancel(separation)
    assert not cancel(separation)
    assert requeue(separation)
    assert leases.claim(separation.pk) is not None
    assert not requeue(separation), "it is being worked on"
    assert cancel(separation)
    separation.refresh_from_db()
    assert (separation.status, separation.owner, separation.lease_until) == (Status.CANCELLED, "", None)


@pytest.mark.django_db(transaction=True)
def test_fifty_who_ask_at_once_get_one_separation(user: User) -> None:
    track = make_track(user)
    people = [User.objects.create(email=f"{n}@example.org") for n in range(50)]
    asked = at_once(50, lambda n: ask(track, None, people[n]))
    assert sum(answer.queued for answer in asked) == 1
    assert Separation.objects.get().requests.count() == 50
    assert len(queued_ids()) == 1


@pytest.mark.django_db(transaction=True)
def test_who_asks_while_another_leaves_is_served(user: User, other: User) -> None:
    track = make_track(user)
    separation = ask(track, None, user).separation
    acts: list[Callable[[], Any]] = [lambda: withdraw(separation, user), lambda: ask(track, None, other)]
    at_once(2, lambda n: acts[n]())
    separation.refresh_from_db()
    assert separation.status == Status.QUEUED
    assert separation.requests.get().user == other


def test_people_take_turns(user: User, other: User) -> None:
    mine = [ask(make_track(user), None, user).separation for _ in range(3)]
    theirs = ask(make_track(other), None, other).separation
    expected = [mine[0], theirs, mine[1], mine[2]]
    assert list(leases.in_turn()) == expected
    assert [queue_position(row) for row in expected] == [1, 2, 3, 4]

    taken = leases.claim_next()
    assert taken is not None
    assert taken.separation_id == mine[0].pk
    mine[0].refresh_from_db()
    assert queue_position(mine[0]) is None
    assert list(leases.in_turn()) == [theirs, mine[1], mine[2]], "whoever was not served yet comes first"


def test_who_has_enough_songs_running_waits_and_blocks_nobody(user: User, other: User, settings: Any) -> None:
    settings.RUNNING_PER_PERSON = 2
    mine = [ask(make_track(user), None, user).separation for _ in range(4)]
    for row in mine[:2]:
        assert leases.claim(row.pk)
    theirs = [ask(make_track(other), None, other).separation for _ in range(2)]
    assert list(leases.in_turn()) == [*theirs, *mine[2:]]
    assert list(leases.in_turn(held=False)) == theirs
    for row in theirs:
        taken = leases.claim_next(mine[2].pk)
        assert taken is not None
        assert taken.separation_id == row.pk
    assert leases.claim_next(mine[2].pk) is None, "the doorbell of a song does not let it through"
    Separation.objects.filter(pk=mine[0].pk).update(status=Status.SUCCEEDED)
    taken = leases.claim_next()
    assert taken is not None
    assert taken.separation_id == mine[2].pk


def test_how_long_it_will_take(user: User, settings: Any) -> None:
    settings.WORKERS = 1
    done = make_separation(make_track(user, seconds=100))
    now = timezone.now()
    Separation.objects.filter(pk=done.pk).update(started_at=now - timedelta(seconds=50), finished_at=now)
    first = ask(make_track(user, seconds=60), None, user).separation
    second = ask(make_track(user, seconds=40), None, user).separation
    assert eta_seconds(done) is None
    assert eta_seconds(first) == pytest.approx(30, abs=0.1)
    assert eta_seconds(second) == pytest.approx(50, abs=0.1)
    settings.WORKERS = 2
    assert eta_seconds(second) == pytest.approx(20, abs=0.1)
    with time_machine.travel(now, tick=False):
        settings.WORKERS = 1
        Separation.objects.filter(pk=first.pk).update(
            status=Status.RUNNING, progress=0.25, started_at=now - timedelta(seconds=10)
        )
        first.refresh_from_db()
        assert eta_seconds(first) == pytest.approx(30, abs=0.1)
        assert eta_seconds(second) == pytest.approx(50, abs=0.1)
        # A short one is done in between; after it the longer one has its turn, and then the next.
        shorts = [ask(make_track(user, seconds=10), None, user).separation for _ in range(2)]
        assert eta_seconds(shorts[0]) == pytest.approx(5, abs=0.1)
        assert eta_seconds(shorts[1]) == pytest.approx(15, abs=0.1)
        assert eta_seconds(second) == pytest.approx(50, abs=0.1), "it comes before the short ones in line"


def test_the_first_guess_needs_no_history(user: User) -> None:
    separation = ask(make_track(user, seconds=60), None, user).separation
    assert eta_seconds(separation) == pytest.approx(60 * asking.FIRST_GUESS)
