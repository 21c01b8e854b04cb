"""Forms that are sent while a song plays, and a server that cannot be reached, in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Browser, expect

from tests.e2e.browser import PRESS_FIRST, Watched, launched, sign_in
from tests.e2e.player.playing_on import STARTING, bar, is_first, play, plays_on
from tests.e2e.server import Person, Server
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("player")]


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Nothing waits for pages that come without a document, so what is expected of them may take as long as a page."""
    expect.set_options(timeout=STARTING)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched(PRESS_FIRST) as browser:
        yield browser


@pytest.fixture(scope="module")
def owner(server: Server) -> Person:
    return Person(server)


@pytest.fixture(scope="module")
def track(owner: Person, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of a song with stems."""
    path = Path(tmp_path_factory.mktemp("forms")) / "Los Formales - Delta.flac"
    soundfile.write(path, song(60, seed=297), 44_100)
    answer = owner.upload(path, model="compact:2stems")
    assert answer.status_code == 201, answer.text
    owner.wait_until_finished(answer.json()["separation"]["id"])
    return str(answer.json()["track"]["id"])


@pytest.fixture
def listener(chromium: Browser, server: Server, owner: Person) -> Iterator[Watched]:
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800})
    sign_in(watched.page, owner)
    yield watched
    watched.context.close()


def test_form_is_sent_without_ending_the_song(listener: Watched, track: str, owner: Person) -> None:
    page = listener.page
    play(page, track)
    page.locator("main summary").filter(has_text="Add to setlist").click()
    page.get_by_role("link", name="Create a setlist").click()
    page.get_by_label("Name of the new setlist").fill("Saturday & Sunday")
    page.get_by_role("button", name="Create a setlist").click()
    expect(page.get_by_role("status").filter(has_text="Saturday & Sunday")).to_be_visible()
    assert is_first(page)
    plays_on(page, 0)
    (setlist,) = owner.call("GET", "setlists/").json()["results"]
    assert (setlist["title"], setlist["entry_count"]) == ("Saturday & Sunday", 1)

    # What the server refuses is shown as well: the setlist has gone in another tab.
    page.goto(f"/tracks/{track}/")
    play(page, track)
    page.locator("main summary").filter(has_text="Add to setlist").click()
    owner.call("DELETE", f"setlists/{setlist['id']}/")
    page.get_by_role("button", name="Saturday & Sunday").click()
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert is_first(page)
    plays_on(page, 0)
    assert [fault for fault in listener.faults if "404" not in fault] == []


def test_forms_that_change_the_whole_website_end_the_song(
    chromium: Browser, server: Server, track: str
) -> None:
    listener = Watched(chromium, server)
    page = listener.page
    sign_in(page, Person(server))  # somebody else: the language is kept for each
    play(page, track)
    page.get_by_role("button", name="Español").click()
    expect(page.get_by_role("link", name="Añadir una canción")).to_be_visible()
    assert not is_first(page)

    play(page, track)
    page.get_by_role("navigation", name="Tú").locator("summary").click()
    page.get_by_role("button", name="Salir").click()
    expect(page.get_by_role("link", name="Entrar")).to_be_visible()
    assert not is_first(page)
    assert listener.faults == []
    listener.context.close()


def test_page_stays_and_the_song_goes_on_where_the_server_cannot_be_reached(
    listener: Watched, track: str
) -> None:
    page = listener.page
    play(page, track)
    listener.context.set_offline(True)
    artist = page.locator(".track-header").get_by_role("link", name="Los Formales")
    artist.click()
    expect(bar(page).get_by_text("The server cannot be reached. Try again.")).to_be_visible()
    expect(page.locator("[data-mini-status]")).to_have_text("The server cannot be reached. Try again.")
    expect(page.locator("main .player")).to_be_visible()
    bar(page).get_by_role("button", name="Hide the message").click()
    expect(bar(page)).to_be_hidden()
    assert is_first(page)

    listener.context.set_offline(False)
    artist.click()
    expect(page.get_by_role("heading", name="Los Formales", level=1)).to_be_visible()
    assert is_first(page)
    plays_on(page, 0)
    assert [fault for fault in listener.faults if "ERR_INTERNET_DISCONNECTED" not in fault] == []
