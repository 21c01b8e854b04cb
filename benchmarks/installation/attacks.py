"""``python -m benchmarks attacks``: how fast the website answers others while clients are slow, silent or greedy.

Starts ``manage.py run`` and opens, always on the loopback address and for seconds each, connections as attackers do:
headers sent by half, headers and bodies sent byte by byte, a large file read slowly. Meanwhile ``/healthz`` is asked
over new connections. Then a visitor sends 300 MB to every address that takes POST, with the data on a small disk (a
``tmpfs``, where this account may mount one).
"""

import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import which
from statistics import median, quantiles

import numpy as np
import requests
import soundfile

from benchmarks.installation.server import Installation
from benchmarks.measure import head, row

SECONDS = 12.0
ATTACKER = "127.0.0.2"  # another address of this machine than the one that asks meanwhile
PATIENCE = 5.0
DISK_MB, FLOOR_MB, SENT_MB = 320, 50, 300
COOKIE = f"Cookie: csrftoken={'a' * 32}; sessionid={'b' * 32}\r\n"
# Every kind of address that takes POST, one that does not, and one that is not there.
POSTED = (
    *("/api/login", "/api/v1/auth/token/", "/api/v1/auth/register/", "/api/v1/auth/token/refresh/"),
    *("/api/v1/uploads/", "/api/separate", "/api/v1/lookups/", "/api/v1/setlists/", "/api/v1/wishes/"),
    *("/upload/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/admin/login/"),
    *("/accounts/language/", "/healthz", "/nothing/"),
)


class Crowd:
    """Connections that are held open together; a thread lets each of them do a little, again and again."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._sockets: list[socket.socket] = []
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def connect(self, count: int, first: bytes, receive_buffer: int = 0) -> None:
        for _ in range(count):
            one = socket.socket()
            if receive_buffer:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            one.settimeout(PATIENCE)
            one.bind((ATTACKER, 0))
            one.connect(self._address)
            one.sendall(first)
            one.settimeout(0)
            self._sockets.append(one)

    def keep_doing(self, act: Callable[[socket.socket], object], every: float) -> None:
        def run() -> None:
            while not self._stopped.wait(every):
                for one in self._sockets:
                    try:
                        act(one)
                    except OSError:
                        continue

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        for one in self._sockets:
            one.close()


def answered(address: tuple[str, int], seconds: float = SECONDS) -> tuple[list[float], int]:
    """Milliseconds that ``/healthz`` took, one after the other for so long, and how often it did not answer."""
    times, failed = [], 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and failed < 3:
        started = time.perf_counter()
        try:
            with socket.create_connection(address, timeout=PATIENCE) as one:
                one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if not one.recv(100).startswith(b"HTTP/1.1 200"):
                    failed += 1
        except OSError:
            failed += 1
        times.append(1000 * (time.perf_counter() - started))
        time.sleep(0.05)
    return times, failed


def summary(name: str, times: list[float], failed: int) -> list[str]:
    late = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    return [name, f"{median(times):.0f}", f"{late:.0f}", f"{failed} of {len(times)}"]


def posting(path: str, length: int, kind: str, more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n"
    return f"{head}{more}\r\n".encode()


FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=frontier"
PART = b'--frontier\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'


def slow_clients(installation: Installation, stem: str) -> Iterator[list[str]]:
    """A row for each kind of slow client."""
    host = ("127.0.0.1", int(installation.address.rpartition(":")[2]))
    token = f"Authorization: {installation.headers['Authorization']}\r\n"
    half = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: "
    fetch = f"GET {stem} HTTP/1.1\r\nHost: localhost\r\n{token}\r\n".encode()

    def byte(one: socket.socket) -> None:
        one.send(b"a")

    def read(one: socket.socket) -> None:
        one.recv(2_000)

    yield summary("nobody else", *answered(host, 5))
    crowds: list[tuple[str, int, list[bytes], Callable[[socket.socket], object] | None, int]] = [
        ("500 half-sent headers", 500, [half], None, 0),
        ("50 headers, byte by byte", 50, [half], byte, 0),
        ("50 bodies, byte by byte", 50, [posting("/api/login", 9_000, "application/json")], byte, 0),
        ("the same with a made-up cookie", 50, [posting("/accounts/login/", 9_000, FORM, COOKIE)], byte, 0),
        ("the same as files, without account", 50, [posting("/api/v1/uploads/", 9_000, MULTIPART)], byte, 0),
        (
            "the same, 1 MB each, signed in",
            50,
            [posting("/api/separate", 1_000_000, MULTIPART, token) + PART],
            byte,
            0,
        ),
        ("200 slow downloads", 200, [fetch], read, 4_096),
    ]
    for name, count, firsts, act, buffer in crowds:
        crowd = Crowd(host)
        try:
            for first in firsts:
                crowd.connect(count, first, buffer)
            if act is not None:
                crowd.keep_doing(act, 0.5)
            time.sleep(1)
            yield summary(name, *answered(host))
        finally:
            crowd.close()
        time.sleep(2)


def greedy(host: tuple[str, int], path: str, seconds: float = 20.0) -> tuple[str, int]:
    """Send ``SENT_MB`` in one file to ``path``, with a made-up cookie; the answer's status, and bytes sent."""
    piece = bytes(1 << 18)
    sent, answer = 0, b""
    length = SENT_MB * 1_000_000
    with socket.create_connection(host, timeout=seconds, source_address=(ATTACKER, 0)) as one:
        try:
            one.sendall(posting(path, len(PART) + length, MULTIPART, COOKIE) + PART)
            while sent < length:
                one.sendall(piece)
                sent += len(piece)
        except OSError:
            pass  # it was told to stop
        try:
            answer = one.recv(100)
        except OSError:
            return "none", sent
    return (answer.split(b" ")[1].decode() if answer else "none"), sent


