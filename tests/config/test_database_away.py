"""A database that does not answer is nobody's mistake: 503 and when to come back, everywhere."""

import io
import logging
import socket
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

ADDRESSES = ["/", "/artists/", "/library/", "/upload/", "/admin/", "/statistics/"]
CALLS = ["/api/v1/tracks/", "/api/v1/me/", "/api/v1/statistics/", "/api/login"]


@pytest.fixture
def away(django_db_blocker: Any) -> Iterator[None]:
    """Really another connection, to where no database is."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        described = deepcopy(connection.settings_dict)
        if connection.vendor == "sqlite":
            described["NAME"] = "/nowhere/stemoteca.sqlite3"
        else:
            described |= {"HOST": "127.0.0.1", "PORT": closed.getsockname()[1]}
        real = connections["default"]
        with django_db_blocker.unblock():
            connections["default"] = type(real)(described, "default")
            try:
                yield
            finally:
                connections["default"] = real


@pytest.fixture
def client() -> Client:
    """Somebody with an old session, so that sessions and accounts are looked up as well."""
    browser = Client(raise_request_exception=False, headers={"Accept-Language": "es"})
    browser.cookies["sessionid"] = "c" * 32
    return browser


@pytest.mark.parametrize("address", ADDRESSES)
def test_pages_return_503_with_retry_after_without_database(away: None, client: Client, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10"), answer.content[:300]
    assert b'lang="es"' in answer.content
    assert b"Traceback" not in answer.content


@pytest.mark.parametrize("address", CALLS)
def test_api_returns_503_with_retry_after_without_database(away: None, client: Client, address: str) -> None:
    if address == "/api/login":
        answer = client.post(
            address, {"email": "a@example.org", "password": "x"}, content_type="application/json"
        )
    else:
        answer = client.get(address)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10"), answer.content[:300]
    assert answer.json()["code"] == "database_away"


def test_readyz_fails_and_healthz_succeeds_without_database(away: None, client: Client) -> None:
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, False)


def test_database_error_is_logged_in_one_line(
    away: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    (console,) = (handler for handler in logging.getLogger().handlers if handler.name == "console")
    monkeypatch.setattr(console, "stream", log)
    client.get("/api/v1/tracks/")
    (line,) = log.getvalue().splitlines()
    assert "ERROR django.request: Service Unavailable: /api/v1/tracks/: " in line


def test_requests_succeed_once_database_is_back(client: Client, db: None) -> None:
    assert client.get("/api/v1/tracks/").status_code == 200
