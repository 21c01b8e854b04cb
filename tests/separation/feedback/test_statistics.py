"""The library in figures: what is counted, when it is counted anew, and what it never tells."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Visibility
from separation.feedback import statistics
from separation.models import Rating, Separation, Statistics, Status
from tests.factories import make_separation, make_track

STATISTICS = "/api/v1/statistics/"


def stars(separation: Separation, user: User, score: int, stem: str = "") -> None:
    part = separation.stems.get(name=stem) if stem else None
    track = separation.track_separations.get().track
    Rating.objects.create(separation=separation, stem=part, user=user, track=track, score=score)


@pytest.fixture
def library(user: User, other: User) -> None:
    """Two shared songs taken apart, one waiting, and a private one of a genre and by a model of its own."""
    folk = make_track(user, title="One", genre="Folk", seconds=60.0, plays=5)
    jazz = make_track(other, title="Two", genre="jazz", seconds=30.0)
    make_track(other, title="Three", artist="Otro", genre="FOLK", seconds=10.0)
    hidden = make_track(
        user, title="Four", genre="Polka", visibility=Visibility.PRIVATE, seconds=100.0, plays=7
    )
    one, two = make_separation(folk), make_separation(jazz)
    make_separation(folk, model="compact:4stems", status=Status.QUEUED)
    secret = make_separation(hidden, model="spleeter:5stems")
    stars(one, user, 5)
    stars(one, other, 4)
    stars(one, user, 2, "vocals")
    stars(two, user, 1)
    stars(secret, user, 3)


def figures() -> Any:
    return statistics.measure().figures


def test_totals_count_shared_songs(library: None) -> None:
    assert figures()["totals"] == {
        "tracks": 3,
        "seconds": 100.0,
        "plays": 5,
        "artists": 2,
        "albums": 0,
        "separations": 2,
        "stems": 4,
        "people": 2,
        "ratings": 4,
    }


def test_figures_by_model(library: None) -> None:
    assert figures()["by_model"] == [
        {
            "model": "compact:2stems",
            "separations": 2,
            "seconds": 90.0,
            "rating": {"average": 3.0, "count": 4},
            "whole": {"average": 3.33, "count": 3},
            "stems": [
                {"name": "vocals", "average": 2.0, "count": 1},
                {"name": "accompaniment", "average": None, "count": 0},
            ],
        }
    ]


def test_figures_by_genre_join_spellings(library: None) -> None:
    folk, jazz = figures()["by_genre"]
    assert folk["genre"] in {"Folk", "FOLK"}
    assert {**folk, "genre": ""} == {
        "genre": "",
        "key": "folk",
        "tracks": 2,
        "plays": 5,
        "separations": 1,
        "rating": {"average": 3.67, "count": 3},
    }
    assert (jazz["genre"], jazz["tracks"], jazz["rating"]) == ("jazz", 1, {"average": 1.0, "count": 1})


def test_scores_and_months(library: None) -> None:
    found = figures()
    assert found["ratings"] == {"average": 3.0, "count": 4, "scores": [1, 1, 0, 1, 1]}
    assert len(found["by_month"]) == 12
    assert found["by_month"][-1] == {"month": f"{timezone.now():%Y-%m}", "tracks": 3, "separations": 2}
    assert found["by_month"][0]["tracks"] == 0


def test_private_songs_are_in_no_figure(library: None) -> None:
    found = figures()
    for word in ("polka", "Polka", "spleeter"):
        assert word not in str(found)
    assert found["ratings"]["scores"][2] == 0


def test_figures_of_an_empty_library(db: None, api: APIClient) -> None:
    answer = api.get(STATISTICS)
    assert answer.json()["totals"]["seconds"] == 0.0
    assert answer.json()["ratings"] == {"average": None, "count": 0, "scores": [0, 0, 0, 0, 0]}
    assert Client().get("/statistics/").status_code == 200


def test_api_returns_the_stored_figures(library: None, api: APIClient) -> None:
    answer = api.get(STATISTICS).json()
    measured = Statistics.objects.get()
    assert {**answer, "measured_at": None} == {**measured.figures, "measured_at": None}


def test_new_rating_counts_at_once(
    user: User, api: APIClient, api_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "QUICK_SECONDS", 60.0)
    separation = make_separation(make_track(user, genre="Folk"))
    api.get(STATISTICS)
    path = f"/api/v1/separations/{separation.pk}/rating/"
    api_of(user).put(path, {"score": 4})
    assert api.get(STATISTICS).json()["by_model"][0]["rating"] == {"average": 4.0, "count": 1}
    api_of(user).delete(path)
    assert api.get(STATISTICS).json()["by_genre"][0]["rating"] == {"average": None, "count": 0}


def test_request_takes_one_statement(library: None, api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "FRESH_SECONDS", 60.0)
    api.get(STATISTICS)
    with CaptureQueriesContext(connection) as asked:
        assert api.get(STATISTICS).status_code == 200
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("took", "age", "by_request", "by_sweep"),
    [
        (0.2, 0, False, False),
        (0.01, 2, True, False),
        (2.0, 60, False, False),
        (2.0, 200, False, True),
    ],
)
def test_requests_count_when_quick_and_the_supervisor_when_slow(
    library: None, took: float, age: float, *, by_request: bool, by_sweep: bool
) -> None:
    def set_back() -> Statistics:
        statistics.measure()
        Statistics.objects.update(seconds=took, measured_at=timezone.now() - timedelta(seconds=age))
        return Statistics.objects.get()

    before = set_back()
    assert (statistics.current().measured_at != before.measured_at) is by_request
    set_back()
    assert statistics.refresh() is by_sweep


def test_supervisor_counts_first(db: None) -> None:
    assert statistics.refresh()
    assert not statistics.refresh()


@pytest.mark.parametrize("language", ["en", "es"])
def test_page_is_shown_to_visitors(library: None, language: str) -> None:
    page = Client().get("/statistics/", headers={"Accept-Language": language})
    text = page.content.decode()
    assert "jazz" in text
    assert "compact:2stems" in text
    assert "Polka" not in text
    assert " style=" not in text
    assert ("3.0 of 5, 4 ratings" if language == "en" else "3,0 de 5, 4 valoraciones") in text
    assert 'href="/statistics/"' in Client().get("/").content.decode()


@pytest.mark.parametrize(
    ("zone", "now", "month"),
    [
        ("America/Los_Angeles", "2026-12-01T03:00Z", "2026-11"),  # the evening of 30 November there
        ("Pacific/Auckland", "2026-11-30T13:00Z", "2026-12"),  # the night of 1 December there
        ("UTC", "2026-11-30T23:59Z", "2026-11"),
    ],
)
def test_months_are_those_of_the_time_zone(
    user: User, settings: Any, zone: str, now: str, month: str
) -> None:
    settings.TIME_ZONE = zone
    with time_machine.travel(datetime.fromisoformat(now), tick=False):
        make_separation(make_track(user))
        months = figures()["by_month"]
    assert months[-1] == {"month": month, "tracks": 1, "separations": 1}
    assert len({row["month"] for row in months}) == len(months) == statistics.MONTHS


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_months_begin_at_midnight_of_the_time_zone(user: User, settings: Any, zone: str) -> None:
    settings.TIME_ZONE = zone
    local = ZoneInfo(zone)
    for month in range(1, 13):
        with time_machine.travel(datetime(2026, month, 1, 0, 1, tzinfo=local), tick=False):
            make_track(user)
    with time_machine.travel(datetime(2026, 12, 31, 23, 59, tzinfo=local), tick=False):
        months = figures()["by_month"]
    assert [(row["month"], row["tracks"]) for row in months] == [
        (f"2026-{month:02}", 1) for month in range(1, 13)
    ]
