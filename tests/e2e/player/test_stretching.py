"""Speed and key while a song plays, in a real Chromium: what a person does, and what comes out, measured."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Route, expect

from tests.e2e.browser import RENDERED, Clock, Watched
from tests.e2e.server import Person, Server

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("player")]

RATE = 44_100
SECONDS = 16  # two segments
BEAT = 0.5  # seconds between two clicks


def beats_and_tone() -> Any:
    """A click every half second, and a tone of 330 Hz: tempo and key can be measured in whatever becomes of it."""
    time = np.arange(SECONDS * RATE) / RATE
    tone = 0.2 * np.sin(2 * np.pi * 330 * time)
    click = np.where(time % BEAT < 0.004, 0.7 * np.sin(2 * np.pi * 2500 * (time % BEAT)), 0)
    return np.stack([tone + click] * 2, axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def track(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a song with two parts."""
    path = Path(tmp_path_factory.mktemp("stretched")) / "Ana - Metronome.flac"
    soundfile.write(path, beats_and_tone(), RATE)
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


def rendered(
    watched: Watched, address: str, seconds: float, plan: list[dict[str, Any]], quality: str = "lossless"
) -> Any:
    """What the player plays in ``seconds``, both channels: ``plan`` says what is done when."""
    watched.page.goto(address)
    text = watched.page.evaluate(RENDERED, {"seconds": seconds, "plan": plan, "quality": quality})
    return np.frombuffer(bytes.fromhex(text), np.float32).reshape(2, -1)


