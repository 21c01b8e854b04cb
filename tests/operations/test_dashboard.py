"""The front page of the admin panel: what it tells, to whom, and how many queries that takes."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from operations import dashboard
from separation.engines.native import build
from separation.models import Separation, Status
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin@example.org", "a long enough one"))
    return client


def some_life(user: User, number: int) -> None:
    """A song in every state."""
    for status in (Status.SUCCEEDED, Status.FAILED, Status.QUEUED, Status.RUNNING):
        track = make_track(user, title=f"{status} {number}", artist=f"Artist {number}", seconds=30.0)
        separation = make_separation(track, status=status, asked_by=user)
        Separation.objects.filter(pk=separation.pk).update(
            started_at=timezone.now() - timedelta(seconds=10), owner=f"node/{number}/1/x", progress=0.4
        )
    User.objects.filter(pk=user.pk).update(stored_bytes=3_000_000)


def test_tells_how_things_are(keeper: Client, user: User) -> None:
    some_life(user, 1)
    dashboard.remember(dashboard.measure())
    page = keeper.get("/admin/").content.decode()
    for part in (
        "running 1",
        "failed 1",
        "broke off three times",
        "ana@example.org",
        "2.9\xa0MB",
        "succeeded 1",
    ):
        assert part in page
    told = dashboard.now(User.objects.get(email="admin@example.org"))
    assert (told["queue"]["waiting_count"], told["queue"]["running_count"], told["queue"]["busy"]) == (
        1,
        1,
        1,
    )
    [model] = told["figures"].models
    assert (model.slug, model.succeeded, model.failed) == ("compact:2stems", 1, 1)
    assert model.speed == pytest.approx(3.0, abs=0.2)
    assert (told["figures"].tracks, told["figures"].original_bytes, told["figures"].stem_bytes) == (
        4,
        4000,
        2000,
    )


def test_speaks_spanish_too(keeper: Client) -> None:
    dashboard.remember(dashboard.measure())
    assert keeper.get("/admin/", headers={"Accept-Language": "es"}).status_code == 200


def test_more_rows_take_no_more_queries(keeper: Client, user: User) -> None:
    def queries() -> int:
        cache.clear()
        dashboard.remember(dashboard.measure())
        with CaptureQueriesContext(connection) as asked:
            assert keeper.get("/admin/").status_code == 200
        return len(asked)

    some_life(user, 1)
    queries()
    few = queries()
    for number in (2, 3):
        some_life(user, number)
    assert queries() == few


def test_staff_see_what_they_may_look_at_anyway(user: User) -> None:
    some_life(user, 1)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    assert dashboard.now(User.objects.get(pk=user.pk)) == {}
    client = Client()
    client.force_login(user)
    page = client.get("/admin/").content.decode()
    assert "running 1" not in page


@pytest.mark.django_db(transaction=True)
def test_what_takes_long_is_counted_aside() -> None:
    make_track()
    assert dashboard.figures() is None
    for thread in threading.enumerate():
        if thread.name == "dashboard":
            thread.join(20)
    measured = dashboard.figures()
    assert measured is not None
    assert measured.tracks == 1


def test_tells_which_engine_separates(keeper: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SEPARATOR_ENGINE = "native"
    page = " ".join(keeper.get("/admin/").content.decode().split())
    assert "Engine: native </li>" in page
    settings.SEPARATOR_ENGINE = "openvino"
    monkeypatch.setattr(build, "is_built", lambda: False)
    page = " ".join(keeper.get("/admin/").content.decode().split())
    assert "Engine: openvino (the native engine is not built, so separations take longer)" in page
