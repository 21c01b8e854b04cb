"""Sessions that end elsewhere, in the database or by the account, are over at the next request of a running process."""

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import User

PASSWORD = "a long enough one"


def is_signed_in(client: Client) -> bool:
    return client.get("/accounts/profile/").status_code == 200


@pytest.fixture
def browser(client: Client, user: User) -> Client:
    """Somebody who signed in and whose session this process has read before."""
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert is_signed_in(client)
    assert is_signed_in(client)
    return client


def delete_sessions(_user: User) -> None:
    Session.objects.all().delete()


def change_password(user: User) -> None:
    user.set_password("quite another one")
    User.objects.filter(pk=user.pk).update(password=user.password)


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("end", [delete_sessions, change_password, deactivate])
def test_session_ended_in_database_signs_out_at_next_request(
    browser: Client, user: User, end: Callable[[User], None]
) -> None:
    end(user)
    answer = browser.get("/accounts/profile/")
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "/accounts/login/?next=/accounts/profile/",
    )
