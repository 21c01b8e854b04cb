"""Making an account by the API."""

from typing import Any

import pytest
from django.core import mail
from rest_framework.test import APIClient

from accounts.models import User
from accounts.outgoing_mail import executor

REGISTER = "/api/v1/auth/register/"
NEW = {"email": "New@Example.org", "password": "quite a long one", "display_name": "Nuria"}


@pytest.mark.django_db
def test_registered_account_can_sign_in_at_once(api: APIClient) -> None:
    answer = api.post(REGISTER, NEW)
    assert answer.status_code == 201
    user = User.objects.get()
    assert answer.json() == {
        "id": str(user.pk),
        "email": "new@example.org",
        "display_name": "Nuria",
        "confirm_by_email": False,
    }
    signed_in = api.post("/api/v1/auth/token/", {"email": NEW["email"], "password": NEW["password"]})
    assert signed_in.status_code == 200


@pytest.mark.django_db
def test_registration_ignores_staff_fields(api: APIClient) -> None:
    more = {"is_staff": True, "is_superuser": True, "stored_bytes": 5, "id": "1"}
    assert api.post(REGISTER, NEW | more).status_code == 201
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.stored_bytes) == (False, False, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "a\u0000@example.org"}, "email"),
        ({"email": f"{'a' * 250}@example.org"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "password1"}, "password"),
        ({"password": "new@example.org"}, "password"),
        ({"password": "x" * 1_001}, "password"),
        ({"password": ["a long", "list"]}, "password"),
        ({"display_name": "x" * 81}, "display_name"),
    ],
)
def test_registration_errors_are_listed_by_field(api: APIClient, change: dict[str, Any], field: str) -> None:
    answer = api.post(REGISTER, NEW | change)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert list(answer.json()["fields"]) == [field]
    assert not User.objects.exists()


def test_registration_of_known_address_fails_without_verification(api: APIClient, user: User) -> None:
    answer = api.post(REGISTER, NEW | {"email": user.email.upper()})
    assert answer.status_code == 400
    assert "email" in answer.json()["fields"]


def test_registration_of_known_address_looks_new_with_verification(
    api: APIClient, user: User, settings: Any
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    known = api.post(REGISTER, NEW | {"email": user.email})
    new = api.post(REGISTER, NEW)
    assert (known.status_code, new.status_code) == (201, 201)
    assert known.json() | {"email": ""} == new.json() | {"email": ""}
    executor.submit(lambda: None).result(10)  # mail is sent beside the request
    assert [message.to for message in mail.outbox] == [[user.email], ["new@example.org"]]
    assert user.check_password("a long enough one")


@pytest.mark.django_db
def test_registration_disabled_returns_403(api: APIClient, settings: Any) -> None:
    settings.REGISTRATION = False
    answer = api.post(REGISTER, NEW)
    assert answer.status_code == 403
    assert answer.json()["code"] == "registration_closed"
    assert not User.objects.exists()


def test_registration_allows_post_only(api: APIClient, db: None) -> None:
    assert api.get(REGISTER).status_code == 405