def greedy_visitor(installation: Installation, data: Path) -> Iterator[list[str]]:
    """A row for each address that takes POST."""
    host = ("127.0.0.1", int(installation.address.rpartition(":")[2]))
    for path in POSTED:
        least = _free(data)
        outcome: list[tuple[str, int]] = []
        sender = threading.Thread(target=lambda: outcome.append(greedy(host, path)), daemon=True)  # noqa: B023
        sender.start()
        times: list[float] = []
        while sender.is_alive():
            times += answered(host, 0.01)[0]
            least = min(least, _free(data))
        status, sent = outcome[0]
        time.sleep(0.5)
        left = len(list((data / "incoming").iterdir()))
        yield [
            path,
            status,
            f"{sent / 1e6:.0f}",
            f"{least / 1e6:.0f}",
            str(left),
            f"{median(times):.0f}" if times else "",
        ]


def _free(folder: Path) -> int:
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A ``tmpfs`` of ``DISK_MB`` at ``folder``; False where none can be mounted."""
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            [which("mount") or "mount", "-t", "tmpfs", "-o", f"size={DISK_MB}M", "tmpfs", str(folder)],
            check=False,
        ).returncode
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run([which("umount") or "umount", "--lazy", str(folder)], check=True)


def noise(path: Path, seconds: int = 60) -> Path:
    """A song that no encoder makes small."""
    with soundfile.SoundFile(path, "w", 44_100, 2, format="FLAC") as file:
        for number in range(seconds):
            file.write(np.random.default_rng(number).uniform(-0.3, 0.3, (44_100, 2)).astype(np.float32))
    return path


def run() -> None:
    """Print the tables."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stemoteca-bench-")))
        song = noise(folder / "noise.flac")
        (folder / "data").mkdir()
        with Installation(folder / "data") as installation:
            separation = installation.finished(installation.upload(song, "compact:2stems"))
            stem = separation["stems"][0]["id"]
            address = f"/api/v1/stems/{stem}/audio/?codec=flac"
            # Once before, since it is made when it is first asked for.
            whole = requests.get(installation.address + address, headers=installation.headers, timeout=600)
            print(f"The file that is read slowly has {len(whole.content) / 1e6:.0f} MB.\n")
            head(["meanwhile", "`/healthz` ms, median", "p95", "not answered"])
            for cells in slow_clients(installation, address):
                row(cells)
            print(f"\nProportional memory, MB: {installation.memory()}\n", flush=True)
        small = folder / "small"
        small.mkdir()
        if not stack.enter_context(small_disk(small)):
            print("No small disk could be mounted here.")
            return
        with Installation(small, STEMOTECA_DISK_FLOOR_MB=str(FLOOR_MB)) as installation:
            head(["300 MB to", "status", "MB sent", "least MB free", "files left", "`/healthz` ms, median"])
            for cells in greedy_visitor(installation, small):
                row(cells)
