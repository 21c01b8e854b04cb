"""What is one's own, in a real Chromium: look before you send, hearts, and putting a setlist in order."""

import hashlib
import random
import re
from pathlib import Path
from typing import Any

import pytest
import soundfile
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import TOO_SMALL, Watched, sign_in
from tests.e2e.server import Person, Server
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]

# From the standard (FIPS 180-2, appendix B) and its validation suite; then every way to end a block or a piece.
KNOWN = [
    ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
]
LENGTHS = [1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 4_194_303, 4_194_304, 4_194_305, 9_000_000]

HASHED = """async (files) => {
  const worker = new Worker(document.querySelector("[data-hashing]").dataset.hashing, { type: "module" });
  const sums = new Map();
  const all = new Promise((done) => {
    worker.addEventListener("message", ({ data }) => {
      if (data.checksum === undefined) return;
      sums.set(data.id, data.checksum);
      if (sums.size === files.length) done();
    });
  });
  files.forEach((file, id) => worker.postMessage({ id, file: new Blob(
    typeof file.text === "string" ? Array(file.times).fill(file.text)
      : [Uint8Array.from({ length: file.length }, (_, n) => (n * 31 + (n >> 8) * 7) & 255)]) }));
  await all;
  return files.map((_, id) => sums.get(id));
}"""


@pytest.fixture(scope="module")
def uploader(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Person, list[dict[str, Any]], Path]:
    """Somebody who has brought three songs, and the file of the first."""
    person = Person(server)
    folder = tmp_path_factory.mktemp("library")
    tracks = []
    for number, title in enumerate(("Uno", "Dos", "Tres")):
        path = folder / f"Ana - {title}.flac"
        soundfile.write(path, song(1, seed=60 + number), 44_100)
        answer = person.upload(path, model="none")
        assert answer.status_code == 201, answer.text
        tracks.append(answer.json()["track"])
    return person, tracks, folder / "Ana - Uno.flac"


def test_the_checksum_of_any_file_is_right(reader: Watched) -> None:
    page = reader.page
    page.goto("/upload/")
    wanted = [{"text": text, "times": times} for text, times, _sum in KNOWN]
    assert page.evaluate(HASHED, wanted) == [known for _text, _times, known in KNOWN]
    sums = page.evaluate(HASHED, [{"length": length} for length in LENGTHS])
    for length, found in zip(LENGTHS, sums, strict=True):
        content = bytes((n * 31 + (n >> 8) * 7) & 255 for n in range(length))
        assert found == hashlib.sha256(content).hexdigest(), length


def test_fields_for_names_suggest_what_is_in_the_library(
    uploader: tuple[Person, list[dict[str, Any]], Path], chromium: Browser, server: Server
) -> None:
    person, [track, *_others], _path = uploader
    watched = Watched(chromium, server)
    page = watched.page
    sign_in(page, person)
    page.goto(f"/tracks/{track['id']}/edit/")
    field = page.get_by_label("Artist", exact=True)
    field.fill("an")
    expect(page.locator("#artists option[value=Ana]")).to_have_count(1)
    assert field.get_attribute("aria-expanded") is None, "a field with a list is no search"
    assert watched.faults == []
    watched.context.close()


def test_known_song_is_claimed_without_an_upload(
    reader: Watched, uploader: tuple[Person, list[dict[str, Any]], Path]
) -> None:
    page = reader.page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.goto("/upload/")
    page.get_by_label("Nothing yet").check()
    page.locator("input[type=file]").set_input_files(uploader[2])
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".upload-item [data-says]")).to_have_text("This song is already here")
    assert any("/lookups/" in url for url in sent)
    assert not any("/uploads/" in url for url in sent)
    page.goto("/library/")
    row = page.locator(".library-list li")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Uno")
    row.get_by_role("link", name="Remove").click()
    expect(page.get_by_text("Other people have added this song too")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="You have not added any songs yet")).to_be_visible()


