"""Imports of folders requested in the admin site, in a running installation."""

import re
from pathlib import Path

import numpy as np
import pytest
import requests
import soundfile

from tests.e2e.server import Server, wait_until
from tests.songs import song

pytestmark = pytest.mark.xdist_group("server")
SONGS = 24  # enough that an import is still running when it is stopped


def administrator(server: Server) -> requests.Session:
    """A browser that the administrator has signed in with, by what the first start printed."""
    email, password = re.findall(r"Sign in as (\S+) with the password (\S+)", server.log())[0]
    browser = requests.Session()
    page = browser.get(f"{server.url}/accounts/login/", timeout=30).text
    fields = {"login": email, "password": password, "csrfmiddlewaretoken": token_in(page)}
    assert browser.post(f"{server.url}/accounts/login/", data=fields, timeout=30).ok
    return browser


def token_in(page: str) -> str:
    return str(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0])


def ask(server: Server, browser: requests.Session, folder: Path) -> str:
    """Ask for ``folder`` in the panel; returns the page that tells how far it is."""
    address = f"{server.url}/admin/separation/importrun/add/"
    form = browser.get(address, timeout=30).text
    (owner,) = re.findall(r'<option value="([0-9a-f-]{36})" selected>', form)
    fields = {"folder": str(folder), "owner": owner, "visibility": "shared", "model": ""}
    asked = browser.post(address, data=fields | {"csrfmiddlewaretoken": token_in(form)}, timeout=30)
    assert "Waiting" in asked.text or "Running" in asked.text
    return asked.url


def wait_for_state(browser: requests.Session, address: str, state: str) -> str:
    return wait_until(
        lambda: page if f">{state}<" in (page := browser.get(address, timeout=30).text) else None,
        180,
        interval=0.2,
    )


def test_folder_requested_in_the_admin_site_is_imported(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    for seed in (71, 72):
        soundfile.write(folder / f"Coro - Canto {seed}.wav", song(3, seed=seed), 44_100)
    browser = administrator(server)
    page = wait_for_state(browser, ask(server, browser, folder), "Done")
    assert "Show progress" not in page
    songs = requests.get(f"{server.url}/api/v1/tracks/", {"q": "Coro Canto"}, timeout=30).json()["results"]
    assert {track["title"] for track in songs} == {"Canto 71", "Canto 72"}


def count_songs(server: Server) -> int:
    found = requests.get(f"{server.url}/api/v1/tracks/", {"q": "Salmo"}, timeout=30).json()
    return int(found["count"])


def test_interrupted_import_continues_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    noise = np.random.default_rng(5)
    for number in range(SONGS):
        soundfile.write(folder / f"Coro - Salmo {number}.wav", noise.uniform(-0.1, 0.1, (220_500, 2)), 44_100)
    server = Server(tmp_path).start()
    try:
        browser = administrator(server)
        address = ask(server, browser, folder)
        wait_for_state(browser, address, "Running")
        wait_until(lambda: count_songs(server) > 1)  # so that one of them is stored for certain
        assert server.stop() == 0
        assert server.processes() == {}
        server.start()
        page = wait_for_state(browser, address, "Done")
        counts = [int(n) for n in re.findall(r'<div class="readonly">(\d+)</div>', page)]
        new, known, unchanged, refused = counts
        assert (new + known + unchanged, refused) == (SONGS, 0)
        assert unchanged > 0, "it began anew instead of going on"
        assert count_songs(server) == SONGS
    finally:
        server.stop()
