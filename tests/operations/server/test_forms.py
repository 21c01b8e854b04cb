"""Bodies that are no uploads, as a visitor may send them anywhere: few at once, not for long, never below the floor."""

import json
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler

from catalog.uploads import admission
from tests.operations.server.conftest import Running, eventually, received

SIZE = 900_000
LOGIN = "/api/login"


def head(*more: str, path: str = LOGIN, length: int | None = SIZE) -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", size, "Content-Type: application/json", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def refusal(answer: bytes) -> tuple[int, str, bool]:
    """Status, code, and whether it says when to come back."""
    first, _, body = answer.partition(b"\r\n\r\n")
    return int(first.split(b" ")[1]), json.loads(body)["code"], b"\r\nRetry-After: " in first


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, db: None) -> Iterator[Running]:
    """The website itself, behind one proxy."""
    settings.PROXIES = 1
    settings.DISK_FLOOR_BYTES = 0
    (tmp_path / "incoming").mkdir()
    monkeypatch.setattr("operations.server.server.STOP_SECONDS", 1.0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "incoming"))
    running = Running(WSGIHandler())
    yield running
    running.stop()


def counted(site: Running, who: str = "forms") -> int:
    return site.server.uploads._bodies[who]


def test_forms_at_once_are_limited_per_network(site: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MOST_FORMS", 18)
    sending = [site.connect(head("X-Forwarded-For: 192.0.2.1") + bytes(50_000)) for _ in range(16)]
    eventually(lambda: counted(site, "network 192.0.2.1") == 16)
    refused = received(site.connect(head("X-Forwarded-For: 192.0.2.1")))
    assert refusal(refused) == (503, "busy", True)
    for number in range(2):  # one network, whichever of its addresses they come from
        site.connect(head(f"X-Forwarded-For: 2001:db8::{number}"))
    eventually(lambda: counted(site, "network 2001:db8::/64") == 2)
    refused = received(site.connect(head("X-Forwarded-For: 192.0.2.2")))
    assert refusal(refused) == (503, "busy", True)
    eventually(lambda: counted(site) == 18)
    for one in sending:
        one.close()
    eventually(lambda: counted(site) == 2)
    assert counted(site, "network 192.0.2.2") == 0


@pytest.mark.parametrize("length", [SIZE, None])
def test_form_exceeding_its_time_is_closed(
    site: Running, monkeypatch: pytest.MonkeyPatch, length: int | None
) -> None:
    monkeypatch.setattr(admission, "FORM_SECONDS", 2.0)
    one = site.connect(head(length=length) + (b"" if length else b"ffff\r\n") + bytes(50_000))
    done = threading.Event()

    def trickle() -> None:
        while not done.wait(0.05):
            try:
                one.sendall(bytes(100))  # fast enough for the average
            except OSError:
                return

    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        eventually(lambda: counted(site) == 1)
        eventually(lambda: not site.server.active_channels)
        eventually(lambda: counted(site) == 0)  # a moment after the channel is gone
    finally:
        done.set()
        sender.join()


@pytest.mark.parametrize("length", [SIZE, None])
def test_form_is_refused_when_disk_is_full(site: Running, settings: Any, length: int | None) -> None:
    settings.DISK_FLOOR_BYTES = 10**18
    assert refusal(received(site.connect(head(length=length))))[:2] == (507, "no_space")
    eventually(lambda: counted(site) == 0)


def test_chunked_form_needs_room_for_largest_form(
    site: Running, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("catalog.storage.backend.check_space", asked.append)
    site.connect(head(length=None))
    site.connect(head())
    eventually(lambda: counted(site) == 2)
    assert sorted(asked) == [SIZE, settings.DATA_UPLOAD_MAX_MEMORY_SIZE]
