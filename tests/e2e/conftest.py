"""One running Stemoteca for all end-to-end tests of a group."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running installation; tests that break it start their own."""
    folder = Path(tmp_path_factory.mktemp("server"))
    running = Server(folder, STEMOTECA_ALLOWED_HOSTS="stemoteca.lan").start()
    yield running
    assert running.stop() == 0
    assert running.processes() == {}