def test_long_file_is_hashed_in_pieces(reader: Watched, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(random.Random(5).randbytes(30_000_000))
    page = reader.page
    page.goto("/upload/")
    page.evaluate(
        """() => {
          window.seen = [];
          new MutationObserver(() => {
            const says = document.querySelector(".upload-item [data-says]")?.textContent;
            if (says && seen.at(-1) !== says) seen.push(says);
          }).observe(document.querySelector("[data-list]"), { subtree: true, childList: true, characterData: true });
        }"""
    )
    with page.expect_request("**/lookups/") as asked:
        page.locator("input[type=file]").set_input_files(path)
        page.get_by_role("button", name="Start").click()
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    assert asked.value.post_data_json == {"checksum": checksum}
    expect(page.locator(".upload-item")).to_contain_text("not an audio format", timeout=30_000)
    seen = page.evaluate("seen")
    assert any(re.fullmatch(r"Checking whether it is already here, \d+ %", says) for says in seen), seen
    reader.faults[:] = [fault for fault in reader.faults if "415" not in fault]  # the refusal itself


def test_like_is_stored_without_a_page_load(
    reader: Watched, uploader: tuple[Person, list[dict[str, Any]], Path]
) -> None:
    page = reader.page
    page.goto(f"/tracks/{uploader[1][1]['id']}/")
    heart = page.get_by_role("button", name="I like “Dos”").first
    expect(heart).to_have_attribute("aria-pressed", "false")
    with page.expect_response("**/like/") as answer:
        heart.click()
    assert answer.value.status == 204
    expect(heart).to_have_attribute("aria-pressed", "true")
    page.goto("/library/liked/")
    heart = page.get_by_role("button", name="I like “Dos”")
    expect(heart).to_have_attribute("aria-pressed", "true")
    with page.expect_response("**/like/"):
        heart.press("Enter")
    page.reload()
    expect(page.get_by_role("heading", name="You have not liked any songs yet")).to_be_visible()


def titles(page: Page) -> list[str]:
    return page.locator(".setlist-entry h2").all_inner_texts()


def test_setlist_is_reordered_by_pointer_and_keyboard(
    reader: Watched, uploader: tuple[Person, list[dict[str, Any]], Path]
) -> None:
    page = reader.page
    page.goto("/setlists/")
    page.get_by_label("Name of the new setlist").fill("Friday")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="No songs yet")).to_be_visible()
    address = page.url
    for track in uploader[1]:
        page.goto(f"/tracks/{track['id']}/")
        page.get_by_text("Add to setlist").click()
        page.get_by_role("button", name="Friday").click()
        expect(page.get_by_text(f"“{track['title']}” is now in “Friday”.")).to_be_visible()
    page.goto(address)
    assert titles(page) == ["Uno", "Dos", "Tres"]
    grip = page.locator("[data-grip]").nth(2).bounding_box()
    above = page.locator(".setlist-entry").nth(0).bounding_box()
    assert grip is not None
    assert above is not None
    page.mouse.move(grip["x"] + 10, grip["y"] + 10)
    page.mouse.down()
    page.mouse.move(grip["x"] + 10, above["y"] + 40, steps=8)
    page.mouse.move(grip["x"] + 10, above["y"] + 5, steps=4)
    with page.expect_response(lambda answer: answer.request.method == "PATCH") as saved:
        page.mouse.up()
    assert saved.value.ok
    assert titles(page) == ["Tres", "Uno", "Dos"]
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.get_by_role("button", name="“Uno” up").press("Enter")
    expect(page.get_by_text("Now number 1", exact=True)).to_be_attached()
    note = page.get_by_label("Note for “Dos”")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        note.fill("in D")
        note.press("Tab")
    page.reload()
    assert titles(page) == ["Uno", "Tres", "Dos"]
    expect(note).to_have_value("in D")
    page.get_by_role("link", name="Uno", exact=True).click()
    here = page.get_by_role("navigation", name="Setlist")
    expect(here).to_contain_text("1 of 3")
    here.get_by_role("link", name="Next: Tres").click()
    here.get_by_role("link", name="Next: Dos").click()
    expect(here).to_contain_text("3 of 3")
    expect(here).to_contain_text("in D")
    expect(here.get_by_role("link", name="Previous: Tres")).to_be_visible()


