"""A form that was sent without a session is carried out after signing in; what is no page says so."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import Like, Setlist, Wish, WishVoice
from tests.factories import make_track

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough one"


def post(client: Client, address: str, **fields: str) -> str:
    """Send a form with its token, as a browser does; returns where the browser is sent."""
    page = client.get(reverse("account_login")).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    body = urlencode(fields | {"csrfmiddlewaretoken": token[1]})
    answer = client.post(address, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def sign_in(client: Client, address: str, email: str) -> str:
    target = post(client, address, login=email, password=PASSWORD, next=reverse("continue"))
    assert target == reverse("continue")
    answer = client.get(target)
    assert answer.status_code == 302
    return str(answer["Location"])


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def test_visitor_post_is_submitted_after_sign_in(browser: Client, user: User) -> None:
    wish = Wish.objects.create(artist="Ana", title="Barquito", wanted=1)
    login = post(browser, reverse("wish-voice", args=[wish.pk]))
    assert login == f"{reverse('account_login')}?next={reverse('continue')}"
    assert sign_in(browser, login, user.email) == reverse("wishes")
    assert WishVoice.objects.filter(wish=wish, user=user).count() == 1
    page = browser.get(reverse("wishes")).content.decode()
    assert "You want it" in page
    assert "Done, now that you are signed in." in page


def test_post_after_expired_session_returns_to_its_page(browser: Client, user: User) -> None:
    track = make_track(user)
    login = post(browser, reverse("like"), like=str(track.pk), next="/?q=boat")
    assert sign_in(browser, login, user.email) == "/?q=boat"
    assert Like.objects.filter(track=track, user=user).count() == 1


def test_form_fields_survive_sign_in(browser: Client, user: User) -> None:
    login = post(browser, reverse("wish-new"), artist="Ana", title="Ñandú y 100 % más")
    assert sign_in(browser, login, user.email) != reverse("home")
    assert Wish.objects.get().title == "Ñandú y 100 % más"


def test_pending_action_is_submitted_once(browser: Client, user: User) -> None:
    login = post(browser, reverse("setlists"), title="Saturday")
    assert sign_in(browser, login, user.email) != reverse("home")
    assert browser.get(reverse("continue"))["Location"] == reverse("home")
    assert Setlist.objects.count() == 1


def test_pending_action_expires(browser: Client, user: User) -> None:
    login = post(browser, reverse("setlists"), title="Saturday")
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert sign_in(browser, login, user.email) == reverse("home")
    assert not Setlist.objects.exists()


def test_refused_pending_action_shows_its_error(browser: Client, user: User) -> None:
    login = post(browser, reverse("setlists"), title=" ")
    page = browser.get(sign_in(browser, login, user.email)).content.decode()
    assert "note bad" in page
    assert "Done, now" not in page


@pytest.mark.parametrize("door", ["account_login", "account_signup"])
def test_pending_action_is_discarded_by_other_sign_in(browser: Client, user: User, door: str) -> None:
    post(browser, reverse("setlists"), title="Saturday")
    fields = {"login": user.email, "email": "new@example.org", "display_name": "New", "name": "New"}
    post(browser, reverse(door), password=PASSWORD, password1=PASSWORD, **fields)
    assert "_auth_user_id" in browser.session
    assert browser.get(reverse("continue"))["Location"] == reverse("home")
    assert not Setlist.objects.exists()


def test_pending_action_on_foreign_setlist_is_refused(browser: Client, user: User, other: User) -> None:
    setlist = Setlist.objects.create(owner=other, title="Saturday")
    login = post(browser, reverse("setlist-change", args=[setlist.pk]), do="delete")
    target = post(browser, login, login=user.email, password=PASSWORD, next=reverse("continue"))
    assert browser.get(target).status_code == 404
    assert Setlist.objects.filter(pk=setlist.pk).exists()


def test_post_without_csrf_token_is_not_stored(browser: Client, user: User) -> None:
    assert browser.post(reverse("setlists"), {"title": "Saturday"}).status_code == 403
    assert not browser.session.keys()


def test_too_long_form_returns_to_its_page(browser: Client, user: User) -> None:
    login = post(browser, reverse("wish-new"), artist="Ana", title="x" * 30_000)
    assert login == f"{reverse('account_login')}?next={reverse('wish-new')}"
    assert not browser.session.keys()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "This address is not a page"), ("es", "Esta dirección no es una página")],
)
def test_method_not_allowed_page_is_translated(
    client: Client, user: User, language: str, sentence: str
) -> None:
    wish = Wish.objects.create(artist="Ana", title="Barquito", wanted=1)
    client.force_login(user)
    address = reverse("wish-voice", args=[wish.pk])
    answer = client.get(address, headers={"Accept-Language": language})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert sentence in answer.content.decode()
    assert client.head(address).content == b""


def test_method_not_allowed_in_api_is_json(client: Client) -> None:
    answer = client.delete("/api/v1/models/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
