"""A real server in a thread, with an application that tells what it was given."""

import hashlib
import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.uploads import PENDING_BODY
from operations.server.server import Server

LIMIT = 20_000_000
FILE = bytes(range(256)) * 20_000


class WithClose:
    """What frameworks give where the server has no wrapper for files."""

    def __init__(self, parts: Iterator[bytes], close: Callable[[], None]) -> None:
        self._parts, self.close = parts, close

    def __iter__(self) -> Iterator[bytes]:
        return self._parts


class Application:
    """``/file`` is sent as a file, ``/page`` as bytes, ``/wait`` waits for ``release``; the rest describes the
    request."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "file"
        self.path.write_bytes(FILE)
        self.release = threading.Event()
        self.entered = threading.Semaphore(0)
        self.asked: list[int] = []
        self.order: list[str] = []
        self.refuse_after = LIMIT

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        body = environ.get(PENDING_BODY)
        if body is not None:
            return self._admission(environ, body, start_response)
        self.order.append(environ.get("HTTP_X_FORWARDED_FOR", ""))
        self.entered.release()
        if environ["PATH_INFO"] == "/wait":
            self.release.wait(20)
        if environ["PATH_INFO"] == "/file":
            file = self.path.open("rb")
            file.seek(100)
            start_response("206 Partial Content", [("Content-Length", str(len(FILE) - 200))])
            wrapper = environ.get("wsgi.file_wrapper")
            if wrapper is None:
                return WithClose(iter(lambda: file.read(1 << 16), b""), file.close)
            return wrapper(file)
        if environ["PATH_INFO"] == "/page":
            start_response("200 OK", [("Content-Length", str(len(FILE)))])
            return [FILE]
        digest, size = hashlib.sha256(), 0
        while piece := environ["wsgi.input"].read(1 << 16):
            digest.update(piece)
            size += len(piece)
        told = {
            "size": size,
            "sha256": digest.hexdigest(),
            "length": environ.get("CONTENT_LENGTH"),
            "address": environ["REMOTE_ADDR"],
            "forwarded": environ.get("HTTP_X_FORWARDED_FOR"),
        }
        content = json.dumps(told).encode()
        start_response(
            "200 OK", [("Content-Length", str(len(content))), ("Content-Type", "application/json")]
        )
        return [content]

    def _admission(
        self, environ: dict[str, Any], body: Any, start_response: Callable[..., Any]
    ) -> list[bytes]:
        self.asked.append(body.received)
        refused = not environ["PATH_INFO"].startswith("/upload")
        refused = refused or max(body.length or 0, body.received) > LIMIT or body.received > self.refuse_after
        if refused:
            start_response("413 Content Too Large", [("Content-Length", "9")])
            return [b"too large"]
        if not body.count_for(environ.get("HTTP_X_PERSON", ""), 2):
            start_response("429 Too Many Requests", [("Content-Length", "8")])
            return [b"too many"]
        body.admit(LIMIT)
        start_response("100 Continue", [])
        return []


class Running:
    """The server, and ways to talk to it."""

    def __init__(self, application: Any, threads: int = 2) -> None:
        self.application = application
        listener = socket.create_server(("127.0.0.1", 0))
        self.address = listener.getsockname()
        self.server = Server(application, listener, threads)
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()
        self.sockets: list[socket.socket] = []

    def connect(self, first: bytes = b"", timeout: float = 20) -> socket.socket:
        one = socket.create_connection(self.address, timeout=timeout)
        self.sockets.append(one)
        one.sendall(first)
        return one

    def ask(self, request: bytes) -> bytes:
        """Everything that comes until the server closes."""
        return received(self.connect(request))

    def stop(self) -> None:
        if isinstance(self.application, Application):
            self.application.release.set()
        self.server.stop()
        self._thread.join(20)
        for one in self.sockets:
            one.close()
        assert not self._thread.is_alive()


def received(one: socket.socket) -> bytes:
    parts = []
    while part := one.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def eventually(question: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def application(tmp_path: Path) -> Application:
    return Application(tmp_path)


@pytest.fixture
def running(application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    (tmp_path / "incoming").mkdir()
    monkeypatch.setattr("operations.server.server.STOP_SECONDS", 1.0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "incoming"))
    running = Running(application)
    yield running
    running.stop()
