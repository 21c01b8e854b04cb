from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django_q.models import OrmQ

from accounts.models import User
from catalog.errors import CatalogError
from catalog.models import Visibility
from separation.models import Separation, SeparationRequest, Status
from separation.queue.requests import ask, withdraw
from tests.catalog.races import at_once
from tests.factories import make_queued, make_separation, make_track


def queued_ids() -> list[str]:
    """What the entries in the queue carry."""
    return [entry.task["args"][0] for entry in OrmQ.objects.order_by("pk")]


def test_ask_writes_row_request_and_task_together(user: User) -> None:
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


def test_ask_again_while_waiting_or_done_queues_nothing(user: User, other: User) -> None:
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
def test_ask_for_failed_or_cancelled_row_queues_it_anew(user: User, status: Status) -> None:
    track = make_track(user)
    before = make_separation(track, status=status)
    Separation.objects.update(attempts=3)
    asked = ask(track, "compact:2stems", user)
    assert (asked.separation.pk, asked.queued) == (before.pk, True)
    assert (asked.separation.status, asked.separation.attempts) == (Status.QUEUED, 0)
    assert (asked.separation.error_code, asked.separation.finished_at) == ("", None)


def test_ask_for_separated_audio_dates_the_new_track(user: User, other: User) -> None:
    first = make_track(user, visibility=Visibility.PRIVATE)
    make_separation(first)
    track = make_track(other, audio=first.audio)
    ask(track, "compact:2stems", other)
    for row in (track, first):
        row.refresh_from_db()
    assert track.separated_at is not None
    assert first.separated_at is None


def test_ask_with_unusable_model_is_refused(user: User) -> None:
    track = make_track(user)
    with pytest.raises(CatalogError) as unknown:
        ask(track, "no:such", user)
    assert (unknown.value.code, unknown.value.status) == ("unknown_model", 400)
    with pytest.raises(CatalogError) as missing:
        ask(track, "spleeter:5stems", user)
    assert (missing.value.code, missing.value.status) == ("model_unavailable", 409)
    assert str(missing.value.detail).endswith("manage.py fetch_models 5stems")
    assert not Separation.objects.exists()


def test_ask_for_done_separation_needs_no_installed_model(user: User) -> None:
    track = make_track(user)
    done = make_separation(track, model="spleeter:5stems")
    asked = ask(track, "spleeter:5stems", user)
    assert (asked.separation, asked.queued) == (done, False)


def test_ask_beyond_limit_of_account_is_refused(user: User, other: User, settings: Any) -> None:
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


def test_withdraw_of_last_request_cancels(user: User, other: User) -> None:
    separation = make_queued(user)
    ask(separation.requests.get().track, None, other)
    assert not withdraw(separation, user)
    separation.refresh_from_db()
    assert separation.status == Status.QUEUED
    assert withdraw(separation, other)
    separation.refresh_from_db()
    assert separation.status == Status.CANCELLED


def test_withdraw_keeps_finished_separation(user: User) -> None:
    separation = make_separation(make_track(user), asked_by=user)
    assert not withdraw(separation, user)
    separation.refresh_from_db()
    assert (separation.status, separation.requests.count()) == (Status.SUCCEEDED, 0)


@pytest.mark.django_db(transaction=True)
def test_ask_by_fifty_at_once_makes_one_separation(user: User) -> None:
    track = make_track(user)
    people = [User.objects.create(email=f"{n}@example.org") for n in range(50)]
    asked = at_once(50, lambda n: ask(track, None, people[n]))
    assert sum(answer.queued for answer in asked) == 1
    assert Separation.objects.get().requests.count() == 50
    assert len(queued_ids()) == 1


@pytest.mark.django_db(transaction=True)
def test_ask_while_another_withdraws_is_served(user: User, other: User) -> None:
    track = make_track(user)
    separation = ask(track, None, user).separation
    acts: list[Callable[[], Any]] = [lambda: withdraw(separation, user), lambda: ask(track, None, other)]
    at_once(2, lambda n: acts[n]())
    separation.refresh_from_db()
    assert separation.status == Status.QUEUED
    assert separation.requests.get().user == other
