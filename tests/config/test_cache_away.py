"""A Redis that does not answer: 503 and when to come back, everywhere; no start without it."""

import io
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from catalog.errors import CacheUnavailableError
from config.env import caches
from tests.e2e.server import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
REGISTER = "/api/v1/auth/register/"

pytestmark = pytest.mark.django_db


def redis_at(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def away(settings: Any) -> None:
    """A cache in Redis at a port where nobody listens."""
    settings.CACHES = caches(redis_at(free_port()))


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False, headers={"Accept-Language": "es"})


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose server accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def redis_server(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A Redis of its own, which the test may stop."""
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_open(port))
            yield process
        finally:
            process.kill()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def register(client: Client) -> Any:
    body = {"email": "ana@example.org", "password": "a long enough one"}
    return client.post(REGISTER, body, content_type="application/json")


def test_api_returns_503_with_retry_after_without_redis(away: None, client: Client) -> None:
    for answer in (client.get("/api/v1/models/"), register(client)):
        assert (answer.status_code, answer["Retry-After"]) == (503, "10"), answer.content[:300]
        assert answer.json()["code"] == "cache_away"


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_forms_return_503_with_retry_after_without_redis(away: None, client: Client, address: str) -> None:
    answer = client.post(address, {"login": "ana@example.org", "email": "ana@example.org", "password": "x"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "10"), answer.content[:300]
    assert b'lang="es"' in answer.content
    assert b"Traceback" not in answer.content


def test_pages_that_do_not_count_are_shown_without_redis(away: None, client: Client) -> None:
    assert client.get("/artists/").status_code == 200
    assert client.get("/metrics").status_code == 503


def test_readyz_fails_and_healthz_succeeds_without_redis(away: None, client: Client) -> None:
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready["Retry-After"]) == (503, "10")
    assert ready.json()["checks"] == {"database": True, "cache": False, "files": True, "disk": True}


def test_redis_error_is_logged_in_one_line(
    away: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    (console,) = (handler for handler in logging.getLogger().handlers if handler.name == "console")
    monkeypatch.setattr(console, "stream", log)
    client.get("/api/v1/models/")
    (line,) = log.getvalue().splitlines()
    assert "WARNING django.request: Service Unavailable: /api/v1/models/: " in line


def test_redis_that_never_answers_is_given_up(silent_port: int, settings: Any) -> None:
    settings.CACHES = caches(redis_at(silent_port))
    with pytest.raises(CacheUnavailableError):
        cache.get("anything")


@pytest.mark.services
@pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server")
def test_requests_fail_while_redis_hangs_or_is_stopped_and_succeed_afterwards(
    settings: Any, client: Client
) -> None:
    port = free_port()
    settings.CACHES = caches(redis_at(port))
    with redis_server(port) as process:
        assert client.get("/api/v1/models/").status_code == 200
        process.send_signal(signal.SIGSTOP)
        assert client.get("/api/v1/models/").json()["code"] == "cache_away"
        process.send_signal(signal.SIGCONT)
        assert client.get("/api/v1/models/").status_code == 200
    assert client.get("/api/v1/models/").json()["code"] == "cache_away"
    assert client.get("/readyz").json()["checks"]["cache"] is False
    with redis_server(port):
        assert client.get("/api/v1/models/").status_code == 200
        assert client.get("/readyz").status_code == 200


def test_start_without_redis_ends_with_one_line(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STEMOTECA_")}
    environment |= {
        "STEMOTECA_DATA": str(tmp_path),
        "STEMOTECA_REDIS": redis_at(free_port()),
        "PORT": str(free_port()),
    }
    result = subprocess.run(
        [sys.executable, "manage.py", "run"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("stemoteca: Redis does not answer: ")
    assert not (tmp_path / "stemoteca.sqlite3").exists()
