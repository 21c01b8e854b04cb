"""Errors that are sent to a server of Sentry's kind, here one of our own."""

import gzip
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import brotli
import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import logging, os
import django
django.setup()
import sentry_sdk
from django.core.exceptions import DisallowedHost
from separation.queue.log_context import log_separation

def fail(secret):
    raise ValueError("Key (email)=(ana@example.org) exists")

def log_it():
    log = logging.getLogger("music")
    log.warning("only a warning")
    try:
        fail("a password")
    except ValueError:
        with log_separation("c0ffee"):
            log.exception("%s failed", "ben@example.org")
    try:
        raise DisallowedHost("nobody.example")
    except DisallowedHost:
        log.exception("a wrong host")
    sentry_sdk.flush(20)

pid = os.fork()  # like the workers of the queue
if pid == 0:
    log_it()
    os._exit(0)
os.waitpid(pid, 0)
"""


@pytest.fixture
def received() -> Iterator["tuple[int, queue.SimpleQueue[dict[str, Any]]]"]:
    """The port of a server, and the events that reach it."""
    events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            decompress = {"gzip": gzip.decompress, "br": brotli.decompress}
            body = decompress[self.headers["Content-Encoding"]](body)
            _envelope, *items = body.splitlines()
            for kind, content in zip(items[::2], items[1::2], strict=False):
                if json.loads(kind)["type"] == "event":
                    events.put(json.loads(content))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, events
    server.shutdown()
    thread.join()
    server.server_close()


def run(folder: Path, script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STEMOTECA_")}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=inherited
        | {"STEMOTECA_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_errors_of_a_forked_worker_are_sent_without_what_is_personal(
    tmp_path: Path, received: "tuple[int, queue.SimpleQueue[dict[str, Any]]]"
) -> None:
    port, events = received
    result = run(tmp_path, SCRIPT, STEMOTECA_SENTRY_DSN=f"http://key@127.0.0.1:{port}/1")
    assert result.returncode == 0, result.stderr
    event = events.get(timeout=20)
    assert events.empty(), "neither warnings nor what anybody can provoke"
    [error] = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "Key (email)=((e-mail address)) exists")
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    assert event["release"].startswith("stemoteca@")
    assert (event["logger"], event["level"]) == ("music", "error")
    assert event["tags"] == {"separation_id": "c0ffee"}
    sent = json.dumps(event)
    assert "@example.org" not in sent
    assert "a password" not in sent
    assert "server_name" not in event


def test_without_the_setting_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    script = "import sys, django; django.setup(); print('sentry_sdk' in sys.modules)"
    assert run(tmp_path, script).stdout == "False\n"
