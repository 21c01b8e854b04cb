"""A folder on the server, taken in because somebody asked in the admin panel, by a process of its own."""

import re
from pathlib import Path

import pytest
import requests
import soundfile

from tests.e2e.server import Server, wait_for
from tests.songs import song

pytestmark = pytest.mark.xdist_group("server")


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


def test_a_folder_that_was_asked_for_in_the_panel_is_taken_in(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    for seed in (71, 72):
        soundfile.write(folder / f"Coro - Canto {seed}.wav", song(3, seed=seed), 44_100)
    browser = administrator(server)
    address = f"{server.url}/admin/separation/importrun/"
    form = browser.get(f"{address}add/", timeout=30).text
    (owner,) = re.findall(r'<option value="([0-9a-f-]{36})" selected>', form)
    asked = browser.post(
        f"{address}add/",
        data={
            "csrfmiddlewaretoken": token_in(form),
            "folder": str(folder),
            "owner": owner,
            "visibility": "shared",
            "model": "",
        },
        timeout=30,
    )
    assert "Waiting" in asked.text or "Running" in asked.text
    page = wait_for(
        lambda: found if "Done" in (found := browser.get(asked.url, timeout=30).text) else None, 60
    )
    assert "See how far it is" not in page
    songs = requests.get(f"{server.url}/api/v1/tracks/", {"q": "Coro Canto"}, timeout=30).json()["results"]
    assert {track["title"] for track in songs} == {"Canto 71", "Canto 72"}