def test_setlists_and_likes_work_without_scripts(
    chromium: Browser, server: Server, uploader: tuple[Person, list[dict[str, Any]], Path]
) -> None:
    watched = Watched(chromium, server, java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = watched.page
    sign_in(page, Person(server))
    for track in uploader[1][:2]:
        page.goto(f"/tracks/{track['id']}/setlist/")
        if page.get_by_role("button", name="Lesson").count():
            page.get_by_role("button", name="Lesson").click()
        else:
            page.get_by_label("Name of the new setlist").fill("Lesson")
            page.get_by_role("button", name="Create a setlist").click()
    page.get_by_role("button", name="I like “Dos”").first.click()
    expect(page.get_by_text("1 person likes it")).to_be_visible()
    page.goto("/setlists/")
    page.get_by_role("link", name="Lesson").click()
    page.get_by_role("button", name="“Dos” up").click()
    assert titles(page) == ["Dos", "Uno"]
    page.get_by_label("Note for “Uno”").fill("capo 2")
    page.get_by_role("button", name="Save").nth(1).click()
    expect(page.get_by_label("Note for “Uno”")).to_have_value("capo 2")
    page.get_by_role("button", name="Remove “Dos”").click()
    assert titles(page) == ["Uno"]
    page.get_by_role("button", name="Share by link").click()
    link = page.get_by_label("Link").input_value()
    visitor = Watched(chromium, server)
    visitor.page.goto(link)
    expect(visitor.page.get_by_role("heading", name="Lesson")).to_be_visible()
    visitor.page.get_by_role("link", name="Play all").click()
    expect(visitor.page.get_by_text("There is no song here that can be played.")).to_be_visible()
    visitor.page.get_by_role("link", name="Uno", exact=True).click()
    expect(visitor.page.get_by_role("navigation", name="Setlist")).to_contain_text("1 of 1")
    assert watched.faults == visitor.faults == []
    visitor.context.close()
    watched.context.close()


def test_fulfilled_wish_is_notified(reader: Watched, server: Server, tmp_path: Path) -> None:
    page = reader.page
    page.goto("/wishes/new/?q=Coro - Nadie la trae")
    page.get_by_role("button", name="I want it", exact=True).click()
    expect(page.get_by_text("1 person wants it").first).to_be_visible()
    path = tmp_path / "Coro - Nadie la trae.flac"
    soundfile.write(path, song(1, seed=77), 44_100)
    assert Person(server).upload(path, model="none").status_code == 201
    page.reload()
    page.get_by_role("link", name="1 new notice").click()
    page.get_by_role("link", name="Nadie la trae").click()
    expect(page.get_by_role("heading", name="Nadie la trae")).to_be_visible()
    expect(page.get_by_role("link", name="Notices", exact=True)).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_every_page_of_the_library_fits_and_can_be_touched(
    chromium: Browser,
    server: Server,
    uploader: tuple[Person, list[dict[str, Any]], Path],
    width: int,
    scheme: Any,
) -> None:
    person, tracks, _path = uploader
    made = person.call("POST", "setlists/", json={"title": "Concert"}).json()
    for track in tracks:
        person.call("POST", f"setlists/{made['id']}/entries/", json={"track": track["id"], "note": "in D"})
    wish = person.call("POST", "wishes/", json={"title": f"A wish at {width}"}).json()
    watched = Watched(chromium, server, viewport={"width": width, "height": 740}, color_scheme=scheme)
    page = watched.page
    sign_in(page, person)
    for path in (
        *("/library/", "/library/asked/", "/library/liked/", "/library/wishes/", "/setlists/", "/notices/"),
        *("/wishes/", "/wishes/new/", f"/wishes/{wish['id']}/fulfil/", f"/setlists/{made['id']}/"),
        f"/tracks/{tracks[1]['id']}/?setlist={made['id']}",
        *(f"/tracks/{tracks[0]['id']}/setlist/", f"/library/{tracks[0]['id']}/remove/"),
    ):
        page.goto(path)
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wider) <= 0, path
        assert page.evaluate(TOO_SMALL) == [], path
    watched.context.close()
    assert watched.faults == []
