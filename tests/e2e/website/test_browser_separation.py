"""A song is separated in a real Chromium, also where no page is a secure context; nothing of it reaches the server."""

import base64
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from playwright.sync_api import Browser, Download, Page, expect

from separation.engines import modelspec
from tests.e2e.browser import TOO_SMALL, Watched
from tests.e2e.server import Person, Server
from tests.separation.engines.spleeter.archives import install
from tests.separation.engines.spleeter.models import drawn
from tests.songs import RATE, loud, song, write_song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]

PATIENCE = 120_000  # milliseconds
Samples = NDArray[np.int16]

# Not by the file field: its element would be held for the test, and the whole page with it.
DROP = """(content) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([Uint8Array.fromBase64(content)], "song.flac"));
  document.querySelector("[data-drop]").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
}"""

NOTE_PROGRESS = """() => {
  const place = document.querySelector("[data-progress]");
  window.said = [];
  new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true });
}"""


@pytest.fixture
def page(chromium: Browser, server: Server) -> Any:
    """The page as a visitor finds it, under a name that is not localhost, over plain http."""
    address = f"http://stemoteca.lan:{server.port}"
    context = chromium.new_context(base_url=address, locale="en", viewport={"width": 390, "height": 800})
    context.set_default_timeout(PATIENCE)
    visited = context.new_page()
    faults: list[str] = []
    visited.on("pageerror", lambda error: faults.append(str(error)))
    visited.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    visited.goto("/try/")
    assert not visited.evaluate("isSecureContext")
    yield visited
    # That of another header, which needs https.
    assert [fault for fault in faults if "Cross-Origin-Opener-Policy" not in fault] == []
    context.close()


def file_of(samples: NDArray[Any], rate: int = RATE, form: str = "FLAC") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype="PCM_16")
    return file.getvalue()


def choose(page: Page, content: bytes, name: str = "Canción: una (live).flac", stems: int = 2) -> None:
    page.locator(f"[name=model][value='compact:{stems}stems']").check()
    page.locator("[data-choose] input[type=file]").set_input_files(
        {"name": name, "mimeType": "audio/flac", "buffer": content}
    )


def take(page: Page, button: str) -> Download:
    with page.expect_download(timeout=PATIENCE) as download:
        page.locator("[data-files]").get_by_role("button", name=button, exact=True).click()
    return download.value


def samples_of(file: Path | io.BytesIO) -> Samples:
    samples: Samples = soundfile.read(file, dtype="int16", always_2d=True)[0]
    return samples