def tone_in(samples: Any, low: float, high: float) -> float:
    """The frequency of the loudest tone between two others, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    hertz = np.fft.rfftfreq(8 * len(samples), 1 / RATE)
    spectrum[(hertz < low) | (hertz > high)] = 0
    return float(hertz[spectrum.argmax()])


def clicks_in(samples: Any) -> Any:
    """The times of the clicks, in seconds."""
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / RATE) < 1200] = 0
    high = np.abs(np.fft.irfft(spectrum, len(samples)))
    times = []
    at = 0
    while at < len(high):
        if high[at] > 0.35 * high.max():
            times.append(at / RATE)
            at += int(0.2 * RATE)
        at += 1
    return np.array(times)


def test_slower_and_lower_from_the_start(musician: Watched, track: str) -> None:
    played = rendered(musician, f"{track}?speed=75&key=-2", 8, [])[0]
    wanted = 330 * 2 ** (-2 / 12)
    assert abs(1200 * np.log2(tone_in(played[RATE:], 200, 450) / wanted)) < 5
    steps = np.diff(clicks_in(played))
    assert len(steps) > 9
    assert np.median(steps) == pytest.approx(BEAT / 0.75, abs=0.003)


def test_a_change_while_it_plays_is_heard_at_once_and_keeps_the_place(musician: Watched, track: str) -> None:
    played = rendered(musician, track, 8, [{"at": 3, "stretch": {"speed": 50}}])[0]
    clicks = clicks_in(played)
    before, after = np.diff(clicks[clicks < 3]), np.diff(clicks[clicks > 3.3])
    assert np.median(before) == pytest.approx(BEAT, abs=0.001)
    assert np.median(after) == pytest.approx(2 * BEAT, abs=0.004)
    # The clicks before the change and those after it meet at one moment: nothing was left out or heard twice.
    first = clicks[clicks < 3][0]
    last = clicks[clicks > 3.3][-1]
    beats = round((last - first - (3 - first)) / (2 * BEAT) + (3 - first) / BEAT)
    changed = first + (2 * beats * BEAT - (last - first))
    assert 3 <= changed < 3.3
    loud = np.sqrt(np.convolve(played[RATE:] ** 2, np.full(2205, 1 / 2205), "valid"))
    assert loud.min() > 0.3 * np.median(loud)  # no gap


def test_a_loop_goes_round_in_time_of_the_song(musician: Watched, track: str) -> None:
    loop = {"from": 2 * RATE, "to": 3 * RATE}
    played = rendered(musician, f"{track}?speed=80", 9, [{"at": 0, "loop": loop, "seek": 2 * RATE}])[0]
    steps = np.diff(clicks_in(played))
    assert len(steps) >= 12
    assert np.abs(steps - BEAT / 0.8).max() < 0.004


def test_buttons_fields_and_keys_change_speed_and_key(musician: Watched, track: str) -> None:
    page = musician.page
    page.goto(track)
    page.keyboard.press("Space")
    player = page.locator(".player")
    expect(player).to_have_attribute("data-playing", "playing")
    page.locator("summary", has_text="Speed").click()
    page.get_by_label("Speed, in percent").fill("75")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Speed 75 %, key 0")).to_be_attached()
    expect(page).to_have_url(re.compile(r"\?speed=75$"))
    page.keyboard.press("Escape")
    page.locator("summary", has_text="Key").click()
    page.get_by_role("button", name="\N{MINUS SIGN}1 semitone").click()
    page.get_by_role("button", name="\N{MINUS SIGN}1 semitone").click()
    expect(page).to_have_url(re.compile(r"\?speed=75&key=-2$"))
    page.keyboard.press("Escape")
    page.keyboard.press("+")
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile(r"\?speed=80&key=-1$"))
    expect(player).to_have_attribute("data-playing", "playing")
    page.reload()
    expect(page.locator("[data-speed-shows]")).to_have_text("80 %")
    page.get_by_role("button", name="Original speed and key").click()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.get_by_role("button", name="Original speed and key")).to_be_hidden()


def test_over_plain_http_in_the_house_it_plays_stretches_and_loops(
    chromium: Browser, server: Server, track: str
) -> None:
    page = chromium.new_page(locale="es", viewport={"width": 390, "height": 844}, has_touch=True)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"http://stemoteca.lan:{server.port}{track}?speed=60&key=3")
    assert page.evaluate("window.isSecureContext") is False
    page.keyboard.press("a")
    page.get_by_role("button", name=re.compile("^(Play|Reproducir)$")).tap()
    player = page.locator(".player")
    expect(player).to_have_attribute("data-playing", "playing")
    clock = Clock(page)
    clock.expect("0:02")
    page.keyboard.press("b")
    expect(page.locator("[data-looped]")).to_be_visible()
    clock.expect("0:02", "0:00", "0:01")
    expect(player).to_have_attribute("data-playing", "playing")
    assert faults == []
    page.close()


def test_loop_is_drawn_along_the_ruler_nudged_and_kept_in_the_address(musician: Watched, track: str) -> None:
    page = musician.page
    page.goto(track)
    ruler = page.get_by_role("slider", name="Position")
    box = ruler.bounding_box()
    assert box is not None
    second = box["width"] / SECONDS
    page.mouse.move(box["x"] + 4 * second, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 6 * second, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"\?from=(3\.9|4)[\d.]*&to=(5\.9|6)[\d.]*$"))
    expect(page.locator("[data-now]")).to_have_text(re.compile("0:0[34]"))
    end = page.get_by_role("slider", name="Loop end")
    before = float(end.get_attribute("aria-valuenow") or "")
    end.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(end).to_have_attribute("aria-valuenow", f"{before + 1.1:.1f}")
    page.reload()
    expect(end).to_have_attribute("aria-valuenow", f"{before + 1.1:.1f}")
    expect(page.locator("[data-now]")).to_have_text(re.compile("0:0[34]"))


def test_each_pass_is_faster_up_to_the_goal(musician: Watched, track: str) -> None:
    page = musician.page
    page.goto(f"{track}?speed=140&from=2&to=3")
    page.locator("summary", has_text="Speed").click()
    page.get_by_label("Faster with every pass of the loop").check()
    page.get_by_label("Up to, in percent").fill("147")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Play", exact=True).click()
    # The song may have to be encoded first.
    expect(page.locator(".player")).to_have_attribute("data-playing", "playing", timeout=30_000)
    expect(page.locator("[data-speed-shows]")).to_have_text("145 %", timeout=30_000)
    expect(page.locator("[data-speed-shows]")).to_have_text("147 %", timeout=30_000)


def test_playing_begins_when_the_segment_that_the_stretcher_reads_ahead_comes_late(
    musician: Watched, track: str
) -> None:
    page = musician.page
    late: list[Route] = []
    # The second one in FLAC, the fifth in Opus begin at the same sample.
    page.route(re.compile(r"/segments/(1/$|4/\?codec)"), lambda route: late.append(route))  # noqa: PLW0108  # Playwright marks it
    page.goto(f"{track}?speed=140&from=11.6&to=14")
    page.get_by_role("button", name="Play", exact=True).click()
    player = page.locator(".player")
    expect(player).to_have_attribute("data-playing", "loading")
    while len(late) < 2:
        page.wait_for_timeout(50)
    page.unroute_all()
    expect(player).to_have_attribute("data-playing", "playing", timeout=30_000)


def test_a_part_is_louder_than_in_the_song_and_all_of_it_is_undone(musician: Watched, track: str) -> None:
    page = musician.page
    page.goto(track)
    vocals = page.get_by_role("group", name="Vocals")
    vocals.get_by_role("slider", name="Vocals, volume").fill("200")
    vocals.locator(".lane-pan summary").click()
    pan = vocals.get_by_role("slider", name="Vocals, pan")
    pan.fill("-40")
    expect(pan).to_have_attribute("aria-valuetext", "40 percent left")
    page.get_by_role("button", name="All on").click()
    expect(vocals.get_by_role("slider", name="Vocals, volume")).to_have_value("100")
    page.get_by_role("button", name="Undo").click()
    expect(vocals.get_by_role("slider", name="Vocals, volume")).to_have_value("200")
    expect(pan).to_have_value("-40")


def test_muted_part_is_not_fetched_and_joins_when_it_is_turned_on(musician: Watched, track: str) -> None:
    page = musician.page
    fetched: list[str] = []
    page.goto(track)
    page.keyboard.press("1")
    page.reload()
    page.on("request", lambda request: fetched.append(request.url) if "/segments/" in request.url else None)
    page.reload()
    page.keyboard.press("Space")
    player = page.locator(".player")
    expect(player).to_have_attribute("data-playing", "playing")
    assert len({url.partition("/segments/")[0] for url in fetched}) == 1
    page.keyboard.press("1")
    with page.expect_request("**/segments/**"):
        pass
    expect(player).to_have_attribute("data-playing", "playing")


def test_one_tab_plays_at_a_time(musician: Watched, track: str) -> None:
    page = musician.page
    page.goto(track)
    page.keyboard.press("Space")
    expect(page.locator(".player")).to_have_attribute("data-playing", "playing")
    other = musician.context.new_page()
    other.goto(track)
    other.keyboard.press("Space")
    expect(other.locator(".player")).to_have_attribute("data-playing", "playing")
    expect(page.locator(".player")).to_have_attribute("data-playing", "stopped")
    other.close()


def test_opus_is_in_time_with_lossless_to_the_sample(musician: Watched, track: str) -> None:
    page = musician.page
    page.goto(track)
    page.wait_for_load_state("networkidle")
    if not page.get_by_label("Sound quality").is_visible():
        pytest.skip("segments come as FLAC alone")
    lossless, small = (
        rendered(musician, track, 8, [], quality)[0][RATE:] for quality in ("lossless", "small")
    )
    shifts = range(-3, 4)
    fits = [np.corrcoef(lossless[10:-10], np.roll(small, shift)[10:-10])[0, 1] for shift in shifts]
    assert shifts[int(np.argmax(fits))] == 0
    assert max(fits) > 0.99


def test_person_chooses_lossless_or_small_and_it_plays_on(musician: Watched, track: str) -> None:
    page = musician.page
    page.goto(track)
    page.wait_for_load_state("networkidle")
    quality = page.get_by_label("Sound quality")
    if not quality.is_visible():
        pytest.skip("segments come as FLAC alone")
    player = page.locator(".player")
    for value, sign in (("small", "codec=opus"), ("lossless", "/segments/")):
        quality.select_option(value)
        with page.expect_request(lambda request, sign=sign: sign in request.url):  # type: ignore[misc]
            page.get_by_role("button", name="Play", exact=True).click()
        expect(player).to_have_attribute("data-playing", "playing", timeout=15_000)
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("slider", name="Position").press("End")
    page.reload()
    expect(quality).to_have_value("lossless")
