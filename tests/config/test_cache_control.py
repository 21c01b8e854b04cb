"""What answers say of caches where no view decides it."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import make_track

pytestmark = pytest.mark.django_db

PRIVATE_PAGES = ["/", "/artists/", "/library/", "/upload/", "/nowhere/"]
API_CALLS = ["/api/v1/tracks/", "/api/v1/statistics/", "/api/v1/me/", "/api/v1/nowhere/", "/api/schema/"]


def cache_control(answer: Any) -> set[str]:
    return set(answer.headers["Cache-Control"].split(", "))


@pytest.mark.parametrize("path", PRIVATE_PAGES)
def test_pages_of_a_session_are_not_stored(client: Client, user: User, path: str) -> None:
    client.force_login(user)
    assert cache_control(client.get(path)) == {"private", "no-store"}


@pytest.mark.parametrize("path", ["/", "/artists/", "/statistics/", "/nowhere/"])
def test_pages_of_visitors_are_revalidated(client: Client, path: str) -> None:
    assert cache_control(client.get(path)) == {"private", "no-cache"}


def test_page_that_begins_a_session_is_not_stored(client: Client, user: User) -> None:
    form = {"login": user.email, "password": "a long enough one"}
    answer = client.post("/accounts/login/", form)
    assert answer.status_code == 302
    assert "no-store" in cache_control(answer)


@pytest.mark.parametrize("path", API_CALLS)
def test_api_answers_are_not_stored(client: Client, path: str) -> None:
    make_track()
    assert cache_control(client.get(path)) == {"private", "no-store"}


def test_public_files_say_so_themselves(client: Client) -> None:
    assert cache_control(client.get("/favicon.ico")) == {"public", "max-age=86400"}