def wait_for_no_workers(page: Page) -> None:
    for _ in range(PATIENCE // 100):
        if not page.workers:
            break
        page.wait_for_timeout(100)
    assert page.workers == []


@pytest.mark.parametrize("stems", [2, 4])
def test_stems_are_those_of_the_server_and_nothing_is_sent(
    page: Page, server: Server, tmp_path: Path, stems: int
) -> None:
    file = tmp_path / "song.flac"
    file.write_bytes(file_of(loud(song(20, seed=7), 6)))
    requests: list[tuple[str, str]] = []
    page.on("request", lambda request: requests.append((request.method, request.url)))
    choose(page, file.read_bytes(), stems=stems)
    expect(page.locator("[data-files]")).to_be_visible(timeout=PATIENCE)
    assert {method for method, _ in requests} == {"GET"}
    assert all("/static/" in url or url.startswith("blob:") for _, url in requests)
    page.locator("[data-do=play]").click()
    expect(page.locator(".player")).to_have_attribute("data-playing", "playing", timeout=PATIENCE)

    archive = zipfile.ZipFile(take(page, "All parts as a zip").path())
    assert archive.testzip() is None
    person = Person(server)
    uploaded = person.upload(file, model=f"compact:{stems}stems").json()
    made = person.wait_until_finished(uploaded["separation"]["id"])
    for stem in made["stems"]:
        ours = samples_of(io.BytesIO(archive.read(f"Canción_ una (live) ({stem['name']}).flac")))
        theirs = samples_of(io.BytesIO(person.call("GET", stem["audio"] + "?codec=flac").content))
        assert ours.shape == theirs.shape
        assert np.abs(ours.astype(int) - theirs).max() <= 1, stem["name"]


def test_an_installed_model_gives_the_stems_of_the_server(chromium: Browser, tmp_path: Path) -> None:
    spec = modelspec.SPECS["spleeter:2stems-16kHz"]
    install(spec, tmp_path / "data/models", drawn(spec))
    server = Server(tmp_path, STEMOTECA_BROWSER_INSTALLED_MODELS="on").start()
    try:
        watched = Watched(chromium, server, viewport={"width": 390, "height": 800})
        page = watched.page
        page.goto("/try/")
        expect(page.get_by_text("Loads 78.6 MB once.")).to_be_visible()
        page.evaluate(NOTE_PROGRESS)
        file = write_song(tmp_path / "song.flac", 14.0, seed=3)
        page.locator(f"[name=model][value='{spec.slug}']").check()
        page.locator("[data-choose] input[type=file]").set_input_files(file)
        expect(page.locator("[data-files]")).to_be_visible(timeout=PATIENCE)
        said = page.evaluate("window.said")
        loading = [int(text.split()[3]) for text in said if text.startswith("Loading the model, ")]
        assert loading == sorted(loading)
        assert len(set(loading)) > 3, "19 pieces"
        archive = zipfile.ZipFile(take(page, "All parts as a zip").path())
        person = Person(server)
        made = person.wait_until_finished(person.upload(file, model=spec.slug).json()["separation"]["id"])
        for stem in made["stems"]:
            ours = samples_of(io.BytesIO(archive.read(f"song ({stem['name']}).flac")))
            theirs = samples_of(io.BytesIO(person.call("GET", stem["audio"] + "?codec=flac").content))
            assert ours.shape == theirs.shape
            assert np.abs(ours.astype(int) - theirs).max() <= 1, stem["name"]
        assert watched.faults == []
        watched.context.close()
    finally:
        server.stop()


def test_quiet_mono_at_another_rate_becomes_wav_of_its_length(page: Page) -> None:
    choose(page, file_of(song(14, rate=8000)[:, :1] / 100, 8000, "WAV"), "leise.wav")
    expect(page.locator("[data-files]")).to_be_visible(timeout=PATIENCE)
    page.locator("[data-files] select").select_option("wav")
    download = take(page, "Vocals")
    assert download.suggested_filename == "leise (vocals).wav"
    assert samples_of(Path(download.path())).shape == (14 * RATE, 2)


def test_files_without_sound_are_refused_with_what_to_do(page: Page) -> None:
    problem = page.locator("[data-problem]")
    choose(page, b"")
    expect(problem).to_have_text("This file is empty. Choose another.")
    choose(page, b"not audio at all" * 1000)
    expect(problem).to_contain_text("Save it as MP3, WAV or FLAC")
    expect(page.locator("[data-work]")).to_be_hidden()


def test_stopping_lets_go_of_everything_and_another_song_can_be_chosen(page: Page) -> None:
    choose(page, file_of(song(45)))
    expect(page.locator("[data-progress]")).to_contain_text("Separating", timeout=PATIENCE)
    assert len(page.workers) > 2
    page.locator("[data-stop]").click()
    expect(page.locator("[data-work]")).to_be_hidden()
    expect(page.locator(".player")).to_have_count(0)
    wait_for_no_workers(page)
    choose(page, file_of(song(3)))
    expect(page.locator("[data-files]")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("es", "dark")])
