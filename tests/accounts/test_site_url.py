"""Links in e-mails lead to ``STEMOTECA_URL``, whatever address the request was sent to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import outgoing_mail
from accounts.models import User
from accounts.site_url import absolute_url

SITE = "https://stems.example"
PASSWORD = "a long enough one"


def sent(mailoutbox: list[Any]) -> str:
    """Return the text of the only message."""
    outgoing_mail.executor.submit(lambda: None).result(10)
    [message] = mailoutbox
    return str(message.body)


def reset_password(client: Client, email: str) -> None:
    client.post("/accounts/password/reset/", {"email": email})


def reset_password_of_stranger(client: Client, _email: str) -> None:
    client.post("/accounts/password/reset/", {"email": "nobody@example.org"})


def register_by_api(client: Client, _email: str) -> None:
    sent = {"email": "new@example.org", "password": PASSWORD}
    client.post("/api/v1/auth/register/", sent, content_type="application/json")


def register_known_address_by_api(client: Client, email: str) -> None:
    client.post(
        "/api/v1/auth/register/", {"email": email, "password": PASSWORD}, content_type="application/json"
    )


def change_password(client: Client, email: str) -> None:
    client.force_login(User.objects.get(email=email))
    new = "quite another one"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})


@pytest.mark.parametrize(
    ("act", "path"),
    [
        (reset_password, "/accounts/password/reset/key/"),
        (reset_password_of_stranger, "/accounts/signup/"),
        (register_by_api, "/accounts/confirm-email/"),
        (register_known_address_by_api, "/accounts/password/reset/"),
        (change_password, "/accounts/password/reset/"),
    ],
)
@pytest.mark.parametrize("site", [SITE, ""])
def test_mail_links_to_site_url_else_to_address_of_request(
    client: Client,
    user: User,
    mailoutbox: list[Any],
    settings: Any,
    act: Callable[[Client, str], None],
    path: str,
    site: str,
) -> None:
    settings.SITE_URL = settings.SITE_ORIGIN = site
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    act(client, user.email)
    text = sent(mailoutbox)
    assert f"{site or 'http://testserver'}{path}" in text
    assert ("testserver" in text) == (not site)
    assert ("stems.example" in text) == bool(site)


def test_absolute_url_of_paths_and_addresses(settings: Any) -> None:
    settings.SITE_URL = settings.SITE_ORIGIN = SITE
    assert absolute_url("/tracks/1/?a=b#c") == "https://stems.example/tracks/1/?a=b#c"
    assert absolute_url("http://127.0.0.1:8000/tracks/1/") == "https://stems.example/tracks/1/"
    settings.SITE_URL = settings.SITE_ORIGIN = ""
    assert absolute_url("/tracks/1/") == ""
