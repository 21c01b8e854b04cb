"""A song that plays on while somebody looks at other pages, and the queue, in a real Chromium.

The browser lets nothing sound before somebody presses a key.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import PRESS_FIRST, TOO_SMALL, Watched, launched, sign_in
from tests.e2e.player.playing_on import HEARD, STARTING, bar, is_first, play, plays_on
from tests.e2e.server import Person, Server
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("player")]

SONGS = {"Aurora": (60, "compact:2stems"), "Brisa": (3, "compact:2stems"), "Cumbre": (3, "none")}
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


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
def tracks(owner: Person, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The ids of songs by their titles; the last one has not been separated."""
    folder = Path(tmp_path_factory.mktemp("queue"))
    made = {}
    for number, (title, (seconds, model)) in enumerate(SONGS.items()):
        path = folder / f"Orfeón - {title}.flac"
        soundfile.write(path, song(seconds, seed=290 + number), 44_100)
        answer = owner.upload(path, model=model)
        assert answer.status_code == 201, answer.text
        made[title] = answer.json()["track"]["id"]
        if model != "none":
            owner.wait_until_finished(answer.json()["separation"]["id"])
    return made


@pytest.fixture
def listener(chromium: Browser, server: Server, owner: Person) -> Iterator[Watched]:
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800})
    sign_in(watched.page, owner)
    yield watched
    assert watched.faults == []
    watched.context.close()


@pytest.fixture
def page(listener: Watched) -> Page:
    return listener.page


