import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from operations import figures, health
from separation.models import Status
from tests.factories import make_separation, make_track


def numbers_of(answer: Any) -> dict[str, str]:
    """Parse the text format of Prometheus."""
    return dict(line.rsplit(" ", 1) for line in answer.content.decode().splitlines() if line[0] != "#")


def join_measuring() -> None:
    """Wait until no figures are being measured."""
    for thread in threading.enumerate():
        if thread.name == "figures":
            thread.join(20)


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
    monkeypatch.setattr("operations.health.os.access", lambda _path, _mode: False)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "cache": True, "files": False, "disk": True}


def test_readyz_with_full_disk_returns_503(client: Client, db: None, settings: Any) -> None:
    settings.DISK_FLOOR_BYTES = 10**18
    answer = client.get("/readyz")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer.json()["checks"] == {"database": True, "cache": True, "files": True, "disk": False}


def test_metrics_in_prometheus_format(client: Client, user: User, settings: Any, tmp_path: Path) -> None:
    make_separation(make_track(user), status=Status.QUEUED)
    make_separation(make_track(user), status=Status.FAILED)
    answer = client.get("/metrics")
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    numbers = numbers_of(answer)
    assert numbers['stemoteca_separations{status="queued"}'] == "1"
    assert numbers['stemoteca_separations{status="running"}'] == "0"
    assert numbers['stemoteca_separations{status="failed"}'] == "1"
    assert numbers["stemoteca_uploads"] == "2"
    assert int(numbers["stemoteca_disk_free_bytes"]) > 0
    assert user.email not in answer.content.decode()


def test_metrics_scan_no_tables_once_figures_are_cached(client: Client, user: User) -> None:
    make_separation(make_track(user), status=Status.QUEUED)
    client.get("/metrics")
    make_separation(make_track(user), status=Status.QUEUED)
    with CaptureQueriesContext(connection) as queries:
        numbers = numbers_of(client.get("/metrics"))
    assert numbers['stemoteca_separations{status="queued"}'] == "2", "the queue is counted each time"
    assert numbers["stemoteca_uploads"] == "1"
    assert 0 <= float(numbers["stemoteca_figures_age_seconds"]) < 60
    assert len(queries) == 2
    assert all('"separation_separation"."status"' in query["sql"] for query in queries)


@pytest.mark.django_db(transaction=True)
def test_metrics_of_large_catalogue_leave_totals_out_until_measured(
    client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "SMALL", 1)
    make_separation(make_track(user), status=Status.QUEUED)
    numbers = numbers_of(client.get("/metrics"))
    assert numbers['stemoteca_separations{status="queued"}'] == "1"
    assert "stemoteca_uploads" not in numbers
    join_measuring()
    assert numbers_of(client.get("/metrics"))["stemoteca_uploads"] == "1"


@pytest.mark.django_db(transaction=True)
def test_metrics_measure_stale_figures_again_in_background(client: Client, user: User) -> None:
    figures.store(replace(figures.measure(), measured_at=timezone.now() - timedelta(hours=1)))
    make_track(user)
    numbers = numbers_of(client.get("/metrics"))
    assert numbers["stemoteca_uploads"] == "0"
    assert float(numbers["stemoteca_figures_age_seconds"]) >= 3600
    join_measuring()
    assert numbers_of(client.get("/metrics"))["stemoteca_uploads"] == "1"


@pytest.mark.parametrize(
    ("proxies", "address", "forwarded", "status"),
    [
        (0, "127.0.0.1", {}, 200),
        (0, "::1", {}, 200),
        (0, "::ffff:127.0.0.1", {}, 200),
        (0, "192.0.2.1", {}, 404),
        (0, "", {}, 404),
        (0, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        (0, "127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 404),
        (1, "127.0.0.1", {}, 200),
        (1, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 200),
        (1, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 192.0.2.1"}, 404),
    ],
)
def test_metrics_without_token_require_loopback_address(
    client: Client,
    db: None,
    settings: Any,
    proxies: int,
    address: str,
    forwarded: dict[str, str],
    status: int,
) -> None:
    settings.PROXIES = proxies
    answer = client.get("/metrics", REMOTE_ADDR=address, headers=forwarded)
    assert answer.status_code == status
    assert (b"stemoteca_audio_bytes" in answer.content) == (status == 200)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("Bearer let the watcher in", 200),
        ("Bearer let the watcher", 404),
        ("Bearer ", 404),
        ("Bearer ñandú", 404),
        ("let the watcher in", 404),
        (None, 404),
    ],
)
@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.1"])
def test_metrics_with_token_require_token(
    client: Client, db: None, settings: Any, address: str, sent: str | None, status: int
) -> None:
    settings.METRICS_TOKEN = "let the watcher in"
    headers = {} if sent is None else {"Authorization": sent}
    assert client.get("/metrics", REMOTE_ADDR=address, headers=headers).status_code == status
