"""Setting the beats of a song in a real Chromium: by tapping along on a phone, and by keyboard."""

from pathlib import Path
from typing import Any

import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.e2e.browser import TOO_SMALL, Watched
from tests.e2e.server import Person, Server
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("player")]

SEEK = """async (seconds) => {
  const audio = document.querySelector("audio");
  audio.currentTime = seconds;
  await new Promise((resolve) => audio.addEventListener("seeked", resolve, { once: true }));
}"""


@pytest.fixture(scope="module")
def owner(server: Server) -> Person:
    return Person(server)


@pytest.fixture(scope="module")
def track(owner: Person, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = Path(tmp_path_factory.mktemp("beats")) / "Coro - Pulsos.flac"
    soundfile.write(path, song(12, seed=77), 44_100)
    answer = owner.upload(path, model="compact:2stems")
    assert answer.status_code == 201, answer.text
    owner.wait_until_finished(answer.json()["separation"]["id"])
    made: dict[str, Any] = answer.json()["track"]
    return made


def test_tapping_along_and_moving_a_beat(
    chromium: Browser, server: Server, owner: Person, track: dict[str, Any]
) -> None:
    watched = Watched(chromium, server, viewport={"width": 390, "height": 844}, has_touch=True)
    page = watched.page
    page.goto(f"/accounts/login/?next=/tracks/{track['id']}/")
    page.locator("input[name=login]").fill(owner.email)
    page.locator("input[name=password]").fill(owner.password)
    page.locator("main form button[type=submit]").first.click()
    page.get_by_role("link", name="Edit beats").click()
    expect(page.get_by_text("This song has no beats yet.")).to_be_visible()
    assert page.get_by_role("button", name="Use these taps").is_disabled()
    # So slow that it hardly matters how late a key arrives.
    page.evaluate(
        "async () => { const audio = document.querySelector('audio'); await audio.play(); audio.playbackRate = 0.1; }"
    )
    tap = page.get_by_role("button", name="Tap", exact=True)
    for n in range(17):
        page.evaluate(SEEK, 1 + 0.5 * n)
        if n % 2:
            page.locator("body").press("t")
        else:
            tap.tap()
    page.keyboard.press("Space")  # belongs to the song after a tap with a finger
    expect(page.locator("audio")).to_have_js_property("paused", value=True)
    expect(page.get_by_text("Taps: 17.")).to_be_visible()
    page.get_by_role("button", name="Use these taps").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    saved = page.evaluate(f"async () => (await fetch('/api/v1/tracks/{track['id']}/beats/')).json()")
    assert abs(saved["tempo"] - 120) < 1
    assert min(abs(saved["beats"][n] - 44_100) for n in saved["downbeats"]) < 3_000

    page.get_by_role("link", name="Beat 6 at").click()
    expect(page.get_by_label("Beat", exact=True)).to_have_value("6")
    frame = saved["beats"][5] + 4_410
    page.get_by_label("Move it to second").fill(str(frame / 44_100))
    page.get_by_label("Leave all other beats where they are").check()
    page.get_by_label("Move it to second").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    moved = page.evaluate(f"async () => (await fetch('/api/v1/tracks/{track['id']}/beats/')).json()")
    wanted = [*saved["beats"][:5], frame, *saved["beats"][6:]]
    assert max(abs(one - other) for one, other in zip(moved["beats"], wanted, strict=True)) <= 1

    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    # The target of a checkbox is its label.
    assert [each for each in page.evaluate(TOO_SMALL) if 'type="checkbox"' not in each] == []
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    back = page.evaluate(f"async () => (await fetch('/api/v1/tracks/{track['id']}/beats/')).json()")
    assert back["beats"] == saved["beats"]
    assert watched.faults == []
    watched.context.close()