def test_song_plays_on_while_one_looks_at_other_pages_and_back(page: Page, tracks: dict[str, str]) -> None:
    play(page, tracks["Aurora"])
    at = plays_on(page, 0)
    page.locator("main .player").evaluate("element => { element.isLiving = true }")
    expect(bar(page)).to_be_hidden()
    page.keyboard.press("-")
    expect(page).to_have_url(f"{page.url.split('?')[0]}?speed=95")

    page.locator(".track-header").get_by_role("link", name="Orfeón").click()
    expect(page.get_by_role("heading", name="Orfeón", level=1)).to_be_visible()
    expect(page).to_have_title("Orfeón · Stemoteca")
    expect(page.locator("main")).to_be_focused()
    assert is_first(page)
    expect(bar(page)).to_be_visible()
    expect(bar(page).get_by_role("link", name="Aurora")).to_be_visible()
    expect(page.locator("[data-mini-status]")).to_have_text("Orfeón · Stemoteca")
    at = plays_on(page, at)
    assert page.evaluate("navigator.mediaSession.metadata.title") == "Aurora"

    # Its keys are off, but for Space; the page's address is its own.
    address = page.url
    page.keyboard.press("-")
    page.keyboard.press("1")
    page.keyboard.press("Space")
    expect(bar(page).get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert page.url == address
    page.keyboard.press("Space")
    expect(bar(page).get_by_role("button", name="Pause")).to_be_visible()
    at = plays_on(page, at)

    page.locator("main").get_by_role("link", name="Aurora").click()
    expect(page.locator("main .player")).to_have_attribute("data-playing", "playing")
    assert page.locator("main .player").evaluate("element => element.isLiving")
    expect(bar(page)).to_be_hidden()
    assert is_first(page)
    expect(page.locator("[data-speed-shows]")).to_have_text("95 %")
    assert page.url.endswith("?speed=95")
    vocals = page.get_by_role("group", name="Vocals").get_by_role("button", name="Mute")
    expect(vocals).to_have_attribute("aria-pressed", "false")
    plays_on(page, at)
    page.keyboard.press("1")
    expect(vocals).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("1")


def test_pages_that_come_without_a_document_have_their_scripts_and_their_history(
    page: Page, tracks: dict[str, str]
) -> None:
    play(page, tracks["Aurora"])
    song_address = page.url
    artists = page.get_by_role("navigation", name="Library").get_by_role("link", name="Artists")
    artists.click()
    expect(page).to_have_url(re.compile("/artists/$"))
    expect(artists).to_have_attribute("aria-current", "page")

    # Suggestions, which lead on without a document as well.
    page.keyboard.press("/")
    page.keyboard.type("orfe")
    page.get_by_role("option", name="Orfeón", exact=True).click()
    expect(page.get_by_role("heading", name="Orfeón", level=1)).to_be_visible()
    heart = page.get_by_role("button", name="I like “Brisa”")
    with page.expect_response("**/api/v1/tracks/*/like/"):
        heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
    assert is_first(page)

    # The search of the front page, by its form and by typing.
    page.get_by_role("searchbox").or_(page.get_by_role("combobox")).fill("brisa")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Search songs, artists, albums")).to_have_value("brisa")
    expect(page.locator("#results").get_by_role("link", name="Brisa")).to_be_visible()
    page.get_by_label("Search songs, artists, albums").fill("cumbre")
    expect(page.locator("#results").get_by_role("link", name="Cumbre")).to_be_visible()
    expect(page).to_have_url(f"{page.url.split('?')[0]}?q=cumbre")
    assert is_first(page)

    page.go_back()
    expect(page.get_by_role("heading", name="Orfeón", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Artists", level=1)).to_be_visible()
    page.go_back()
    expect(page).to_have_url(song_address)
    expect(page.locator("main .player")).to_have_attribute("data-playing", "playing")
    page.go_forward()
    expect(page.get_by_role("heading", name="Artists", level=1)).to_be_visible()
    assert is_first(page)
    plays_on(page, 0)

    # A page of another kind is loaded whole, and so are all once the song is closed.
    bar(page).get_by_role("button", name="Close the player").click()
    expect(bar(page)).to_be_hidden()
    expect(page.locator("main")).to_be_focused()
    page.go_back()
    expect(page.locator("main .player")).to_have_attribute("data-playing", "stopped")
    artists.click()
    expect(page.get_by_role("heading", name="Artists", level=1)).to_be_visible()
    assert not is_first(page)
    page.go_back()
    expect(page).to_have_url(song_address)
    expect(page.locator("main .player")).to_be_visible()


def test_setlist_that_comes_without_a_document_is_moved_and_kept(
    page: Page, tracks: dict[str, str], owner: Person
) -> None:
    setlist = owner.call("POST", "setlists/", json={"title": "Concert"}).json()
    for title in ("Aurora", "Brisa"):
        owner.call("POST", f"setlists/{setlist['id']}/entries/", json={"track": tracks[title]})
    play(page, tracks["Aurora"])
    page.get_by_role("navigation", name="You").locator("summary").click()
    page.get_by_role("link", name="Setlists", exact=True).click()
    page.locator("main").get_by_role("link", name="Concert").click()
    songs = page.locator("[data-entries] h2")
    with page.expect_response("**/api/v1/setlists/**"):
        page.get_by_role("button", name="“Brisa” up").click()
    expect(songs).to_have_text(["Brisa", "Aurora"])
    assert is_first(page)

    # Loaded again, the document has forgotten what it showed before.
    page.reload()
    expect(songs).to_have_text(["Brisa", "Aurora"])
    page.go_back()
    expect(page.get_by_role("heading", name="My library", level=1)).to_be_visible()
    expect(bar(page)).to_be_hidden()


def test_page_that_has_no_mini_player_is_loaded_whole(page: Page, tracks: dict[str, str]) -> None:
    play(page, tracks["Aurora"])
    page.get_by_role("link", name="Add a song").click()
    expect(page.get_by_role("heading", name="Add a song", level=1)).to_be_visible()
    assert not is_first(page)


def test_another_song_takes_the_place_of_the_one_that_plays_on(page: Page, tracks: dict[str, str]) -> None:
    play(page, tracks["Aurora"])
    page.locator(".track-header").get_by_role("link", name="Orfeón").click()
    page.locator("main").get_by_role("link", name="Brisa").click()
    expect(page.get_by_role("heading", name="Brisa", level=1)).to_be_visible()
    expect(bar(page).get_by_role("link", name="Aurora")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.locator("main .player")).to_have_attribute("data-playing", "playing")
    expect(bar(page)).to_be_hidden()
    assert is_first(page)


def test_song_that_a_reload_ends_comes_first_in_the_queue(page: Page, tracks: dict[str, str]) -> None:
    play(page, tracks["Aurora"])
    page.locator(".track-header").get_by_role("link", name="Orfeón").click()
    brisa = page.locator("main .song").filter(has_text="Brisa")
    brisa.locator("summary").click()
    brisa.get_by_role("button", name="Add to queue").click()
    expect(bar(page).get_by_text("Next: Brisa")).to_be_visible()
    page.reload()
    expect(bar(page).get_by_text("Next: Aurora")).to_be_visible()
    bar(page).get_by_role("button", name="Play").click()
    expect(bar(page).get_by_role("link", name="Aurora")).to_be_visible()
    expect(bar(page).get_by_text("Next: Brisa")).to_be_visible()


def test_queue_goes_on_by_itself_and_passes_over_what_cannot_be_played(
    listener: Watched, tracks: dict[str, str], owner: Person
) -> None:
    page = listener.page
    play(page, tracks["Brisa"])
    page.locator(".track-header").get_by_role("link", name="Orfeón").click()
    rows = page.locator("main .song")
    expect(rows.filter(has_text="Cumbre").locator(".queue-menu")).to_have_count(0)
    rows.filter(has_text="Aurora").locator("summary").click()
    page.get_by_role("button", name="Add to queue").click()
    expect(page.locator("[data-mini-status]")).to_have_text("“Aurora” is in the queue")
    # As if its stems had gone since it was added.
    gone = {
        "track": tracks["Cumbre"],
        "title": "Cumbre",
        "artist": "Orfeón",
        "address": f"/tracks/{tracks['Cumbre']}/",
    }
    page.evaluate(
        """async (song) => {
          const { miniPlayer } = await import("stemoteca/mini_player/mini_player");
          miniPlayer.add(song, true);
        }""",
        gone,
    )
    expect(bar(page).get_by_text("Next: Cumbre")).to_be_visible()
    page.evaluate(
        """() => {
          window.said = [];
          const status = document.querySelector("[data-mini-status]");
          new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
        }"""
    )
    expect(bar(page).get_by_role("link", name="Aurora")).to_be_visible(timeout=STARTING)
    expect(bar(page).get_by_role("button", name="Pause")).to_be_visible(timeout=STARTING)
    assert "Skipped: “Cumbre” cannot be played now." in page.evaluate("said")
    plays_on(page, 0)
    assert is_first(page)
    assert page.evaluate(HEARD)["isSame"]

    # Its page has the player that plays.
    bar(page).get_by_role("link", name="Aurora").click()
    expect(page.locator("main .player")).to_have_attribute("data-playing", "playing")
    expect(page.locator("main .player")).to_have_attribute("data-title", "Aurora")


def test_queue_is_kept_for_the_tab_and_can_be_put_in_order(page: Page, tracks: dict[str, str]) -> None:
    page.goto(f"/tracks/{tracks['Aurora']}/")
    more = page.locator(".track-header summary[aria-label=More]")
    more.click()
    page.get_by_role("button", name="Add to queue").click()
    page.goto(f"/tracks/{tracks['Brisa']}/")
    expect(bar(page).get_by_text("Next: Aurora")).to_be_visible()
    more.click()
    page.get_by_role("button", name="Play next").click()
    expect(bar(page).get_by_text("Next: Brisa")).to_be_visible()

    page.goto("/artists/")
    bar(page).get_by_role("button", name=re.compile("^Queue")).click()
    dialog = page.get_by_role("dialog", name="Queue")
    songs = dialog.locator("li a")
    expect(songs).to_have_text(["Brisa", "Aurora"])
    assert Axe().run(page).violations_count == 0
    dialog.get_by_role("button", name="“Brisa” down").click()
    expect(songs).to_have_text(["Aurora", "Brisa"])
    expect(dialog.get_by_role("button", name="“Brisa” up")).to_be_focused()
    dialog.get_by_role("button", name="Remove “Aurora”").click()
    expect(songs).to_have_text(["Brisa"])
    page.keyboard.press("Escape")
    # A gesture in this document lets it play.
    bar(page).get_by_role("button", name="Play", exact=True).click()
    expect(bar(page).get_by_role("button", name="Pause")).to_be_visible(timeout=STARTING)
    expect(bar(page).get_by_role("link", name="Brisa")).to_be_visible()
    bar(page).get_by_role("button", name="Close the player").click()
    expect(bar(page)).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (844, 390)])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_mini_player_hides_nothing_and_is_accessible(
    chromium: Browser,
    server: Server,
    owner: Person,
    tracks: dict[str, str],
    width: int,
    height: int,
    colours: str,
) -> None:
    listener = Watched(chromium, server, viewport={"width": width, "height": height}, color_scheme=colours)
    page = listener.page
    sign_in(page, owner)
    play(page, tracks["Aurora"])
    page.locator(".track-header").get_by_role("link", name="Orfeón").click()
    expect(bar(page)).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate(TOO_SMALL) == []
    assert page.evaluate(WIDER) <= 0
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    footer = page.locator(".site-footer").bounding_box()
    box = bar(page).bounding_box()
    assert footer
    assert box
    assert footer["y"] + footer["height"] <= box["y"] + 1

    # Another song's page has its own transport above.
    page.locator("main").get_by_role("link", name="Brisa").click()
    expect(page.get_by_role("heading", name="Brisa", level=1)).to_be_visible()
    transport = page.locator("main .transport").bounding_box()
    box = bar(page).bounding_box()
    assert transport
    assert box
    assert transport["y"] + transport["height"] <= box["y"] + 1
    assert page.evaluate(WIDER) <= 0
    page.locator(".site-footer").get_by_role("link").last.click(trial=True)
    assert listener.faults == []
    listener.context.close()
