"""The page that adds songs, in a real Chromium: choices come before sending, and folders can be dropped."""

from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Watched, sign_in
from tests.e2e.server import Person, Server
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]

# Playwright drops no folders, so the page is given what Chromium makes of one: entries with readers.
DROP_FOLDER = """async (names) => {
  const root = await navigator.storage.getDirectory();
  const file = (name, type) => ({
    isFile: true, isDirectory: false, name, file: (done) => done(new File([new Uint8Array(5000)], name, { type })),
  });
  const folder = (name, entries) => ({
    isFile: false, isDirectory: true, name,
    createReader: () => ({ readEntries: (done) => done(entries.splice(0, 100)) }),
  });
  const many = Array.from({ length: 130 }, (_, n) => file(`song ${130 - n}.mp3`, "audio/mpeg"));
  const entry = folder("album", [folder("disc 2", many), file("cover.jpg", "image/jpeg"), file(".DS_Store", ""),
    file("Ana - Uno.FLAC", ""), file("notes.txt", "text/plain")]);
  const transfer = { types: ["Files"], items: [{ kind: "file", webkitGetAsEntry: () => entry }] };
  const event = new Event("drop", { bubbles: true, cancelable: true });
  Object.defineProperty(event, "dataTransfer", { value: transfer });
  document.querySelector("[data-drop]").dispatchEvent(event);
}"""


def test_nothing_is_sent_before_the_start_and_choices_are_remembered(
    reader: Watched,
    tmp_path: Path,
) -> None:
    path = tmp_path / "Nuria - Ensayo.flac"
    soundfile.write(path, song(2, seed=201), 44_100)
    page = reader.page
    page.goto("/upload/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    start = page.get_by_role("button", name="Start")
    expect(start).to_be_disabled()
    page.locator("input[type=file]").set_input_files(path)
    expect(page.locator(".upload-item [data-says]")).to_have_text("Not sent yet")
    expect(page.get_by_text("1 file is ready to be sent.")).to_be_visible()
    expect(page.get_by_label("Vocals and accompaniment")).to_be_focused()
    page.get_by_text("Only me").click()
    page.get_by_text("Nothing yet").click()
    page.wait_for_timeout(1500)  # time for a request that must not come
    assert not [url for url in asked if "/api/" in url]
    start.click()
    expect(page.locator(".upload-item [data-says]")).to_have_text("Saved. You can separate it later.")
    page.get_by_role("link", name="Open its page").click()
    expect(page.get_by_role("heading", name="Ensayo")).to_be_visible()
    answer = page.request.get(f"/api/v1/tracks/{page.url.rstrip('/').rpartition('/')[2]}/")
    assert answer.json()["visibility"] == "private"
    page.goto("/upload/")
    expect(page.get_by_label("Only me")).to_be_checked()
    expect(page.get_by_label("Nothing yet")).to_be_checked()


def test_file_taken_off_the_list_is_not_sent(reader: Watched, tmp_path: Path) -> None:
    page = reader.page
    page.goto("/upload/")
    for name in ("one.wav", "two.wav"):
        soundfile.write(tmp_path / name, song(1, seed=300), 44_100)
    page.locator("input[type=file]").set_input_files([tmp_path / "one.wav", tmp_path / "two.wav"])
    expect(page.get_by_text("2 files are ready to be sent.")).to_be_visible()
    page.locator(".upload-item").first.get_by_role("button").click()
    page.locator(".upload-item").first.get_by_role("button").click()
    expect(page.get_by_role("button", name="Start")).to_be_disabled()


def test_what_becomes_of_the_files_is_in_view_after_the_start(reader: Watched, tmp_path: Path) -> None:
    page = reader.page
    page.goto("/upload/")
    for name in ("three.wav", "four.wav"):
        soundfile.write(tmp_path / name, song(1, seed=310 + len(name)), 44_100)
    page.locator("input[type=file]").set_input_files([tmp_path / "three.wav", tmp_path / "four.wav"])
    page.get_by_text("Nothing yet").click()
    page.get_by_role("button", name="Start").press("Enter")
    expect(page.locator(".upload-item [data-says]").first).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Uploads")).to_be_focused()


def test_audio_files_of_a_dropped_folder_are_taken(reader: Watched) -> None:
    page = reader.page
    page.goto("/upload/")
    page.evaluate(DROP_FOLDER)
    expect(page.get_by_text("131 files are ready to be sent.")).to_be_visible()
    expect(page.get_by_text("2 files in the folder are not audio and were left out.")).to_be_visible()
    names = page.locator(".upload-item [data-name]").all_inner_texts()
    assert names[:3] == ["Ana - Uno.FLAC", "song 1.mp3", "song 2.mp3"]
    assert names[-1] == "song 130.mp3"


def test_file_is_sent_after_signing_in_again(
    chromium: Browser,
    server: Server,
    tmp_path: Path,
) -> None:
    watched, person = Watched(chromium, server), Person(server)
    page = watched.page
    sign_in(page, person)
    page.goto("/upload/")
    page.get_by_text("Nothing yet").click()
    soundfile.write(tmp_path / "Ana - Luego.wav", song(1, seed=302), 44_100)
    page.locator("input[type=file]").set_input_files(tmp_path / "Ana - Luego.wav")
    watched.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Start").click()
    says = page.locator(".upload-item [data-says]")
    expect(says).to_have_text("Your session has ended. Sign in and try again. Sign in")
    with watched.context.expect_page() as opened:
        says.get_by_role("link", name="Sign in").click()
    other = opened.value
    other.get_by_label("Email").fill(person.email)
    other.get_by_label("Password").fill(person.password)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url("**/upload/")
    other.close()
    page.get_by_role("button", name="Try again").click()
    expect(says).to_have_text("Saved. You can separate it later.")
    watched.context.close()


def test_page_without_scripts_still_sends(
    chromium: Browser,
    server: Server,
    tmp_path: Path,
) -> None:
    watched = Watched(chromium, server, java_script_enabled=False)
    page = watched.page
    sign_in(page, Person(server))
    page.goto("/upload/")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    watched.context.close()
