"""One running Stemoteca for all end-to-end tests of a group, and a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import SWITCHES, Watched, launched, sign_in
from tests.e2e.server import Person, Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running installation; tests that break it start their own."""
    folder = Path(tmp_path_factory.mktemp("server"))
    running = Server(folder, STEMOTECA_ALLOWED_HOSTS="stemoteca.lan").start()
    yield running
    assert running.stop() == 0
    assert running.processes() == {}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A Chromium that finds this machine under another name as well, where no page is a secure context."""
    with launched([*SWITCHES, "--host-resolver-rules=MAP stemoteca.lan 127.0.0.1"]) as browser:
        yield browser


@pytest.fixture
def reader(chromium: Browser, server: Server) -> Iterator[Watched]:
    """Somebody else, signed in on the website."""
    person = Person(server)
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 800})
    sign_in(watched.page, person)
    yield watched
    assert watched.faults == []
    watched.context.close()
