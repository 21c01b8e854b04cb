"""``python -m docs.take_pictures``: make the pictures of the documentation again, in ``docs/pictures``.

Starts a real installation in a temporary folder, brings songs that are made here, has them separated, and looks at
pages in Chromium. Needs the environment of the tests.
"""

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import SWITCHES, Watched, launched, sign_in
from tests.e2e.server import ROOT, Person, Server
from tests.songs import RATE, song

FOLDER = Path(__file__).with_name("pictures")
MOST_BYTES = 100_000
PATIENCE = 120_000
"""Milliseconds, for busy machines."""
DESKTOP = {"width": 1200, "height": 800}
PHONE = {"width": 390, "height": 844}
SONGS = [
    ("Evening Rehearsal", "The Open Tunings", "Second Take", 96),
    ("Barquito de papel", "Trío Orilla", "Mareas", 41),
    ("Third Floor, No Lift", "The Open Tunings", "Second Take", 38),
    ("Blue Bicycle", "Marta Quill", "Short Roads", 33),
    ("Lanterns", "Kumo", "Kumo", 36),
    ("Before the Rain", "Quill and Moss", "Short Roads", 32),
]
"""Title, artist, album, seconds."""
SECTIONS = ((0, 0.3), (8, 0.5), (24, 1.0), (44, 0.6), (60, 1.0), (84, 0.4))
"""Seconds from which a song is so loud."""


def arranged(seed: int, seconds: int) -> npt.NDArray[np.float32]:
    """Make a song with quiet and loud sections, shape [samples, 2]."""
    times, levels = zip(*SECTIONS, strict=True)
    moments = np.arange(seconds * RATE) / RATE
    level = np.asarray(levels)[np.searchsorted(times, moments, side="right") - 1]
    samples: npt.NDArray[np.float32] = (song(seconds, seed=seed) * level[:, None]).astype(np.float32)
    return samples


def bring(person: Person, folder: Path) -> list[str]:
    """Upload all songs and have them separated; return the paths of their pages."""
    answers = []
    for number, (title, artist, album, seconds) in enumerate(SONGS):
        path = folder / f"{artist} - {title}.flac"
        soundfile.write(path, arranged(number + 1, seconds), RATE)
        sent = person.upload(path, title=title, artist=artist, album=album, model="compact:4stems")
        answers.append(sent.json())
    for answer in answers:
        person.wait_until_finished(answer["separation"]["id"], 600)
    return [f"/tracks/{answer['track']['id']}/" for answer in answers]


def save(page: Page, name: str) -> None:
    """Write what the page shows as WebP."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = FOLDER / f"{name}.webp"
    picture.save(path, "WEBP", quality=85, method=6)
    size = path.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{path.name} has {size} bytes, which is too much")
    sys.stdout.write(f"{path.relative_to(ROOT)}: {size} bytes\n")


def home(page: Page, _song: str, _folder: Path) -> None:
    page.goto("/")


def upload(page: Page, _song: str, folder: Path) -> None:
    page.goto("/upload/")
    page.locator("input[type=file]").set_input_files(sorted(folder.glob("*.flac"))[:2])
    page.get_by_text("Vocals, drums, bass, other").click()


def player(page: Page, song_page: str, _folder: Path) -> None:
    page.goto(f"{song_page}?from=50")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator(".player")).to_have_attribute("data-playing", "playing", timeout=PATIENCE)
    page.keyboard.press("1")
    expect(page.locator("[data-now]")).to_have_text(re.compile("0:5[3-9]"), timeout=PATIENCE)


def practising(page: Page, song_page: str, _folder: Path) -> None:
    page.goto(f"{song_page}?from=24&to=44&speed=80")
    page.locator("[data-stretch] > summary").first.click()


def models(page: Page, _song: str, _folder: Path) -> None:
    page.goto("/admin/separation/modelinstallation/")


def dashboard(page: Page, _song: str, _folder: Path) -> None:
    page.goto("/admin/")


PICTURES: dict[str, tuple[dict[str, int], Callable[[Page, str, Path], None]]] = {
    "home": (DESKTOP, home),
    "upload": (DESKTOP, upload),
    "player": (DESKTOP, player),
    "practising": (DESKTOP, practising),
    "phone": (PHONE, player),
    "models": (DESKTOP, models),
    "dashboard": (DESKTOP, dashboard),
}


def take(browser: Browser, person: Person, song_page: str, folder: Path) -> None:
    """Make every picture in a browser of its own, where Ana is signed in."""
    for name, (viewport, arrange) in PICTURES.items():
        watched = Watched(browser, person.server, viewport=viewport)
        sign_in(watched.page, person)
        arrange(watched.page, song_page, folder)
        watched.page.evaluate("document.fonts.ready")
        watched.page.wait_for_timeout(3000)  # for pictures and outlines
        save(watched.page, name)
        watched.context.close()


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        server = Server(folder, STEMOTECA_DATABASE="", STEMOTECA_REDIS="").start()
        try:
            person = Person(server, "ana@example.org")
            rights = ["user", person.email, "--name", "Ana", "--administrator"]
            subprocess.run(
                [sys.executable, "manage.py", *rights], cwd=ROOT, env=server.environment, check=True
            )
            first, *_others = bring(person, folder)
            with launched(SWITCHES) as browser:
                take(browser, person, first, folder)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