def test_every_state_of_the_page_is_accessible(
    chromium: Browser, server: Server, language: str, scheme: Any
) -> None:
    context = chromium.new_context(
        base_url=f"http://stemoteca.lan:{server.port}",
        locale=language,
        color_scheme=scheme,
        viewport={"width": 360, "height": 740},
    )
    page = context.new_page()
    page.goto("/try/")
    axe = Axe()
    states: dict[str, tuple[object, object]] = {}

    def look(name: str) -> None:
        rows = axe.run(page).response["violations"]
        found = [(row["id"], [node["html"][:160] for node in row["nodes"]][:3]) for row in rows]
        states[name] = (found, page.evaluate(TOO_SMALL))

    look("choosing")
    choose(page, b"no audio" * 1000)
    expect(page.locator("[data-problem]")).to_be_visible(timeout=PATIENCE)
    look("a problem")
    choose(page, file_of(song(40)))
    expect(page.locator("[data-progress]")).to_contain_text(re.compile("Separa"), timeout=PATIENCE)
    look("working")
    expect(page.locator("[data-files]")).to_be_visible(timeout=PATIENCE)
    look("done")
    assert states == dict.fromkeys(states, ([], []))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_going_back_and_forth_leaves_nothing_behind(page: Page, server: Server, tmp_path: Path) -> None:
    """In one document, as a song of the library plays on meanwhile."""
    page.set_viewport_size({"width": 1280, "height": 900})
    (tmp_path / "Ana - Vuelta.flac").write_bytes(file_of(song(60, seed=44)))
    person = Person(server)
    uploaded = person.upload(tmp_path / "Ana - Vuelta.flac", model="compact:2stems").json()
    person.wait_until_finished(uploaded["separation"]["id"])
    page.goto(f"/tracks/{uploaded['track']['id']}/")
    page.evaluate("window.isFirst = true")
    page.keyboard.press("Space")
    expect(page.locator("main .player")).to_have_attribute("data-playing", "playing", timeout=PATIENCE)
    devtools = page.context.new_cdp_session(page)
    dropped = base64.b64encode(file_of(song(3))).decode()

    def visit() -> None:
        page.locator("footer").get_by_role("link", name="Separate in your browser").click()
        expect(page.get_by_text("or drop it here")).to_be_visible(timeout=PATIENCE)
        page.evaluate(DROP, dropped)
        expect(page.locator("[data-files]")).to_be_visible(timeout=PATIENCE)
        page.get_by_role("navigation", name="Library").get_by_role("link", name="Artists").click()
        expect(page.get_by_role("heading", name="Artists", level=1)).to_be_visible(timeout=PATIENCE)

    def left() -> dict[str, int]:
        devtools.send("HeapProfiler.collectGarbage")
        page.wait_for_timeout(200)
        return devtools.send("Memory.getDOMCounters") | {"workers": len(page.workers)}

    visit()
    page.wait_for_timeout(1000)
    most = left() | {"workers": 1}  # that of the song that plays
    most["nodes"] += 100  # a page has some hundreds
    for _ in range(3):
        visit()
    for _ in range(20):  # what is ended goes in its own time
        now = left()
        if all(now[name] <= most[name] for name in most):
            break
    assert all(now[name] <= most[name] for name in most), (most, now)
    assert page.evaluate("window.isFirst")


def test_song_that_waits_in_the_queue_is_heard_at_once(reader: Watched) -> None:
    page = reader.page
    page.route("**/api/v1/separations/*/", lambda route: route.fulfill(json=waiting(route.fetch().json())))
    page.route(
        "**/api/v1/uploads/",
        lambda route: route.fulfill(
            json=(body := route.fetch().json()) | {"separation": waiting(body["separation"])}
        ),
    )
    page.goto("/upload/")
    page.locator("input[type=file]").set_input_files(
        {"name": "Ana - Espera.flac", "mimeType": "audio/flac", "buffer": file_of(song(4, seed=45))}
    )
    page.get_by_role("button", name="Start").click()
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Hear it now, separated in this browser").click(timeout=PATIENCE)
    heard = opened.value
    expect(heard.locator("[data-name]")).to_have_text("Ana - Espera.flac")
    expect(heard.locator("[data-files]")).to_be_visible(timeout=PATIENCE)
    expect(heard.get_by_role("button", name="Add this song to the library")).to_be_hidden()
    expect(page.get_by_text("Number 9 in the queue")).to_be_visible()


def waiting(separation: dict[str, Any]) -> dict[str, Any]:
    """As if many others came before it."""
    return separation | {
        "status": "queued",
        "queue_position": 9,
        "eta_seconds": 900,
        "progress": 0,
        "stems": [],
    }


def test_song_that_was_separated_here_goes_to_the_library_afterwards(reader: Watched) -> None:
    page = reader.page
    page.goto("/try/")
    choose(page, file_of(song(3, seed=46)), "Ana - Luego.flac")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Add this song to the library").click()
    expect(opened.value.locator(".upload-item [data-name]")).to_have_text("Ana - Luego.flac")
    expect(opened.value.get_by_role("button", name="Start")).to_be_enabled()
