"""The limit on separations with demanding models."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from catalog.errors import CatalogError
from catalog.models import Visibility
from separation import demanding, lifecycle
from separation.engines import modelspec
from separation.engines.descriptors import Cost
from separation.models import Separation
from separation.queue.requests import ask, withdraw
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db

FAST, DEMANDING = "compact:2stems", "compact:demanding"


@pytest.fixture(autouse=True)
def demanding_model(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A demanding model, and a limit of two songs a day."""
    settings.DEMANDING_PER_DAY = 2
    spec = replace(modelspec.SPECS[FAST], slug=DEMANDING, cost=Cost(700.0, "measured"))
    monkeypatch.setitem(modelspec.SPECS.packaged, DEMANDING, spec)


def ask_for(user: User, model: str = DEMANDING) -> Separation:
    return ask(make_track(user), model, user).separation


def hours_later(hours: float) -> None:
    for row in Separation.objects.exclude(queued_at=None):
        Separation.objects.filter(pk=row.pk).update(queued_at=row.queued_at - timedelta(hours=hours))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("slug", "is_demanding"),
    [
        ("compact:2stems", False),
        ("demucs:htdemucs", True),
        ("demucs:htdemucs_ft", True),
        ("openunmix:umxl", False),
        ("spleeter:5stems", False),  # no cost of its own: like the dearest of its family
    ],
)
def test_demanding_is_what_costs_much_by_its_descriptor(
    monkeypatch: pytest.MonkeyPatch, slug: str, *, is_demanding: bool
) -> None:
    monkeypatch.delitem(modelspec.SPECS.packaged, DEMANDING)
    assert demanding.is_demanding(modelspec.get(slug)) is is_demanding


def test_family_without_any_cost_is_demanding() -> None:
    spec = replace(modelspec.get(FAST), family="nobody", cost=None)
    assert demanding.is_demanding(spec)


def test_third_song_of_a_day_is_refused_and_says_when_it_is_possible(user: User) -> None:
    ask_for(user)
    hours_later(4)
    ask_for(user)
    hours_later(6)
    with pytest.raises(CatalogError) as refused:
        ask_for(user)
    assert (refused.value.code, refused.value.status) == ("too_many_demanding", 429)
    assert refused.value.retry_after == pytest.approx(14 * 3600, abs=60)
    assert "you may have 2 songs" in str(refused.value.detail)
    assert "possible in 14 hours" in str(refused.value.detail)
    assert Separation.objects.count() == 2, "nothing is left of it"
    ask_for(user, FAST)
    hours_later(14.1)
    ask_for(user)


def test_what_is_there_already_costs_nothing(user: User, other: User) -> None:
    for _ in range(3):
        track = make_track(user)
        make_separation(track, model=DEMANDING)
        assert not ask(track, DEMANDING, user).queued
    theirs = ask_for(other)
    mine = make_track(user, audio=theirs.mixture, visibility=Visibility.PRIVATE)
    assert not ask(mine, DEMANDING, user).queued
    assert demanding.seconds_until_next(user) == 0


def test_withdrawing_gives_back_only_what_never_began(user: User) -> None:
    first, second = ask_for(user), ask_for(user)
    assert demanding.seconds_until_next(user) > 0
    withdraw(first, user)
    assert demanding.seconds_until_next(user) == 0
    lease = lifecycle.claim(second.pk)
    assert lease
    withdraw(second, user)
    ask_for(user)
    assert demanding.seconds_until_next(user) > 0


def test_staff_and_a_limit_of_0_are_free(user: User, settings: Any) -> None:
    user.is_staff = True
    user.save()
    for _ in range(3):
        ask_for(user)
    user.is_staff = False
    settings.DEMANDING_PER_DAY = 0
    ask_for(user)


def test_api_and_website_say_so(api: Any, user: User, client: Client) -> None:
    for _ in range(2):
        ask_for(user)
    track = make_track(user)
    api.force_authenticate(user)
    refused = api.post(f"/api/v1/tracks/{track.pk}/separations/", {"model": DEMANDING})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_demanding")
    assert int(refused["Retry-After"]) == pytest.approx(24 * 3600, abs=60)
    client.force_login(user)
    page = client.post(f"/tracks/{track.pk}/separate/", {"model": DEMANDING}, follow=True).content.decode()
    assert "The next one is possible in 24 hours" in page
    assert "Possible again in 24 hours" in page, "beside the model"
    assert f'value="{DEMANDING}"' not in page
