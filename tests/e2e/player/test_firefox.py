"""The player in the Firefox that people have: it plays, stretches and loops, over plain http as well."""

from collections.abc import Iterator
from pathlib import Path
from shutil import which

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.e2e.firefox import RATE, Firefox, launched
from tests.e2e.server import Person, Server, wait_until
from tests.songs import song

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("player"),
    pytest.mark.skipif(
        not (which("firefox-esr") and which("pulseaudio")), reason="needs Debian's firefox-esr and pulseaudio"
    ),
]

PLAYING = "document.querySelector('.player').dataset.playing"
NOW = "document.querySelector('[data-now]').textContent"
SECONDS, TONE = 16, 330.0  # Hz


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with launched(Path(tmp_path_factory.mktemp("firefox"))) as firefox:
        yield firefox


@pytest.fixture(scope="module")
def track(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a song with two parts."""
    path = Path(tmp_path_factory.mktemp("songs")) / "Eva - Zorro.flac"
    tone = 0.4 * np.sin(2 * np.pi * TONE * np.arange(SECONDS * RATE) / RATE)
    soundfile.write(path, np.stack([tone, tone], axis=1), RATE)
    owner = Person(server)
    answer = owner.upload(path, model="compact:2stems")
    assert answer.ok, answer.text
    owner.wait_until_finished(answer.json()["separation"]["id"])
    return f"/tracks/{answer.json()['track']['id']}/"


def pitch(samples: NDArray[np.float32]) -> float:
    """Return the strongest frequency, in hertz."""
    padded = np.fft.rfft(samples[0] * np.hanning(samples.shape[1]), 8 * samples.shape[1])
    return float(np.argmax(np.abs(padded)) * RATE / (8 * samples.shape[1]))


@pytest.mark.parametrize("host", ["127.0.0.1", "stemoteca.lan"])
def test_it_plays_stretches_and_loops(firefox: Firefox, server: Server, track: str, host: str) -> None:
    firefox.goto(f"http://{host}:{server.port}{track}?speed=60&key=3")
    assert firefox.evaluate("isSecureContext") is (host == "127.0.0.1")
    firefox.press("a")
    firefox.press("Space")
    firefox.wait_for(PLAYING, "playing")
    firefox.wait_for(NOW, "0:02")
    firefox.press("b")
    firefox.wait_for("document.querySelector('[data-looped]').checkVisibility()", wanted=True)
    firefox.wait_for(NOW, "0:00")
    firefox.wait_for(NOW, "0:01")
    # On a busy machine, sound has gaps; between them, a second of it has the pitch.
    wait_until(lambda: abs(pitch(firefox.heard(1)) - TONE * 2 ** (3 / 12)) < 1)
    firefox.press("+")
    firefox.wait_for("document.querySelector('[data-speed-shows]').textContent", "65 %")
    firefox.wait_for(NOW, "0:00")
    assert firefox.evaluate(PLAYING) == "playing"
    assert firefox.errors == []


@pytest.mark.parametrize(("host", "stems"), [("127.0.0.1", 2), ("stemoteca.lan", 4)])
def test_it_separates_by_itself(
    firefox: Firefox, server: Server, tmp_path: Path, host: str, stems: int
) -> None:
    name = f"on {host}"
    soundfile.write(tmp_path / f"{name}.flac", song(26, seed=stems), RATE)
    firefox.goto(f"http://{host}:{server.port}/try/")
    firefox.evaluate(f"document.querySelector('[value=\"compact:{stems}stems\"]').click()")
    firefox.choose("[data-choose] input[type=file]", tmp_path / f"{name}.flac")
    firefox.wait_for("document.querySelector('[data-files]:not([hidden])') !== null", wanted=True)
    firefox.press("Space")
    firefox.wait_for(PLAYING, "playing")
    firefox.wait_for(NOW, "0:01")
    firefox.evaluate("document.querySelector('[data-files] button[value=\"0\"]').click()")
    saved = firefox.downloads / f"{name} (vocals).flac"
    wait_until(
        lambda: saved.exists() and saved.stat().st_size > 0 and not list(firefox.downloads.glob("*.part"))
    )
    assert soundfile.read(saved)[0].shape == (26 * RATE, 2)
    assert firefox.errors == []
