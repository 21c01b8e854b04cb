"""What somebody keeps of a song: their part, its settings, loops with names; and where the player has its controls."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Locator, Route, expect

from audio.effects.panning import pan_matrix
from tests.e2e.browser import Watched, sign_in
from tests.e2e.server import Person, Server
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("player")]

SECONDS = 5

# What the player's graph makes of 1 on the left, and of 1 on the right.
PANNED = """async (pan) => {
  const { Graph } = await import("stemoteca/player/sound/graph");
  const heard = [];
  for (const side of [0, 1]) {
    const context = new OfflineAudioContext(2, 128, 44100);
    const graph = new Graph(context, [{ volume: 1, pan }], 1);
    const buffer = new AudioBuffer({ numberOfChannels: 2, length: 128, sampleRate: 44100 });
    buffer.getChannelData(side).fill(1);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(graph.lanes[0]);
    source.start();
    const played = await context.startRendering();
    heard.push([0, 1].map((channel) => played.getChannelData(channel)[100]));
  }
  return heard;
}"""


@pytest.fixture(scope="module")
def track(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a song with four parts."""
    path = Path(tmp_path_factory.mktemp("my_part")) / "Ana - Barquito.flac"
    soundfile.write(path, song(SECONDS, seed=77), 44_100)
    owner = Person(server)
    answer = owner.upload(path, model="compact:4stems")
    assert answer.ok, answer.text
    owner.wait_until_finished(answer.json()["separation"]["id"])
    return f"/tracks/{answer.json()['track']['id']}/"


def box_of(locator: Locator) -> Any:
    box = locator.bounding_box()
    assert box is not None
    return box


def test_part_settings_and_loops_are_there_on_the_next_visit(
    chromium: Browser, server: Server, track: str
) -> None:
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800})
    page = watched.page
    sign_in(page, Person(server))
    page.goto(track)
    for pan in (-1, -0.4, 0, 0.5, 1):
        assert np.allclose(page.evaluate(PANNED, pan), pan_matrix(pan).T, atol=1e-5), pan

    part, without = page.get_by_label("My part").get_by_role("combobox"), page.get_by_text("Without mine")
    expect(without).to_be_disabled()
    part.select_option(label="Bass")
    with page.expect_response("**/me/practice/"):
        without.click()
    mute = page.get_by_role("group", name="Bass").get_by_role("button", name="Mute")
    expect(mute).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="All on").click()
    expect(mute).to_have_attribute("aria-pressed", "false")
    expect(without).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Undo").click()
    expect(without).to_have_attribute("aria-pressed", "true")
    with page.expect_response(lambda answer: "/preset/" in answer.url and answer.request.method == "PUT"):
        page.keyboard.press("-")

    page.goto(f"{track}?speed=80&from=1&to=2.5")
    expect(page.locator("[data-speed-shows]")).to_have_text("80 %")  # the address goes first
    expect(mute).to_have_attribute("aria-pressed", "true")
    loops = page.locator(".loops-menu")
    loops.locator("summary").click()
    loops.get_by_label("Save this loop as").fill("Solo")
    page.keyboard.press("Enter")
    expect(loops.get_by_role("button", name="Solo 0:01")).to_be_visible()

    page.goto(track)
    expect(page.get_by_text("As you left it.")).to_be_visible()
    expect(page.locator("[data-speed-shows]")).to_have_text("95 %")
    expect(part).to_have_value("bass")
    expect(mute).to_have_attribute("aria-pressed", "true")
    loops.locator("summary").click()
    loops.get_by_role("button", name="Rename “Solo”").click()
    loops.get_by_label("Name of the loop", exact=True).fill("Verse")
    page.keyboard.press("Enter")
    loops.get_by_role("button", name="Remove “Verse”").click()
    expect(loops.get_by_text("“Verse” removed.")).to_be_visible()
    loops.get_by_role("button", name="Undo").click()
    loops.get_by_role("button", name="Verse 0:01").click()
    expect(page).to_have_url(re.compile(r"\?speed=80&mix=bass\.m&from=1&to=2\.5"))
    expect(page.locator(".player")).to_have_attribute("data-playing", "playing", timeout=30_000)
    page.keyboard.press("Space")

    form = page.locator("[data-mix]")
    form.get_by_label("From, as minutes:seconds").fill("1:00")
    form.get_by_label("To", exact=True).fill("")
    form.get_by_role("button", name="Download this mix").click()
    expect(form.locator("[data-mix-report]")).to_contain_text("after the song's end")
    form.get_by_label("From, as minutes:seconds").fill("0:01")
    expect(form.locator("[data-mix-report]")).to_be_empty()

    with page.expect_response(lambda answer: "/preset/" in answer.url and answer.request.method == "DELETE"):
        page.get_by_role("button", name="As in the song").click()
    expect(mute).to_have_attribute("aria-pressed", "false")
    expect(page.locator("[data-speed-shows]")).to_have_text("100 %")
    assert [fault for fault in watched.faults if "400" not in fault] == []
    watched.context.close()


def test_who_opens_the_address_hears_the_same_parts(chromium: Browser, server: Server, track: str) -> None:
    first, second = Watched(chromium, server), Watched(chromium, server)
    first.page.goto(track)
    first.page.keyboard.press("1")
    first.page.get_by_role("slider", name="Drums, volume").fill("60")
    expect(first.page).to_have_url(re.compile(r"\?mix=vocals\.m\+drums\.v60$"))

    page = second.page
    mute = page.get_by_role("group", name="Vocals").get_by_role("button", name="Mute")
    page.goto(first.page.url)
    expect(mute).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("slider", name="Drums, volume")).to_have_value("60")
    page.goto(track)  # what somebody else has set is not remembered
    expect(mute).to_have_attribute("aria-pressed", "false")
    for watched in (first, second):
        assert watched.faults == []
        watched.context.close()


