"""Metronome, count-in and loops on the beats of a song, in a real Chromium."""

import io
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.e2e.browser import RENDERED, Watched, sign_in
from tests.e2e.server import Person, Server
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("player")]

RATE = 44_100
SECONDS = 8
LEAD = 2205  # frames between pressing play and the first sample


def test_loop_on_the_beats_with_metronome_and_count_in(
    chromium: Browser, server: Server, tmp_path: Path
) -> None:
    owner = Person(server)
    path = tmp_path / "Coro - Compases.flac"
    soundfile.write(path, song(SECONDS, seed=78), RATE)
    uploaded = owner.upload(path, model="compact:2stems").json()
    track, separation = uploaded["track"]["id"], uploaded["separation"]["id"]
    owner.wait_until_finished(separation)
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800})
    page = watched.page
    sign_in(page, owner)
    page.goto(f"/tracks/{track}/")
    page.get_by_role("button", name="Metronome").click()
    expect(page.get_by_text("Metronome and count-in need beats").first).to_be_visible()
    expect(page.get_by_role("link", name="Set the beats")).to_be_visible()
    tempo = {"revision": 0, "tempo": 120, "beats_per_bar": 4, "downbeat": 0.5}
    beats = owner.call("PUT", f"tracks/{track}/beats/", json=tempo).json()

    page.reload()
    page.keyboard.press("k")
    metronome = page.get_by_role("button", name="Metronome")
    expect(metronome).to_have_attribute("aria-pressed", "true")
    page.locator("summary", has_text="Count-in").click()
    page.get_by_label("2 bars").check()
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Escape")

    box = page.get_by_role("slider", name="Position").bounding_box()
    assert box is not None
    second = box["width"] / SECONDS
    page.mouse.move(box["x"] + 2.1 * second, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 3.9 * second, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"\?from=2&to=4$"))
    end = page.get_by_role("slider", name="Loop end")
    end.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"\?from=2&to=4\.1$"))
    end.press("Control+ArrowRight")
    expect(page).to_have_url(re.compile(r"\?from=2&to=4\.5$"))
    expect(end).to_have_attribute("aria-valuetext", "0:04.5 (bar 3, beat 1)")
    page.keyboard.press("z")
    expect(page.get_by_text("Zoom 2 times")).to_be_attached()
    expect(page.get_by_role("button", name="Zoom in")).to_be_disabled()
    moved = end.bounding_box()
    assert moved is not None
    assert moved["x"] == pytest.approx(box["x"] + 2 * (4.5 - 1) * second, abs=2)
    page.keyboard.press("Shift+Z")

    # Half as fast, so that counting takes longer than a slow machine needs to look at it.
    page.goto(f"/tracks/{track}/?from=2&to=4.5&speed=50")
    count = page.locator("[data-count]")
    player = page.locator(".player")
    page.keyboard.press("Space")
    expect(count).to_have_text(re.compile("[1-4]"), timeout=30_000)
    page.keyboard.press("Space")
    expect(player).to_have_attribute("data-playing", "stopped")
    expect(count).to_be_hidden()
    page.keyboard.press("k")
    page.keyboard.press("Space")
    expect(count).to_be_visible(timeout=30_000)
    expect(count).to_be_hidden(timeout=30_000)
    expect(player).to_have_attribute("data-playing", "playing")
    expect(page.get_by_label("Metronome, in percent")).to_have_value("100")
    expect(page.get_by_label("Count-in, in bars")).to_have_value("2")
    page.keyboard.press("Space")

    page.goto(f"/tracks/{track}/?speed=80")
    loop = {"from": 2 * RATE, "to": 3 * RATE}
    clicks = {"beats": beats["beats"], "bars": beats["bars"], "countin": 1}
    plan = [{"at": 0, "clicks": clicks, "loop": loop, "seek": 2 * RATE}]
    text = page.evaluate(RENDERED, {"seconds": 8, "plan": plan, "quality": "lossless"})
    heard = np.frombuffer(bytes.fromhex(text), np.float32).reshape(2, -1)[:, LEAD:]
    mix = downloaded(owner, separation, "vocals=0&accompaniment=0&click=1&countin=1&tempo=0.8&from=2&to=3")
    one_pass = round(RATE / 0.8)
    lead = mix.shape[1] - one_pass
    assert np.abs(mix).max() > 0.3
    assert np.abs(heard[:, : mix.shape[1]] - mix).max() < 1e-3
    again = heard[:, mix.shape[1] : mix.shape[1] + one_pass]
    assert np.abs(again - mix[:, lead:]).max() < 1e-3
    assert watched.faults == []
    watched.context.close()


def downloaded(person: Person, separation: str, query: str) -> Any:
    """The samples of a mix, [2, n]."""
    address = f"separations/{separation}/mix/?codec=wav&{query}"
    answer = person.call("GET", address)
    while answer.status_code == 503:  # it is being encoded
        time.sleep(1)
        answer = person.call("GET", address)
    assert answer.ok, answer.text
    samples, rate = soundfile.read(io.BytesIO(answer.content), dtype="float32", always_2d=True)
    assert rate == RATE
    return samples.T
