"""What people with an instrument in their hands do, in a real Chromium: Space, expired sessions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from playwright.sync_api import Browser, expect

from tests.e2e.browser import CHROMIUM, SWITCHES, Watched, sign_in
from tests.e2e.server import Person, Server
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("player")]

SECONDS = 3


@pytest.fixture(scope="module")
def owner(server: Server) -> Person:
    return Person(server)


@pytest.fixture(scope="module")
def tracks(owner: Person, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Three songs of three seconds; the second has not been taken apart."""
    folder = Path(tmp_path_factory.mktemp("setlist"))
    made = []
    for number, (title, model) in enumerate(
        (("Primera", "compact:2stems"), ("Segunda", "none"), ("Tercera", "compact:2stems"))
    ):
        path = folder / f"Coro - {title}.flac"
        soundfile.write(path, song(SECONDS, seed=90 + number), 44_100)
        answer = owner.upload(path, model=model)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["track"])
        if model != "none":
            owner.wait_until_finished(answer.json()["separation"]["id"])
    return made


@pytest.fixture
def singer(chromium: Browser, server: Server) -> Iterator[Watched]:
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800})
    yield watched
    assert watched.faults == []
    watched.context.close()


def test_space_plays_after_a_part_was_muted_with_the_mouse(
    singer: Watched, tracks: list[dict[str, Any]]
) -> None:
    page = singer.page
    page.goto(f"/tracks/{tracks[0]['id']}/")
    player = page.locator(".player")
    mute = page.get_by_role("group", name="Vocals").get_by_role("button", name="Mute")
    mute.click()
    page.keyboard.press("2")  # a key in between does not give the button a visible focus
    page.keyboard.press("2")
    page.keyboard.press("Space")
    expect(player).to_have_attribute("data-playing", "playing")
    expect(mute).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Space")
    expect(player).to_have_attribute("data-playing", "stopped")
    expect(mute).to_have_attribute("aria-pressed", "true")


def test_question_mark_opens_the_sheet_of_keys(singer: Watched, tracks: list[dict[str, Any]]) -> None:
    page = singer.page
    page.goto(f"/tracks/{tracks[0]['id']}/")
    sheet = page.get_by_role("dialog", name="Shortcuts")
    solo = page.get_by_role("group", name="Vocals").get_by_role("button", name="Solo")
    solo.focus()
    page.keyboard.press("?")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(solo).to_be_focused()

    button = page.get_by_role("button", name="Shortcuts")
    button.click()
    expect(sheet).to_be_visible()
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()
    expect(button).to_be_focused()


def test_space_presses_the_button_that_was_reached_by_keyboard(
    singer: Watched, tracks: list[dict[str, Any]]
) -> None:
    page = singer.page
    page.goto(f"/tracks/{tracks[0]['id']}/")
    solo = page.get_by_role("group", name="Vocals").get_by_role("button", name="Solo")
    page.get_by_role("group", name="Vocals").get_by_role("button", name="Mute").focus()
    page.keyboard.press("Tab")
    expect(solo).to_be_focused()
    page.keyboard.press("Space")
    expect(solo).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".player")).to_have_attribute("data-playing", "stopped")


def test_page_that_may_not_play_by_itself_says_so(
    chromium: Browser, server: Server, tracks: list[dict[str, Any]]
) -> None:
    switches = [switch for switch in SWITCHES if not switch.startswith("--autoplay-policy")]
    switches.append("--autoplay-policy=document-user-activation-required")
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=switches)
    page = Watched(browser, server).page
    page.goto(f"/tracks/{tracks[0]['id']}/?play=1")
    expect(page.get_by_text("Press play.")).to_be_attached()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".player")).to_have_attribute("data-playing", "playing")
    browser.close()


def test_heart_after_the_session_expired_is_there_after_signing_in(
    singer: Watched, owner: Person, tracks: list[dict[str, Any]]
) -> None:
    page = singer.page
    sign_in(page, owner)
    page.goto(f"/tracks/{tracks[2]['id']}/")
    end_session(singer)
    heart = page.get_by_role("button", name="I like “Tercera”").first
    heart.click()
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(owner.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Tercera")).to_be_visible()
    expect(heart).to_have_attribute("aria-pressed", "true")
    forget_refusals(singer)


def end_session(watched: Watched) -> None:
    watched.context.clear_cookies(name="sessionid")


def forget_refusals(watched: Watched) -> None:
    """Take away what the browser writes down about refused requests."""
    watched.faults[:] = [fault for fault in watched.faults if "401" not in fault and "403" not in fault]


def test_page_that_stayed_open_across_a_sign_in_works(
    singer: Watched, owner: Person, tracks: list[dict[str, Any]]
) -> None:
    page = singer.page
    sign_in(page, owner)
    page.goto(f"/tracks/{tracks[0]['id']}/")
    end_session(singer)
    other = singer.context.new_page()
    sign_in(other, owner)
    other.close()
    with page.expect_response("**/like/") as liked:
        page.get_by_role("button", name="I like “Primera”").first.click()
    assert liked.value.ok
    with page.expect_response("**/rating/") as rated:
        page.locator("[data-stars]").first.get_by_label("4 stars").check(force=True)
    assert rated.value.ok
    page.locator(".language-switch button").click()  # a form without a script of its own
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.locator(".language-switch button").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_stars_and_downloads_say_that_the_session_has_ended(
    singer: Watched, owner: Person, tracks: list[dict[str, Any]]
) -> None:
    page = singer.page
    sign_in(page, owner)
    with page.expect_response("**/played/"):  # its answer sets the session's cookie again
        page.goto(f"/tracks/{tracks[0]['id']}/?play=1&from=0&to=3")
    expect(page.locator(".player")).to_have_attribute("data-playing", "playing", timeout=20_000)
    end_session(singer)
    heart = page.get_by_role("button", name="I like “Primera”").first
    before = heart.get_attribute("aria-pressed") or ""
    heart.click()
    expect(page.get_by_text("Your session has ended. Sign in and try again.", exact=True)).to_be_visible()
    expect(heart).to_have_attribute("aria-pressed", before)
    expect(page.locator(".player")).to_have_attribute("data-playing", "playing")
    page.locator("[data-stars]").first.get_by_label("2 stars").check(force=True)
    page.get_by_role("button", name="All parts as a zip").click()
    page.get_by_role("button", name="Download this mix").click()
    for name in ("stars", "take", "mix"):
        line = page.locator(f"[data-{name}-report]")
        expect(line).to_have_text("Your session has ended. Sign in and try again. Sign in")
        free = line.locator("..").evaluate("form => form.clientWidth")
        assert line.evaluate("line => line.clientWidth") > free / 2, name
    forget_refusals(singer)
    page.locator("[data-take-report] a").click()
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill(owner.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Primera")).to_be_visible()
    assert page.url.endswith(f"/tracks/{tracks[0]['id']}/?play=1&from=0&to=3")


def test_waveforms_are_drawn_when_the_line_is_back(
    chromium: Browser, server: Server, tracks: list[dict[str, Any]]
) -> None:
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800})
    page = watched.page
    page.route("**/peaks/**", lambda route: route.abort())
    page.goto(f"/tracks/{tracks[0]['id']}/")
    says = page.locator(".player").get_by_text("The parts could not be loaded.")
    expect(says).to_be_visible()
    page.unroute("**/peaks/**")
    expect(says).to_have_count(0)
    drawn = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"""
    assert page.locator(".lane canvas").first.evaluate(drawn)
    assert [fault for fault in watched.faults if "ERR_FAILED" not in fault] == []
    watched.context.close()
