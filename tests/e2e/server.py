"""A real Stemoteca for end-to-end tests: ``manage.py run`` in a data folder of its own, on a free port."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import requests

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], T | None], seconds: float = 60, interval: float = 0.1) -> T:
    """Call ``condition`` until its result is true, and return that; the failure's message has the last one."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"still {result!r} after {seconds} s"
        time.sleep(interval)
    return result


class Server:
    """Starts, talks to, kills and stops one installation. Its log is ``folder/log``."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        # STEMOTECA_DATA of this test process belongs to the test process.
        self.environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"} | {
            "STEMOTECA_DATA": str(folder / "data"),
            "STEMOTECA_EMAIL": "consolemail://",
            "PORT": str(self.port),
            **environment,
        }
        self.database = self.environment.get("STEMOTECA_DATABASE", "")
        if self.database.startswith("postgres"):
            self.database = self._own_database(self.database)
            self.environment["STEMOTECA_DATABASE"] = self.database

    @staticmethod
    def _own_database(address: str) -> str:
        name = f"e2e_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{address.rpartition('/')[0]}/{name}"

    def start(self, seconds: float = 90) -> "Server":
        """Start in a process group of its own, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until(self.is_ready, seconds)
        except BaseException:
            self.kill_group()
            raise
        return self

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"it stopped with {self.process.returncode}:\n{self.log()}"
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def stop(self, seconds: float = 40) -> int:
        """SIGTERM, and wait for the end."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill_group(self) -> None:
        """SIGKILL to the whole group, as when the machine loses its power."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def processes(self) -> dict[int, str]:
        """Every living process that works for this installation: pid and command line."""
        mine = f"STEMOTECA_DATA={self.environment['STEMOTECA_DATA']}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (
                    mine in (folder / "environ").read_bytes().split(b"\0")
                    and b"Z (zombie)" not in (folder / "status").read_bytes()
                ):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return found

    def pids(self, pattern: str) -> list[int]:
        return [pid for pid, command in self.processes().items() if re.search(pattern, command)]


class Person:
    """Somebody with an account who uses the API."""

    def __init__(self, server: Server, email: str = "") -> None:
        self.server = server
        self.email = email or f"{uuid.uuid4().hex[:8]}@example.org"
        self.password = "a long enough one"
        answer = requests.post(
            f"{server.url}/api/v1/auth/register/",
            json={"email": self.email, "password": self.password},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        tokens = self._post_json("auth/token/", email=self.email, password=self.password)
        self.headers = {"Authorization": f"Bearer {tokens['access']}"}

    def _post_json(self, path: str, **body: Any) -> Any:
        answer = requests.post(f"{self.server.url}/api/v1/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Any call below ``/api/v1/`` with this person's token."""
        address = path if path.startswith("http") else f"{self.server.url}/api/v1/{path}"
        return requests.request(
            method, address, headers=self.headers | options.pop("headers", {}), timeout=120, **options
        )

    def upload(self, song: Path, **fields: str) -> requests.Response:
        with song.open("rb") as file:
            return self.call("POST", "uploads/", files={"file": (song.name, file)}, data=fields)

    def wait_until_finished(self, separation_id: str, seconds: float = 120) -> dict[str, Any]:
        """Poll until the separation succeeded; a failure fails the test with its reason."""

        def finished() -> dict[str, Any] | None:
            answer = self.call("GET", f"separations/{separation_id}/").json()
            assert answer["status"] not in {"failed", "cancelled"}, answer
            return answer if answer["status"] == "succeeded" else None

        return wait_until(finished, seconds, interval=0.2)
