"""PostgreSQL refuses connections or hangs under a running installation, and comes back."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import requests

from tests.e2e.postgresql import PostgreSQL
from tests.e2e.server import Person, Server, wait_until

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


def test_pages_and_api_return_503_until_postgresql_is_back(server: Server) -> None:
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
    wait_until(server.is_ready, seconds=30)
    for _ in range(20):
        assert browser.get(f"{server.url}/", timeout=30).status_code == 200
        assert person.call("GET", "me/").status_code == 200
    assert "Traceback" not in "".join(line for line in server.log().splitlines() if "django.request" in line)


@pytest.fixture
def postgresql() -> Iterator[PostgreSQL]:
    database = PostgreSQL().start()
    yield database
    database.stop()


@pytest.fixture
def impatient_server(tmp_path: Path, postgresql: PostgreSQL) -> Iterator[Server]:
    """An installation on a database of its own, whose statements may take 2 s."""
    server = Server(tmp_path, STEMOTECA_DATABASE=postgresql.url, STEMOTECA_STATEMENT_SECONDS="2").start()
    yield server
    postgresql.resume()
    assert server.stop() == 0


def test_pages_answer_503_while_postgresql_hangs(impatient_server: Server, postgresql: PostgreSQL) -> None:
    """Stopped by SIGSTOP it accepts connections and packets, and refuses nothing."""

    def statuses(path: str) -> set[tuple[int, str | None]]:
        """Send as many requests at once as there are threads."""
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(requests.get, impatient_server.url + path, timeout=60) for _ in range(8)]
            return {(one.result().status_code, one.result().headers.get("Retry-After")) for one in sent}

    assert statuses("/artists/") == {(200, None)}
    postgresql.pause()
    assert statuses("/artists/") == {(503, "10")}, "with connections from before"
    assert statuses("/artists/") == {(503, "10")}, "with none"
    call = requests.get(f"{impatient_server.url}/api/v1/tracks/", timeout=60)
    assert (call.status_code, call.json()["code"]) == (503, "database_away")
    assert requests.get(f"{impatient_server.url}/healthz", timeout=60).status_code == 200
    ready = requests.get(f"{impatient_server.url}/readyz", timeout=60)
    assert ready.json()["checks"]["database"] is False
    postgresql.resume()
    assert statuses("/artists/") == {(200, None)}
