"""Files that have to be made first: what programs, patient ones and others, and people's browsers get meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Rendition
from catalog.storage.encoding_pool import pool
from catalog.storage.renditions import _exclusive
from separation.delivery.downloads import stem_recipe
from separation.models import Separation
from tests.factories import make_audio, make_separation, make_track

pytestmark = pytest.mark.django_db(transaction=True)

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
ADDRESSES = ["stem", "archive", "mix"]


@pytest.fixture(autouse=True)
def impatient(settings: Any) -> Iterator[None]:
    settings.ENCODING_WAIT_SECONDS = 0.05
    yield
    assert pool.wait_until_idle(30)


@pytest.fixture
def separation(user: User) -> Separation:
    return make_separation(make_track(user, audio=make_audio(1.0, stored=True)), stored=True)


@pytest.fixture
def address(separation: Separation) -> Callable[[str], str]:
    def of(what: str) -> str:
        stem = separation.stems.get(name="vocals")
        paths = {
            "stem": f"/api/v1/stems/{stem.pk}/audio/?codec=mp3",
            "archive": f"/api/v1/separations/{separation.pk}/archive/?codec=mp3",
            "mix": f"/api/v1/separations/{separation.pk}/mix/?accompaniment=0&codec=mp3",
        }
        return paths[what]

    return of


@contextmanager
def held(separation: Separation) -> Iterator[None]:
    """Somebody else makes the vocals as MP3, and is not done before the block ends."""
    track = separation.mixture.tracks.get()
    with _exclusive(stem_recipe(separation.stems.get(name="vocals"), track, "mp3", None).lock_name):
        yield


def sent(answer: Any) -> Any:
    """The answer, with its body taken, so that no file stays open."""
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer


@pytest.mark.parametrize("what", ADDRESSES)
def test_long_encoding_answers_503_and_later_the_file(
    api_of: Any, user: User, separation: Separation, address: Callable[[str], str], what: str
) -> None:
    client: APIClient = api_of(user)
    with held(separation):
        answer = client.get(address(what))
        assert (answer.status_code, answer.json()["code"]) == (503, "encoding_in_progress")
        assert int(answer["Retry-After"]) > 0
        assert answer.json()["detail"]
    assert pool.wait_until_idle(30)
    assert sent(client.get(address(what))).status_code == 200


@pytest.mark.parametrize("what", ADDRESSES)
def test_respond_async_returns_202_with_progress(
    api_of: Any, user: User, separation: Separation, address: Callable[[str], str], what: str, settings: Any
) -> None:
    settings.WAITING_PER_PERSON = 0  # which takes no place of those who wait
    client: APIClient = api_of(user)
    with held(separation):
        answer = client.get(address(what), headers={"Prefer": "respond-async"})
        assert (answer.status_code, answer["Preference-Applied"]) == (202, "respond-async")
        assert answer["Location"] == f"http://testserver{address(what)}"
        assert answer["Cache-Control"] == "no-store"
        assert 0 <= answer.json()["progress"] < 1
    assert pool.wait_until_idle(30)
    assert sent(client.get(address(what), headers={"Prefer": "respond-async"})).status_code == 200


@pytest.mark.parametrize("what", ADDRESSES)
def test_browser_gets_a_page_that_downloads_the_file(
    user: User, separation: Separation, address: Callable[[str], str], what: str, settings: Any
) -> None:
    settings.WAITING_PER_PERSON = 0
    browser = Client()
    browser.force_login(user)
    with held(separation):
        page = browser.get(address(what), headers=BROWSER)
        assert page.status_code == 202
        assert page["Content-Type"].startswith("text/html")
        assert int(page["Refresh"]) > 0
        assert "Your file is being prepared" in page.content.decode()
        assert "%" in page.content.decode()
    assert pool.wait_until_idle(30)
    file = sent(browser.get(address(what), headers=BROWSER))
    assert (file.status_code, file["Content-Disposition"][:11]) == (200, "attachment;")


def test_browser_gets_a_page_that_retries_when_busy(
    user: User, address: Callable[[str], str], settings: Any
) -> None:
    settings.ENCODINGS_PER_PERSON = 0
    browser = Client()
    browser.force_login(user)
    page = browser.get(address("stem"), headers=BROWSER)
    assert (page.status_code, page["Refresh"]) == (503, page["Retry-After"])
    assert "tries again automatically" in page.content.decode()


@pytest.mark.parametrize("what", ADDRESSES)
def test_too_many_encodings_answer_503_busy(
    api_of: Any, user: User, address: Callable[[str], str], what: str, settings: Any
) -> None:
    settings.ENCODINGS_PER_PERSON = 0
    for headers in ({}, {"Prefer": "respond-async"}):
        answer = api_of(user).get(address(what), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer["Retry-After"]) > 0
    assert not Rendition.objects.exists()


def test_visitors_are_limited_by_address(
    api: APIClient, separation: Separation, address: Callable[[str], str], settings: Any
) -> None:
    settings.ENCODINGS_PER_PERSON = 1
    with held(separation):
        first = api.get(address("stem"), REMOTE_ADDR="192.0.2.1")
        assert first.json()["code"] == "encoding_in_progress"
        more = f"{address('stem')}&bitrate=96"
        assert api.get(more, REMOTE_ADDR="192.0.2.1").json()["code"] == "busy"
        assert api.get(more, REMOTE_ADDR="192.0.2.2").json()["code"] == "encoding_in_progress"


def test_other_errors_are_the_same_for_browsers(user: User, address: Callable[[str], str]) -> None:
    browser = Client()
    browser.force_login(user)
    answer = browser.get(f"{address('stem')}&bitrate=1", headers=BROWSER)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_bitrate")


def test_player_gets_503_with_retry_after(user: User, separation: Separation, settings: Any) -> None:
    browser = Client()
    browser.force_login(user)
    separation.mixture.tracks.update(visibility="private")
    playlist = browser.get(f"/tracks/{separation.mixture.tracks.get().pk}.m3u8").content.decode()
    (address, *_rest) = [line for line in playlist.splitlines() if "/listen/" in line]
    with held(separation):
        answer = Client().get(address)
        assert answer.status_code == 503
        assert int(answer["Retry-After"]) > 0
    assert pool.wait_until_idle(30)
    assert sent(Client().get(address)).status_code == 200
