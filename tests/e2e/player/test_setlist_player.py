"""A setlist that is played, in a real Chromium that lets nothing sound before somebody presses a key."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import PRESS_FIRST, TOO_SMALL, Watched, launched, sign_in
from tests.e2e.server import Person, Server, wait_until
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("player")]

SECONDS = 3
STARTING = 60_000  # milliseconds, for a machine that does other things as well

# Notes each song with each state of its player, as they may be over before a test looks.
NOTED = """() => {
  window.noted = [];
  const note = () => {
    const player = document.querySelector(".player");
    const now = `${player?.dataset.title} ${player?.dataset.playing}`;
    if (window.noted.at(-1) !== now) window.noted.push(now);
  };
  new MutationObserver(note).observe(document.querySelector("[data-song]"), {
    subtree: true, childList: true, attributeFilter: ["data-playing"],
  });
}"""
# Presses keys faster than a song can be loaded.
PRESSED = """keys => {
  for (const key of keys) {
    document.dispatchEvent(new KeyboardEvent("keydown", { key, code: `Key${key.toUpperCase()}` }));
  }
}"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched(PRESS_FIRST) as browser:
        yield browser


@pytest.fixture(scope="module")
def owner(server: Server) -> Person:
    return Person(server)


@pytest.fixture(scope="module")
def tracks(owner: Person, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The ids of three songs of three seconds; the second has not been separated."""
    folder = Path(tmp_path_factory.mktemp("setlist"))
    made = []
    for number, (title, model) in enumerate(
        (("Primera", "compact:2stems"), ("Segunda", "none"), ("Tercera", "compact:2stems"))
    ):
        path = folder / f"Coro - {title}.flac"
        soundfile.write(path, song(SECONDS, seed=190 + number), 44_100)
        answer = owner.upload(path, model=model)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["track"]["id"])
        if model != "none":
            owner.wait_until_finished(answer.json()["separation"]["id"])
    return made


def list_of(owner: Person, *tracks: str) -> Any:
    """A setlist of some songs, each as usual."""
    made = owner.call("POST", "setlists/", json={"title": "Rehearsal"}).json()
    for track in tracks:
        answer = owner.call("POST", f"setlists/{made['id']}/entries/", json={"track": track})
        assert answer.status_code == 201, answer.text
    return made


def begin(page: Page, setlist: Any, pause: str) -> None:
    """Open a setlist where nothing plays yet, to be played with a pause between the songs."""
    page.goto(f"/setlists/{setlist['id']}/play/")
    page.get_by_label("Pause between songs").select_option(pause)
    expect(page.locator("[data-place]")).to_contain_text("1 of ")
    page.evaluate(NOTED)


@pytest.fixture
def setlist(owner: Person, tracks: list[str]) -> Any:
    """A setlist of the three songs, the last one with settings."""
    made = owner.call("POST", "setlists/", json={"title": "Rehearsal"}).json()
    settings = {"speed": 1.25, "semitones": -2, "stems": {"vocals": {"muted": True}}, "click": 0.64}
    for track in tracks:
        entry = {"track": track, "settings": settings if track == tracks[-1] else {}}
        answer = owner.call("POST", f"setlists/{made['id']}/entries/", json=entry)
        assert answer.status_code == 201, answer.text
    return made


@pytest.fixture
def singer(chromium: Browser, server: Server, owner: Person) -> Iterator[Watched]:
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800})
    sign_in(watched.page, owner)
    yield watched
    assert watched.faults == []
    watched.context.close()


def test_setlist_plays_through_from_one_press_each_song_as_it_is_kept(
    singer: Watched, setlist: Any, tracks: list[str]
) -> None:
    page = singer.page
    page.goto(f"/setlists/{setlist['id']}/")
    expect(page.get_by_text("125 %, \N{MINUS SIGN}2 semitones, without vocals, metronome")).to_be_visible()
    page.goto(f"/setlists/{setlist['id']}/play/")
    said = page.locator("[data-said]")
    expect(page.locator("[data-place]")).to_have_text("1 of 3")
    expect(page.locator("[data-following]")).to_have_text("Next: Segunda")
    page.evaluate(NOTED)
    page.keyboard.press("Space")
    expect(said).to_have_text("End of the setlist", timeout=STARTING)
    noted = page.evaluate("noted")
    began = noted.index("Primera playing")
    assert noted.index("Primera stopped", began) < noted.index("Tercera playing", began)
    assert not any(each.startswith("Segunda") for each in noted)
    expect(page.locator("[data-speed-shows]")).to_have_text("125 %")
    expect(page.locator("[data-key-shows]")).to_have_text("\N{MINUS SIGN}2")
    vocals = page.get_by_role("group", name="Vocals").get_by_role("button", name="Mute")
    expect(vocals).to_have_attribute("aria-pressed", "true")
    metronome = page.get_by_role("button", name="Metronome")
    expect(metronome).to_have_attribute("aria-pressed", "true")

    page.keyboard.press("p")
    expect(said).to_have_text("Skipped: “Segunda” is not ready yet. Primera, Coro, 1 of 3")
    expect(page.locator("[data-speed-shows]")).to_have_text("100 %")
    expect(vocals).to_have_attribute("aria-pressed", "false")
    expect(metronome).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("+")
    page.keyboard.press("2")
    page.get_by_role("button", name="Keep these settings").click()
    expect(said).to_have_text("These settings are kept for this setlist.")
    first = page.locator(".setlist-entry").first
    expect(first).to_contain_text("105 %, without accompaniment")
    page.get_by_role("button", name="Repeat").click()
    page.get_by_role("button", name="Previous song").click()
    expect(page.locator("[data-place]")).to_have_text("3 of 3")
    page.get_by_role("button", name="As usual").click()
    expect(said).to_have_text("In this setlist, the song begins as usual.")
    expect(page.get_by_text("125 %, \N{MINUS SIGN}2")).to_have_count(0)
    page.keyboard.press("n")
    expect(page.locator("[data-speed-shows]")).to_have_text("105 %")

    page.goto(f"/tracks/{tracks[2]}/")  # where the mix of the setlist is none of the song's own
    expect(vocals).to_have_attribute("aria-pressed", "false")


def test_stage_mode_goes_on_by_page_keys_and_waits(singer: Watched, setlist: Any) -> None:
    page = singer.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/setlists/{setlist['id']}/play/")
    page.get_by_label("Pause between songs").select_option("Wait for me")
    expect(page.locator("[data-place]")).to_have_text("1 of 3")
    assert page.evaluate(WIDER) <= 0
    page.evaluate(NOTED)
    page.get_by_role("button", name="Stage mode").click()
    stage = page.get_by_role("dialog")
    expect(stage.get_by_role("heading", name="Primera")).to_be_visible()
    expect(stage.get_by_text("Next: Segunda")).to_be_visible()
    play = stage.get_by_role("button", name="Play", exact=True)
    expect(play).to_be_focused()
    page.keyboard.press("Space")
    expect(stage.get_by_text("“Tercera” is next. Press play.")).to_be_visible(timeout=STARTING)
    expect(stage.get_by_role("heading", name="Tercera")).to_be_visible()
    assert "Tercera playing" not in page.evaluate("noted")
    for width, height in ((390, 844), (844, 390)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(WIDER) <= 0
        assert page.evaluate(TOO_SMALL) == []
        expect(play).to_be_in_viewport()
        expect(stage.get_by_role("heading", name="Tercera")).to_be_in_viewport()
        violations = Axe().run(page).response["violations"]
        assert [(row["id"], [node["html"] for node in row["nodes"]]) for row in violations] == []
    page.keyboard.press("PageDown")  # the song that waits, not the one behind it
    expect(stage.locator("[data-stage-shows=place]")).to_have_text("3 of 3")
    wait_until(lambda: "Tercera playing" in page.evaluate("noted"))
    expect(page.locator("[data-said]")).to_have_text("End of the setlist", timeout=STARTING)
    page.keyboard.press("PageDown")
    page.keyboard.press("PageUp")
    expect(stage.get_by_role("heading", name="Primera")).to_be_visible()
    stage.get_by_role("button", name="Leave stage mode").click()
    expect(stage).to_be_hidden()
    expect(page.get_by_role("heading", name="Primera").first).to_be_visible()
    expect(page.locator(".player [data-do=play]")).to_be_focused()
    page.keyboard.press("Space")  # plays, and opens no stage
    wait_until(lambda: page.evaluate("noted").count("Primera playing") > 1)
    expect(stage).to_be_hidden()


def test_every_press_counts_and_what_plays_plays_on(
    singer: Watched, owner: Person, tracks: list[str]
) -> None:
    page = singer.page
    begin(page, list_of(owner, *(tracks[0], tracks[2]) * 3), "Wait for me")
    place = page.locator("[data-place]")
    page.keyboard.press("Space")
    wait_until(lambda: "Primera playing" in page.evaluate("noted"))
    page.evaluate(PRESSED, "nnn")
    expect(place).to_have_text("4 of 6")
    wait_until(lambda: "Tercera playing" in page.evaluate("noted"))

    # Between a song that is loaded and its first sound, as its settings have to come.
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/practice/", hold)
    page.keyboard.press("n")
    expect(place).to_have_text("5 of 6")
    page.keyboard.press("p")
    expect(place).to_have_text("4 of 6")
    page.evaluate(PRESSED, "ppp")
    expect(place).to_have_text("1 of 6")
    page.evaluate(NOTED)
    for route in held:
        route.continue_()
    wait_until(lambda: "Primera playing" in page.evaluate("noted"))
    assert page.locator(".player").count() == 1


def test_seconds_before_a_song_are_counted_until_it_plays(
    singer: Watched, owner: Person, tracks: list[str]
) -> None:
    page = singer.page
    begin(page, list_of(owner, tracks[0], tracks[2]), "30 s")
    said = page.locator("[data-said]")
    page.keyboard.press("Space")
    expect(said).to_have_text("“Tercera” begins in 30 s", timeout=STARTING)
    page.get_by_role("button", name="Stage mode").click()
    stage = page.get_by_role("dialog")
    expect(stage.get_by_text("“Tercera” begins in 30 s")).to_be_visible()
    wait = stage.get_by_role("button", name="Wait")
    expect(wait).to_have_text(re.compile(r"Wait\s+2\d"))
    page.keyboard.press("Space")
    expect(said).to_have_text("Tercera, Coro, 2 of 2")
    expect(wait).to_be_hidden()
    status = stage.get_by_role("status")
    expect(status).to_have_text("Tercera, Coro, 2 of 2")  # read out, and shown in large type above
    assert page.evaluate("document.querySelector('.stage [role=status]').clientHeight") == 0
    wait_until(lambda: "Tercera playing" in page.evaluate("noted"))

    page.keyboard.press("Escape")
    expect(stage).to_be_hidden()
    page.get_by_label("Pause between songs").select_option("2 s")
    page.get_by_role("button", name="Repeat").click()
    expect(said).to_have_text("“Primera” begins in 2 s", timeout=STARTING)
    expect(said).to_have_text("Primera, Coro, 1 of 2", timeout=STARTING)
    wait_until(lambda: page.evaluate("noted").count("Primera playing") > 1)


def test_song_that_is_removed_while_it_plays_is_followed_by_the_next_one(
    singer: Watched, owner: Person, tracks: list[str]
) -> None:
    page = singer.page
    setlist = list_of(owner, tracks[2], tracks[0], tracks[2], tracks[2])
    begin(page, setlist, "Wait for me")
    place = page.locator("[data-place]")
    page.keyboard.press("n")
    expect(place).to_have_text("2 of 4")

    def remove(route: Route) -> None:
        entry = page.locator("[data-entry]").nth(1).get_attribute("data-entry")
        assert owner.call("DELETE", f"setlists/{setlist['id']}/entries/{entry}/").status_code == 204
        route.continue_()

    page.route("**/play/?fragment=entries", remove)
    page.get_by_role("button", name="Keep these settings").click()
    expect(page.locator("[data-entry]")).to_have_count(3)
    expect(page.get_by_role("heading", name="Primera").first).to_be_visible()
    expect(page.locator("[data-following]")).to_have_text("Next: Tercera")
    page.keyboard.press("n")
    expect(place).to_have_text("2 of 3")