def test_mix_of_an_address_is_not_kept_after_a_change_of_ones_own(
    chromium: Browser, server: Server, track: str
) -> None:
    first, second = Watched(chromium, server), Watched(chromium, server)
    person = Person(server)
    for watched in (first, second):
        sign_in(watched.page, person)
    page = first.page
    with page.expect_response("**/practice/"):
        page.goto(track)
    page.keyboard.press("2")
    with page.expect_response("**/practice/"):
        page.goto(f"{track}?mix=vocals.m")
    expect(page.get_by_role("group", name="Vocals").get_by_role("button", name="Mute")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.close()

    page = second.page
    page.goto(track)
    vocals, drums = page.get_by_role("group", name="Vocals"), page.get_by_role("group", name="Drums")
    expect(drums.get_by_role("button", name="Mute")).to_have_attribute("aria-pressed", "true")
    expect(vocals.get_by_role("button", name="Mute")).to_have_attribute("aria-pressed", "false")
    for watched in (first, second):
        assert watched.faults == []
        watched.context.close()


def test_loop_that_another_tab_has_removed_is_gone_here_too(
    chromium: Browser, server: Server, track: str
) -> None:
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800})
    page = watched.page
    sign_in(page, Person(server))
    page.goto(f"{track}?from=1&to=2.5")
    loops = page.locator(".loops-menu")
    loops.locator("summary").click()
    for name in ("Solo", "Verse"):
        loops.get_by_label("Save this loop as").fill(name)
        page.keyboard.press("Enter")
        expect(loops.get_by_role("button", name=f"{name} 0:01")).to_be_visible()
    other = watched.context.new_page()
    other.goto(track)
    other.locator(".loops-menu summary").click()
    other.get_by_role("button", name="Remove “Solo”").click()
    expect(other.get_by_text("“Solo” removed.")).to_be_visible()
    other.close()

    loops.get_by_role("button", name="Rename “Solo”").click()
    loops.get_by_role("textbox", name="Name of the loop").fill("Bridge")
    page.keyboard.press("Enter")
    expect(loops.get_by_text("This loop is gone")).to_be_visible()
    expect(loops.get_by_role("button", name="Solo 0:01")).to_have_count(0)
    expect(loops.get_by_role("button", name="Verse 0:01")).to_be_visible()
    assert [fault for fault in watched.faults if "404" not in fault] == []
    watched.context.close()


def test_kept_settings_that_come_late_say_nothing_of_a_speed_that_stays(reader: Watched, track: str) -> None:
    page = reader.page
    page.goto(track)
    with page.expect_response(lambda answer: "/preset/" in answer.url and answer.request.method == "PUT"):
        page.keyboard.press("1")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/practice/", hold)
    page.reload()
    page.keyboard.press("a")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("b")
    said = page.locator(".player").get_by_text("Loop from 0:00 to")
    expect(said).to_be_visible()
    for route in held:
        route.continue_()
    expect(page.get_by_text("As you left it.")).to_be_visible()
    expect(said).to_be_visible()


def test_controls_have_their_place_on_desktops_and_phones(
    chromium: Browser, server: Server, track: str
) -> None:
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800}, has_touch=True)
    page = watched.page
    page.goto(track)
    last = page.locator(".lane").last
    assert box_of(last)["y"] + box_of(last)["height"] < 800
    expect(page.get_by_role("link", name="Download", exact=True)).to_be_in_viewport()
    bass, top = page.get_by_role("group", name="Bass", exact=True), box_of(last)["y"]
    page.keyboard.press("-")
    expect(page.get_by_role("button", name="Original speed and key")).to_be_visible()
    assert box_of(last)["y"] == top  # nothing moves when it appears
    page.keyboard.press("1")
    page.keyboard.press("Shift+Digit1")
    expect(page.get_by_role("group", name="Vocals").locator("[data-lane-state]")).to_have_text(
        "solo, but muted"
    )
    expect(bass.locator("[data-lane-state]")).to_have_text("silenced by solo")
    bass.locator(".lane-pan summary").click()
    bass.get_by_role("slider", name="Bass, pan").fill("-40")
    bass.locator(".lane-pan summary").click()
    expect(bass.locator("[data-pan-shows]")).to_have_text("L 40")

    page.set_viewport_size({"width": 390, "height": 844})
    wave = bass.locator("[data-wave]")
    for control in bass.locator("h2, button, summary, [data-volume]").all():
        assert box_of(control)["y"] + box_of(control)["height"] <= box_of(wave)["y"] + 1
    expect(page.get_by_role("slider", name="Volume", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="All on").get_by_text("All on")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_label("My part").get_by_role("combobox").select_option(label="Bass")
    page.reload()
    expect(page.get_by_label("My part").get_by_role("combobox")).to_have_value("bass")
    page.locator(".loops-menu summary").tap()
    expect(page.locator(".loops-menu").get_by_role("link", name="sign in")).to_be_in_viewport()

    page.set_viewport_size({"width": 844, "height": 390})
    page.keyboard.press("Escape")
    page.evaluate("scrollTo(0, 0)")
    second = box_of(page.locator(".lane").nth(1))
    assert second["y"] + second["height"] <= box_of(page.locator(".transport"))["y"]
    page.locator(".language-switch button").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.set_viewport_size({"width": 390, "height": 844})
    tops = {box_of(item)["y"] for item in page.locator(".site-header nav a, .language-switch").all()[1:]}
    assert len(tops) == 1
    assert watched.faults == []
    watched.context.close()
