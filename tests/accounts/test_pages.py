"""Signing up, in and out on the website, one's own account, and the language of the pages."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.outgoing_mail import executor
from catalog.models import Visibility
from tests.factories import make_track

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough one"


def test_signup_page_signs_in(client: Client) -> None:
    form = {"email": "New@Example.org", "password1": PASSWORD, "display_name": "Nuria"}
    answer = client.post("/accounts/signup/?next=/artists/", form)
    assert answer.headers["Location"] == "/artists/"
    assert User.objects.get().email == "new@example.org"
    assert "Nuria" in client.get("/").content.decode()


def test_signup_page_with_registration_disabled(client: Client, settings: Any) -> None:
    settings.REGISTRATION = False
    assert "Registration is closed" in client.get("/accounts/signup/").content.decode()


def test_login_and_logout_pages(client: Client, user: User) -> None:
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/"
    assert "Sign out" in client.get("/").content.decode()
    assert client.post("/accounts/logout/").status_code == 302
    assert "Sign in" in client.get("/").content.decode()


def test_login_page_with_wrong_password_shows_error(client: Client, user: User) -> None:
    answer = client.post("/accounts/login/", {"login": user.email, "password": "wrong"})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()


def test_password_reset_by_mail(client: Client, user: User) -> None:
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    answer = client.post("/accounts/password/reset/", {"email": user.email}, follow=True)
    assert "Check your e-mail" in answer.content.decode()
    executor.submit(lambda: None).result(10)  # mail is sent beside the request
    letter = mail.outbox[0]
    assert letter.subject == "Your new password for Stemoteca"
    link = re.search(r"http://testserver(/\S+)", str(letter.body))
    assert link
    form = client.get(link[1], follow=True)
    assert "New password" in form.content.decode()
    again = {"password1": "another long one", "password2": "another long one"}
    done = client.post(form.request["PATH_INFO"], again, follow=True)
    assert "Your password is changed" in done.content.decode()
    user.refresh_from_db()
    assert user.check_password("another long one")
    assert "This link no longer works" in Client().get(link[1], follow=True).content.decode()


def test_password_reset_for_unknown_address_looks_the_same(client: Client) -> None:
    answer = client.post("/accounts/password/reset/", {"email": "nobody@example.org"}, follow=True)
    assert "Check your e-mail" in answer.content.decode()


@pytest.mark.parametrize(
    "address",
    ["login/", "signup/", "password/reset/", "password/reset/done/", "confirm-email/", "inactive/"],
)
def test_visitor_pages_use_site_layout(client: Client, address: str) -> None:
    answer = client.get(f"/accounts/{address}")
    assert answer.status_code == 200
    assert 'class="brand"' in answer.content.decode()


@pytest.mark.parametrize("address", ["password/change/", "email/", "logout/", "profile/"])
def test_account_pages_use_site_layout(client: Client, user: User, address: str) -> None:
    client.force_login(user)
    answer = client.get(f"/accounts/{address}")
    assert answer.status_code == 200
    assert 'class="brand"' in answer.content.decode()


def test_profile_page_shows_uploads_and_quota(client: Client, user: User, other: User) -> None:
    make_track(user, title="Mine", visibility=Visibility.PRIVATE)
    make_track(other, title="Theirs")
    User.objects.filter(pk=user.pk).update(stored_bytes=1_500_000_000)
    client.force_login(user)
    page = client.get("/accounts/profile/").content.decode()
    assert "Mine" in page
    assert "Theirs" not in page
    assert "1.5 GB of 50 GB" in page


def test_profile_page_saves_name_and_language(client: Client, user: User) -> None:
    client.force_login(user)
    answer = client.post("/accounts/profile/", {"display_name": "Anita", "language": "es"})
    assert answer.status_code == 302
    user.refresh_from_db()
    assert (user.display_name, user.language) == ("Anita", "es")
    assert '<html lang="es">' in client.get("/").content.decode()
    client.post("/accounts/profile/", {"display_name": "Anita", "language": ""})
    assert '<html lang="en">' in client.get("/").content.decode()


def test_profile_page_requires_login(client: Client) -> None:
    assert client.get("/accounts/profile/").headers["Location"] == "/accounts/login/?next=/accounts/profile/"


def test_language_switch_sets_cookie_and_account(client: Client, user: User) -> None:
    client.force_login(user)
    answer = client.post("/accounts/language/", {"language": "es", "next": "/artists/"})
    assert answer.headers["Location"] == "/artists/"
    assert '<html lang="es">' in client.get("/artists/").content.decode()
    user.refresh_from_db()
    assert user.language == "es"


@pytest.mark.parametrize("form", [{"language": "xx"}, {"language": "es", "next": "https://evil.example/"}])
def test_language_switch_rejects_foreign_redirect(client: Client, form: dict[str, str]) -> None:
    assert client.post("/accounts/language/", form).headers["Location"] == "/"


def test_accept_language_header_selects_language(client: Client) -> None:
    page = client.get("/", headers={"accept-language": "es-AR,es;q=0.9"}).content.decode()
    assert '<html lang="es">' in page


def test_login_restores_language_of_account(client: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(language="es")
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert '<html lang="es">' in client.get("/").content.decode()
