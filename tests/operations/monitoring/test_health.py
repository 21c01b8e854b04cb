"""Whether a process is alive, and whether it can work."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from operations.monitoring import health


def test_healthz_answers(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert client.post("/healthz").status_code == 405


def test_readyz_returns_200(client: Client, db: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"database": True, "cache": True, "files": True, "disk": True},
    }


def test_readyz_without_database_returns_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def cursor(self) -> None:
            raise OperationalError("no route to host")

    monkeypatch.setattr(health, "connection", Away())
    answer = client.get("/readyz")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer.json()["checks"] == {"database": False, "cache": True, "files": True, "disk": True}


def test_readyz_without_writable_files_returns_503(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.monitoring.health.os.access", lambda _path, _mode: False)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "cache": True, "files": False, "disk": True}


def test_readyz_with_full_disk_returns_503(client: Client, db: None, settings: Any) -> None:
    settings.DISK_FLOOR_BYTES = 10**18
    answer = client.get("/readyz")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer.json()["checks"] == {"database": True, "cache": True, "files": True, "disk": False}
