"""Counting up to a bound, and the lists that are cut by it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from catalog import pagination
from catalog.models import Track, Visibility
from tests.factories import make_track


@pytest.fixture
def five(db: None) -> None:
    for number in range(5):
        make_track(title=str(number))


@pytest.mark.usefixtures("five")
def test_count_is_exact_up_to_bound() -> None:
    assert pagination.count_up_to(Track.objects.all(), 6) == 5
    assert pagination.count_up_to(Track.objects.all(), 5) == 5
    assert pagination.count_up_to(Track.objects.all(), 3) == 3
    assert pagination.count_up_to(Track.objects.none(), 3) == 0


@pytest.mark.usefixtures("five")
def test_large_count_is_cached_and_small_count_is_not() -> None:
    for most, queries in ((3, 0), (6, 1)):
        pagination.count_up_to(Track.objects.all(), most)
        with CaptureQueriesContext(connection) as asked:
            pagination.count_up_to(Track.objects.all(), most)
        assert len(asked) == queries


@pytest.mark.usefixtures("five")
def test_count_cache_differs_by_visibility(user: User) -> None:
    make_track(user, title="secret", visibility=Visibility.PRIVATE)
    assert pagination.count_up_to(Track.objects.visible_to(user), 6) == 6
    assert APIClient().get("/api/v1/tracks/?page_size=2").json()["count"] == 5


@pytest.mark.usefixtures("five")
def test_pages_continue_beyond_counted_bound(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination.count_up_to, "__defaults__", (3,))
    seen, address = [], "/api/v1/tracks/?page_size=2&ordering=title"
    while address:
        page = api.get(address).json()
        seen += [row["title"] for row in page["results"]]
        address = page["next"]
        assert page["count"] in {3, 5}  # the last page needs no counting
    assert seen == ["0", "1", "2", "3", "4"]


@pytest.mark.usefixtures("five")
def test_pages_end_at_max_row(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MAX_ROW", 4)
    assert api.get("/api/v1/tracks/?page_size=2&page=2").json()["next"] is None
    assert api.get("/api/v1/tracks/?page_size=2&page=3").status_code == 404
