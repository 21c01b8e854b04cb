"""In a real Chromium: bringing a song that is here in another encoding already, with the keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from audio.encoding.encode import encode
from audio.types import Tags
from benchmarks.catalogue.tunes import tune
from tests.audio.test_chromaprint import needs_chromaprint
from tests.e2e.server import Person, Server

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server"), needs_chromaprint]

ALIKE = "This sounds like Ana \N{EN DASH} Marea, which has already been separated."


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    context = chromium.new_context(base_url=server.url, locale="en", viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto("/accounts/signup/")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Password").fill("a long enough one")
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_text("Ada", exact=True)).to_have_count(1)
    yield page
    context.close()


def recording(folder: Path, name: str, title: str, bitrate: int | None = None) -> Path:
    path = folder / name
    encode([tune(2, 15)], path, path.suffix[1:], bitrate, Tags(title=title, artist="Ana"))
    return path


def test_similar_song_is_separated_on_request(page: Page, server: Server, tmp_path: Path) -> None:
    before = Person(server)
    answer = before.upload(recording(tmp_path, "a.flac", "Marea"), model="compact:2stems")
    before.wait_until_finished(answer.json()["separation"]["id"])

    page.goto("/upload/")
    page.locator("input[type=file]").set_input_files(recording(tmp_path, "b.mp3", "Marea viva", 192))
    page.get_by_role("button", name="Start").click()
    sent = page.locator(".upload-item")
    expect(sent.get_by_role("status")).to_have_text(ALIKE, timeout=60_000)
    expect(sent.get_by_text("Your file is saved.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    # Whoever leaves now finds the same choice on the song's page.
    bystander = page.context.new_page()
    bystander.goto("/?q=marea+viva")
    bystander.get_by_role("link", name="Marea viva").first.click()
    expect(bystander.get_by_text("This sounds like “Marea” by Ana")).to_be_visible()
    bystander.close()

    sent.get_by_role("link", name="Open its parts").focus()
    page.keyboard.press("Tab")
    expect(sent.get_by_role("button", name="Separate mine")).to_be_focused()
    page.keyboard.press("Enter")
    expect(sent.get_by_role("status")).to_have_text("Ready", timeout=120_000)
    sent.get_by_role("link", name="Play it").click()
    expect(page.locator(".lane")).to_have_count(2)
    expect(page.get_by_role("heading", name="Marea viva")).to_be_visible()
