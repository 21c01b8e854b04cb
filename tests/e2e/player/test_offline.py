"""The line goes away while a song plays, in a real Chromium."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Clock, Watched
from tests.e2e.server import Person, Server
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("player")]

SECONDS = 16  # two segments

NOTE_REPORTS = """() => {
  const line = document.querySelector("[data-report]");
  window.reports = [];
  new MutationObserver(() => window.reports.push(line.textContent)).observe(line, { childList: true });
}"""


@pytest.fixture(scope="module")
def track(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a song with two parts."""
    path = Path(tmp_path_factory.mktemp("offline")) / "Ana - Faro.flac"
    soundfile.write(path, song(SECONDS, seed=91), 44_100)
    owner = Person(server)
    answer = owner.upload(path, model="compact:2stems")
    assert answer.ok, answer.text
    owner.wait_until_finished(answer.json()["separation"]["id"])
    return f"/tracks/{answer.json()['track']['id']}/"


@pytest.fixture
def musician(chromium: Browser, server: Server) -> Iterator[Watched]:
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800})
    yield watched
    assert watched.faults == []
    watched.context.close()


def test_playing_goes_on_when_the_line_comes_back(musician: Watched, track: str) -> None:
    page = musician.page
    page.goto(track)
    expect(page.locator("[data-now]")).to_have_text("0:00")
    page.wait_for_load_state("networkidle")
    musician.context.set_offline(True)
    page.get_by_role("slider", name="Position").focus()
    page.evaluate(NOTE_REPORTS)
    page.keyboard.press("End")
    page.keyboard.press("Space")
    player = page.locator(".player")
    expect(page.get_by_text("No connection.")).to_be_visible(timeout=30_000)
    expect(player).to_have_attribute("data-playing", "waiting")
    for _ in range(4):  # it is tried again
        with page.expect_event("requestfailed", timeout=30_000):
            pass
    assert [
        said for said in page.evaluate("window.reports") if "connection" in said or "network" in said
    ] == ["No connection. Playback goes on when it is back."]
    musician.context.set_offline(False)
    expect(player).to_have_attribute("data-playing", "playing", timeout=20_000)
    musician.faults[:] = [fault for fault in musician.faults if "INTERNET_DISCONNECTED" not in fault]


def test_lossless_segments_are_played_while_small_ones_are_still_encoded(
    musician: Watched, track: str
) -> None:
    """As after a jump to the end of a long song that nobody has played yet."""
    page = musician.page
    page.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
    page.route("**/segments/*/?codec=opus", lambda route: route.fulfill(status=503))
    page.goto(track)
    page.wait_for_load_state("networkidle")
    if not page.get_by_label("Sound quality").is_visible():
        pytest.skip("segments come as FLAC alone")
    player = page.locator(".player")
    page.keyboard.press("Space")
    expect(player).to_have_attribute("data-playing", "playing", timeout=20_000)
    expect(page.get_by_label("Sound quality")).to_have_value("auto")


def test_who_saves_data_waits_for_small_segments(musician: Watched, track: str) -> None:
    page = musician.page
    page.goto(track)
    page.wait_for_load_state("networkidle")
    quality = page.get_by_label("Sound quality")
    if not quality.is_visible():
        pytest.skip("segments come as FLAC alone")
    quality.select_option("small")
    page.route("**/segments/*/?codec=opus", lambda route: route.fulfill(status=503))
    page.evaluate(NOTE_REPORTS)
    page.get_by_role("slider", name="Position").press("End")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/segments/" in request.url else None)
    page.keyboard.press("Space")
    for _ in range(12):
        with page.expect_response(re.compile("codec=opus"), timeout=20_000):
            pass
    assert all(address.endswith("codec=opus") for address in asked)
    assert "No connection" not in " ".join(page.evaluate("window.reports"))
    page.unroute_all()
    expect(page.locator(".player")).to_have_attribute("data-playing", "playing", timeout=20_000)


def test_what_changes_speed_is_loaded_when_playing_begins_and_where_it_is_missing_the_song_plays_on(
    musician: Watched, track: str
) -> None:
    page = musician.page
    address = re.compile(r"signalsmith-stretch[^/]*\.wasm")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if address.search(request.url) else None)
    page.route(address, lambda route: route.abort())
    page.goto(f"{track}?from=2&to=6")
    page.wait_for_load_state("networkidle")
    assert asked == []
    with page.expect_request(address):
        page.keyboard.press("Space")
    player = page.locator(".player")
    expect(player).to_have_attribute("data-playing", "playing")
    page.keyboard.press("-")
    expect(page.get_by_text("Speed and key could not be changed.")).to_be_attached()
    expect(page.locator("[data-speed-shows]")).to_have_text("100 %")
    expect(page).to_have_url(re.compile(r"\?from=2&to=6$"))
    expect(player).to_have_attribute("data-playing", "playing")
    page.unroute_all()
    page.keyboard.press("-")
    expect(page).to_have_url(re.compile("speed=95"))
    Clock(page).expect("0:05", "0:02", "0:04")
    expect(page.locator("[data-speed-shows]")).to_have_text("95 %")
    musician.faults[:] = [fault for fault in musician.faults if "ERR_FAILED" not in fault]
