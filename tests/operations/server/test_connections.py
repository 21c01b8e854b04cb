"""What one connection may do to the others, and how HTTP is spoken."""

import json
import socket
from contextlib import suppress
from typing import Any

import pytest

from operations.server import channel
from tests.operations.server.conftest import FILE, Application, Running, eventually, received

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: "


def told(answer: bytes) -> Any:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), answer[:200]
    return json.loads(body)


def test_silent_clients_occupy_no_thread(running: Running) -> None:
    for _ in range(30):
        running.connect(HALF)
        running.connect(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nabc")
    assert told(running.ask(GET))["size"] == 0


def test_clients_not_reading_a_file_occupy_no_thread(running: Running) -> None:
    for _ in range(10):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(running.address)
        one.sendall(b"GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n")
        running.sockets.append(one)
    for _ in range(10):
        assert running.application.entered.acquire(timeout=20)
    assert told(running.ask(GET))["size"] == 0


@pytest.mark.parametrize(
    ("limit", "first"),
    [
        ("KEEP_ALIVE_SECONDS", b""),
        ("KEEP_ALIVE_SECONDS", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("HEADER_SECONDS", HALF),
        ("STALLED_SECONDS", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nabc"),
        ("BODY_GRACE_SECONDS", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nabc"),
    ],
)
def test_each_phase_has_a_deadline(
    running: Running, monkeypatch: pytest.MonkeyPatch, limit: str, first: bytes
) -> None:
    monkeypatch.setattr(channel, limit, 0.1)
    received(running.connect(first))  # or it would time out
    eventually(lambda: not running.server.active_channels)


def test_client_that_stops_reading_is_closed(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "STALLED_SECONDS", 0.1)
    one = running.connect()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.sendall(b"GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert running.application.entered.acquire(timeout=20)
    eventually(lambda: not running.server.active_channels)


def test_unsent_bytes_are_limited(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.server.server.MAX_UNSENT_BYTES", 2 * len(FILE))
    for path in (b"/page", b"/page", b"/page", b"/page", b"/file"):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(running.address)
        one.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        running.sockets.append(one)
    for _ in range(5):
        assert running.application.entered.acquire(timeout=20)
    eventually(lambda: len(running.server.active_channels) <= 3)
    assert any(channel.unsent_bytes == 0 for channel in running.server.active_channels.values()), "the file"
    assert told(running.ask(GET))["size"] == 0


def test_connection_limit_closes_oldest_idle(running: Running) -> None:
    running.server.max_connections = 5
    answered = running.connect(b"GET /wait HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert running.application.entered.acquire(timeout=20)
    silent = [running.connect(HALF) for _ in range(6)]
    eventually(lambda: len(running.server.active_channels) <= 5)
    with suppress(ConnectionResetError):
        assert received(silent[0]) == b""
    silent[-1].sendall(b"\r\nConnection: close\r\n\r\n")
    assert told(received(silent[-1]))["size"] == 0
    running.application.release.set()
    assert told(received(answered))["size"] == 0


def test_keep_alive_and_pipelining(running: Running) -> None:
    one = running.connect(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2 + GET)
    assert received(one).count(b"HTTP/1.1 200 OK") == 3


def test_head_response_has_no_body(running: Running) -> None:
    for path in (b"/", b"/file"):
        answer = running.ask(b"HEAD " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 20")
        assert b"Content-Length: " in head
        assert body == b""


def test_file_is_sent_from_position_up_to_content_length(running: Running) -> None:
    answer = running.ask(b"GET /file HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.partition(b"\r\n\r\n")[2] == FILE[100:-100]


def test_remote_addr_is_peer_whatever_forwarded_for_says(running: Running) -> None:
    more = b"X-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n"
    answer = told(running.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + more))
    assert (answer["address"], answer["forwarded"]) == ("127.0.0.1", "192.0.2.1")


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 20 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"GET / HTTP/1.1\nHost: localhost\n\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_ambiguous_request_is_refused(running: Running, request_head: bytes, status: int) -> None:
    answer = running.ask(request_head)
    assert answer.startswith(b"HTTP/1.")
    assert int(answer.split(b" ")[1]) == status
    assert answer.count(b"HTTP/1.") == 1, "what follows is no request"


def test_stop_finishes_open_request(application: Application) -> None:
    running = Running(application)
    one = running.connect(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
    running.connect(HALF)
    assert application.entered.acquire(timeout=20)
    running.server.stop()
    application.release.set()
    assert told(received(one))["size"] == 0
    running.stop()
