"""Who waits is counted: for each person, and in all."""

from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from accounts.models import User
from catalog.errors import CatalogError
from catalog.storage.waiting_requests import requester, waiting


@pytest.fixture(autouse=True)
def limits(settings: Any) -> None:
    settings.WEB_THREADS = 16
    settings.WAITING_PER_PERSON = 3


def refused(person: str, *, long: bool = False) -> bool:
    try:
        with waiting(person, long=long):
            return False
    except CatalogError as error:
        return (error.code, error.status, bool(error.retry_after)) == ("busy", 503, True)


def test_waiting_requests_of_one_account_are_limited() -> None:
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(waiting("account 1"))
        assert refused("account 1")
        assert not refused("account 2")
    assert not refused("account 1")


def test_half_of_the_threads_stay_free() -> None:
    with ExitStack() as stack:
        for number in range(8):
            stack.enter_context(waiting(f"account {number}"))
        assert refused("account 99")
    assert not refused("account 99")


def test_long_waits_leave_room_for_short_ones() -> None:
    with ExitStack() as stack:
        for number in range(6):
            stack.enter_context(waiting(f"account {number}", long=True))
        assert refused("account 99", long=True)
        assert not refused("account 99")


def test_error_frees_the_place() -> None:
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), waiting("account 1"):
            raise ZeroDivisionError


def test_single_thread_allows_one_waiting_request(settings: Any) -> None:
    settings.WEB_THREADS = 1
    assert not refused("account 1", long=True)
    with waiting("account 1"):
        assert refused("account 2")


def test_requester_is_an_account_or_an_address(user: User, settings: Any) -> None:
    settings.PROXIES = 1
    request = RequestFactory().get("/", headers={"x-forwarded-for": "198.51.100.7, 192.0.2.1"})
    request.user = AnonymousUser()
    assert requester(request) == "address 192.0.2.1"
    request.user = user
    assert requester(request) == f"account {user.pk}"
