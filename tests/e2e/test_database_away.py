"""PostgreSQL goes away under a running installation, and comes back."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests

from tests.e2e.server import Person, Server, wait_for

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(
        not os.environ.get("STEMOTECA_DATABASE", "").startswith("postgres"), reason="needs PostgreSQL"
    ),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path).start()
    yield server
    assert server.stop() == 0


def lock_out(server: Server, *, out: bool) -> None:
    """Have PostgreSQL refuse every connection to this server's database, and end those that are."""
    address, _, name = server.database.rpartition("/")
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {"false" if out else "true"}')
        if out:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )


def test_pages_and_calls_answer_503_until_it_is_back(server: Server) -> None:
    person = Person(server)
    browser = requests.Session()
    browser.cookies["sessionid"] = "c" * 32
    browser.headers["Accept-Language"] = "es"
    assert browser.get(f"{server.url}/", timeout=30).status_code == 200
    lock_out(server, out=True)
    for _ in range(20):  # each thread meets its own broken connection first
        page = browser.get(f"{server.url}/", timeout=30)
        assert (page.status_code, page.headers["Retry-After"]) == (503, "10")
        assert 'lang="es"' in page.text
        call = person.call("GET", "me/")
        assert (call.status_code, call.json()["code"]) == (503, "database_away")
    assert requests.get(f"{server.url}/healthz", timeout=30).status_code == 200
    assert requests.get(f"{server.url}/readyz", timeout=30).json()["checks"]["database"] is False
    sent = person.call("POST", "uploads/", files={"file": ("a.wav", bytes(2_000_000))})
    assert (sent.status_code, sent.json()["code"]) == (503, "database_away")
    lock_out(server, out=False)
    wait_for(server.answers, seconds=30)
    for _ in range(20):
        assert browser.get(f"{server.url}/", timeout=30).status_code == 200
        assert person.call("GET", "me/").status_code == 200
    assert "Traceback" not in "".join(line for line in server.log().splitlines() if "django.request" in line)
