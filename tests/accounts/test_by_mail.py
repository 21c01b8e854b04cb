"""The way in by e-mail: for people without their password, and for people under attack."""

import re
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.outgoing_mail import executor
from tests.accounts.sign_in import IN, WAIT, outcome, tries, website

CODE = "/accounts/login/code/"
CONFIRM = "/accounts/login/code/confirm/"
RESET = "/accounts/password/reset/"
NEW = {"password1": "another long one", "password2": "another long one"}


def delivered() -> list[Any]:
    """Return all letters, once they were sent."""
    executor.submit(lambda: None).result(10)
    return list(mail.outbox)


def at(address: str) -> Client:
    return Client(REMOTE_ADDR=address)


def link_in(letter: Any) -> str:
    found = re.search(r"http://testserver(/\S+)", str(letter.body))
    assert found
    return found[1]


def code_in(letter: Any) -> str:
    found = re.search(r"^[A-Z]{4}-[A-Z]{4}$", str(letter.body), re.MULTILINE)
    assert found
    return found[0]


def choose_password(client: Client, link: str) -> Any:
    form = client.get(link, follow=True)
    return client.post(form.request["PATH_INFO"], NEW)


@pytest.mark.parametrize("language", ["en", "es"])
def test_login_code_signs_in_requesting_browser(user: User, language: str) -> None:
    browser = Client(headers={"accept-language": language})
    page = browser.post(CODE, {"email": "ANA@example.org ", "next": "/artists/"}, follow=True)
    assert 'name="code"' in page.content.decode()
    letter = delivered()[0]
    assert letter.to == [user.email]
    answer = browser.post(CONFIRM + "?next=/artists/", {"code": code_in(letter).lower()})
    assert answer.headers["Location"] == "/artists/"
    assert browser.get("/api/v1/me/").json()["email"] == user.email


def test_login_code_fails_in_other_browser_and_after_three_wrong_ones(user: User) -> None:
    asked, elsewhere = Client(), Client()
    asked.post(CODE, {"email": user.email})
    code = code_in(delivered()[0])
    elsewhere.post(CODE, {"email": user.email})
    assert elsewhere.post(CONFIRM, {"code": code}).status_code == 200
    for _attempt in range(3):
        asked.post(CONFIRM, {"code": "BBBB-BBBB"})
    assert asked.post(CONFIRM, {"code": code}).status_code == 302
    assert asked.get("/api/v1/me/").status_code == 401


def test_login_code_can_be_requested_again(client: Client, user: User) -> None:
    client.post(CODE, {"email": "mistyped@example.org"})
    answer = client.post("/accounts/logout/", {"next": CODE}, follow=True)
    assert answer.request["PATH_INFO"] == CODE
    client.post(CODE, {"email": user.email})
    assert client.post(CONFIRM, {"code": code_in(delivered()[-1])}).headers["Location"] == "/"


def test_login_code_works_while_passwords_from_same_address_are_locked(user: User) -> None:
    tries(website, at("192.0.2.1"), user.email, 40)
    owner = at("192.0.2.1")
    assert outcome(website(owner, user.email, "a long enough one")) == WAIT
    owner.post(CODE, {"email": user.email})
    assert owner.post(CONFIRM, {"code": code_in(delivered()[0])}).status_code == 302
    owner.post("/accounts/logout/")
    assert outcome(website(owner, user.email, "a long enough one")) == IN


def test_reset_link_works_after_login_codes_are_exhausted(user: User) -> None:
    """The attacker shares the owner's address, and asks for everything that can be asked for."""
    attacker, owner = at("192.0.2.1"), at("192.0.2.1")
    tries(website, attacker, user.email, 40)
    for _attempt in range(20):
        at("192.0.2.1").post(CODE, {"email": user.email})
        attacker.post(RESET, {"email": user.email})
        attacker.post(RESET, {"email": "nobody@example.org"})
    refused = owner.post(CODE, {"email": user.email})
    assert refused.status_code == 429
    assert RESET in refused.content.decode()
    assert owner.post(RESET, {"email": user.email}).status_code == 302
    links = [letter for letter in delivered() if letter.to == [user.email] and "/reset/key/" in letter.body]
    assert len(links) == 5
    answer = choose_password(owner, link_in(links[2]))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert owner.get("/api/v1/me/").json()["email"] == user.email
    owner.post("/accounts/logout/")
    tries(website, attacker, user.email, 40)
    assert outcome(website(owner, user.email, NEW["password1"])) == IN


def test_signing_in_resets_limit_of_reset_links(client: Client, user: User) -> None:
    for _attempt in range(7):
        at("192.0.2.1").post(RESET, {"email": user.email})
    website(client, user.email, "a long enough one")
    at("192.0.2.1").post(RESET, {"email": user.email})
    letters = delivered()
    assert len(letters) == 6
    assert "no longer works" in Client().get(link_in(letters[0]), follow=True).content.decode()
    assert "New password" in Client().get(link_in(letters[5]), follow=True).content.decode()


def test_login_codes_are_limited_per_address_and_expire(user: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        seen = [at(f"10.0.0.{n // 5}").post(CODE, {"email": user.email}).status_code for n in range(40)]
        assert seen == [302] * 30 + [429] * 10
        clock.shift(3_601)
        assert at("10.0.0.1").post(CODE, {"email": user.email}).status_code == 302
    assert len(delivered()) == 31


def test_mails_to_addresses_without_account_are_limited_per_network(db: None) -> None:
    for number in range(20):
        assert at("192.0.2.1").post(RESET, {"email": f"stranger{number}@example.org"}).status_code == 302
        assert at("192.0.2.1").post(RESET, {"email": "same@example.org"}).status_code == 302
    assert len(delivered()) == 5


@pytest.mark.parametrize("path", [CODE, RESET])
def test_responses_for_known_and_unknown_addresses_are_identical(user: User, path: str) -> None:
    User.objects.create_user("closed@example.org", "a long enough one", is_active=False)
    pages = []
    for address in (user.email, "nobody@example.org", "closed@example.org"):
        client = at("192.0.2.1")
        first = client.post(path, {"email": address})
        page = client.get(first.headers["Location"]).content.decode().replace(address, "")
        pages.append(
            (first.status_code, first.headers["Location"], re.sub(r'(nonce|value)="[^"]{20,}"', "", page))
        )
    assert pages[0] == pages[1] == pages[2]


def test_unconfirmed_secondary_address_gets_no_login_code_or_link(user: User) -> None:
    EmailAddress.objects.create(user=user, email="typo@example.org", verified=False)
    EmailAddress.objects.create(user=user, email="second@example.org", verified=True)
    for path in (CODE, RESET):
        Client().post(path, {"email": "typo@example.org"})
        Client().post(path, {"email": "second@example.org"})
    kinds = [(letter.to[0], letter.subject) for letter in delivered()]
    assert kinds == [
        ("typo@example.org", "No account at Stemoteca with this address"),
        ("second@example.org", "Your code for Stemoteca"),
        ("typo@example.org", "No account at Stemoteca with this address"),
        ("second@example.org", "Your new password for Stemoteca"),
    ]


def test_mail_failure_is_logged_and_request_succeeds(
    client: Client, user: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert client.post(RESET, {"email": user.email}).status_code == 302
    delivered()
    assert "sending mail failed" in caplog.text
