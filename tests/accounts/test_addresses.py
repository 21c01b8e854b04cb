"""Another e-mail address: with the password, confirmed, and told to the old one."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.outgoing_mail import executor
from accounts.tokens import pair_for

EMAIL = "/accounts/email/"
PASSWORD = "a long enough one"


def delivered() -> list[Any]:
    executor.submit(lambda: None).result(10)
    return list(mail.outbox)


@pytest.fixture
def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def confirm_password(client: Client, answer: Any, password: str = PASSWORD) -> Any:
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    return client.post(answer.headers["Location"], {"password": password})


def add(client: Client, address: str = "new@example.org") -> Any:
    return confirm_password(client, client.post(EMAIL, {"email": address, "action_add": ""}))


def confirm(address: str) -> None:
    letter = [letter for letter in delivered() if letter.to == [address]][-1]
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", letter.body)
    assert link
    assert Client().post(link[1]).status_code == 302


@pytest.mark.parametrize("action", ["action_add", "action_primary", "action_remove"])
def test_address_change_requires_reauthentication(browser: Client, user: User, action: str) -> None:
    EmailAddress.objects.create(user=user, email=user.email, primary=True)
    EmailAddress.objects.create(user=user, email="second@example.org", verified=True)
    address = "third@example.org" if action == "action_add" else "second@example.org"
    before = list(EmailAddress.objects.values_list("email", "primary"))
    answer = browser.post(EMAIL, {"email": address, action: ""})
    wrong = confirm_password(browser, answer, "a wrong one")
    assert wrong.status_code == 200
    user.refresh_from_db()
    assert list(EmailAddress.objects.values_list("email", "primary")) == before
    assert user.email == "ana@example.org"


@pytest.mark.parametrize("verification", [False, True])
def test_new_address_becomes_primary_only_after_confirmation(
    browser: Client, user: User, settings: Any, verification: bool
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory" if verification else "none"
    add(browser)
    page = browser.post(EMAIL, {"email": "new@example.org", "action_primary": ""}, follow=True)
    assert "Confirm this address first" in page.content.decode()
    user.refresh_from_db()
    assert user.email == "ana@example.org"
    confirm("new@example.org")
    user.refresh_from_db()
    assert user.email == "ana@example.org"
    browser.post(EMAIL, {"email": "new@example.org", "action_primary": ""})
    user.refresh_from_db()
    assert user.email == "new@example.org"
    if not verification:
        signed_in = APIClient().post(
            "/api/v1/auth/token/", {"email": "new@example.org", "password": PASSWORD}
        )
        assert signed_in.status_code == 200


@pytest.mark.parametrize(
    ("language", "words"), [("", "no longer with ana@example.org"), ("es", "ana@example.org")]
)
def test_address_change_notifies_old_address(browser: Client, user: User, language: str, words: str) -> None:
    User.objects.update(language=language)
    add(browser)
    confirm("new@example.org")
    browser.post(EMAIL, {"email": "new@example.org", "action_primary": ""})
    told = [letter for letter in delivered() if letter.to == ["ana@example.org"]]
    assert len(told) == 1
    assert words in told[0].body
    assert "127.0.0.1" in told[0].body
    browser.post(EMAIL, {"email": "ana@example.org", "action_remove": ""})
    assert [letter.to for letter in delivered()][-1] == ["new@example.org"]
    assert "ana@example.org" in delivered()[-1].body


def test_address_change_invalidates_reset_links(browser: Client, user: User) -> None:
    Client().post("/accounts/password/reset/", {"email": user.email})
    link = re.search(r"http://testserver(/\S+reset/key/\S+)", delivered()[0].body)
    assert link
    add(browser)
    assert "no longer works" in Client().get(link[1], follow=True).content.decode()


def test_primary_address_of_another_account_is_refused(browser: Client, user: User, other: User) -> None:
    add(browser, other.email)
    EmailAddress.objects.filter(email=other.email).update(verified=True)
    page = browser.post(EMAIL, {"email": other.email, "action_primary": ""}, follow=True)
    assert "already has an account" in page.content.decode()
    user.refresh_from_db()
    assert user.email == "ana@example.org"


@pytest.mark.parametrize("password", ["changed", "reset"])
def test_password_change_notifies_owner(browser: Client, user: User, password: str) -> None:
    if password == "changed":
        form = {"oldpassword": PASSWORD, "password1": "another long one", "password2": "another long one"}
        assert browser.post("/accounts/password/change/", form).status_code == 302
    else:
        Client().post("/accounts/password/reset/", {"email": user.email})
        link = re.search(r"http://testserver(/\S+reset/key/\S+)", delivered()[0].body)
        assert link
        visitor = Client()
        form = {"password1": "another long one", "password2": "another long one"}
        visitor.post(visitor.get(link[1], follow=True).request["PATH_INFO"], form)
    assert delivered()[-1].to == [user.email]
    assert delivered()[-1].subject == "Your password at Stemoteca was changed"


def test_api_cannot_change_address(user: User) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair_for(user)['access']}")
    for body in ({"email": "new@example.org"}, {"email": "new@example.org", "display_name": "A"}):
        assert client.patch("/api/v1/me/", body).status_code == 200
    user.refresh_from_db()
    assert user.email == "ana@example.org"
    assert not EmailAddress.objects.filter(email="new@example.org").exists()


def test_reauthentication_counts_as_password_attempt(browser: Client, user: User) -> None:
    answer = browser.post(EMAIL, {"email": "new@example.org", "action_add": ""})
    seen = [
        browser.post(answer.headers["Location"], {"password": f"wrong {n}"}).status_code for n in range(12)
    ]
    assert seen == [200] * 10 + [429] * 2
