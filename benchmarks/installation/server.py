"""``python -m benchmarks.installation.server [MODEL...]``: memory of an installation that separates an hour of music.

Starts ``manage.py run`` as `make run` does, brings a song of 60 minutes as MP3, and adds up the proportional set
sizes of all its processes twice a second: what the kernel would get back if all of it ended.
"""

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import requests
import soundfile

from benchmarks import songs
from benchmarks.measure import ROOT, table

_PASSWORD = "a long enough one"  # noqa: S105 (of an installation that lives for minutes)
_PROGRAMS = {
    "website": "operations.server",
    "queue": "cluster",
    "separator": "separation.separator",
    "sandbox": "audio",
}
KINDS = ("supervisor", *_PROGRAMS)


class Installation:
    """One that listens on a free port and keeps its data in ``folder``; what it says goes to ``log``, if given."""

    def __init__(self, folder: Path, log: Path | None = None, /, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self._data = str(folder.absolute())
        self._log = log
        self._environment = {
            **os.environ,
            **environment,
            "STEMOTECA_DATA": self._data,
            "STEMOTECA_EMAIL": "consolemail://",
            "PORT": self.address.rpartition(":")[2],
        }

    def start(self) -> None:
        """Start it, also once more after its end, and wait until it answers."""
        with self._log.open("ab") if self._log else nullcontext() as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "run"],
                cwd=ROOT,
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        while not self._answers():
            if self._process.poll() is not None:
                raise RuntimeError("the installation did not start")
            time.sleep(0.2)

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        self.headers = self.new_account()
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def new_account(self) -> dict[str, str]:
        """Register somebody; the headers of their requests."""
        mail = {"email": f"{uuid.uuid4().hex[:12]}@example.org", "password": _PASSWORD}
        requests.post(f"{self.address}/api/v1/auth/register/", json=mail, timeout=60).raise_for_status()
        token = requests.post(f"{self.address}/api/v1/auth/token/", json=mail, timeout=60).json()["access"]
        return {"Authorization": f"Bearer {token}"}

    def upload(self, path: Path, model: str) -> str:
        """Bring a song; returns the id of its separation."""
        with path.open("rb") as file:
            answer = requests.post(
                f"{self.address}/api/v1/uploads/",
                files={"file": file},
                data={"model": model},
                headers=self.headers,
                timeout=600,
            )
        answer.raise_for_status()
        return str(answer.json()["separation"]["id"])

    def separation(self, pk: str) -> dict[str, Any]:
        """What the API says about it."""
        answer = requests.get(f"{self.address}/api/v1/separations/{pk}/", headers=self.headers, timeout=60)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    def finished(self, pk: str) -> dict[str, Any]:
        """Wait until it has succeeded, and say what the API says."""
        while (state := self.separation(pk))["status"] in {"queued", "running"}:
            time.sleep(0.5)
        if state["status"] != "succeeded":
            raise RuntimeError(f"{state['model']}: {state['error']}")
        return state

    def _processes(self) -> Iterator[Path]:
        """All of its processes, in /proc; one may have ended by the time it is looked at."""
        mine = f"STEMOTECA_DATA={self._data}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                # Decoders have an empty environment, and so has the fork server that starts them.
                if any(mine in _environment(one) for one in _family(process)):
                    yield process

    def cpu_seconds(self) -> float:
        """What its processes have spent so far, those that have ended included."""
        ticks = 0
        for process in self._processes():
            with suppress(OSError):
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))  # its own, and those of its children that have ended
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> dict[str, float]:
        """Proportional set sizes in MB, by kind of process."""
        sizes: dict[str, float] = {}
        for process in self._processes():
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                rollup = (process / "smaps_rollup").read_text()
            except OSError:
                continue
            kind = next((kind for kind, part in _PROGRAMS.items() if part in command), "supervisor")
            if found := re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE):
                sizes[kind] = sizes.get(kind, 0) + int(found[1]) / 1000
        return sizes


def _environment(process: Path) -> list[bytes]:
    return (process / "environ").read_bytes().split(b"\0")


def _family(process: Path) -> Iterator[Path]:
    """A process, its parent, and the parent of that."""
    for _ in range(3):
        yield process
        process = process.parent / (process / "stat").read_text().rpartition(")")[2].split()[1]
        if process.name == "0":
            return


def peak(installation: Installation, song: Path, model: str) -> dict[str, float]:
    """The largest sum while ``song`` is taken in and separated, with its parts."""
    highest: dict[str, float] = {}
    with ThreadPoolExecutor(1) as pool:  # so that the memory of the upload itself is seen, too
        sent = pool.submit(installation.upload, song, model)
        while True:
            now = installation.memory()
            if sum(now.values()) > sum(highest.values()):
                highest = now
            if sent.done():
                state = installation.separation(sent.result())
                if state["status"] == "succeeded":
                    return highest
                if state["status"] not in {"queued", "running"}:
                    raise RuntimeError(f"{model}: {state['error']}")
            time.sleep(0.5)


def an_hour(folder: Path, minutes: int = 60) -> Path:
    """An MP3 of so many minutes, made if it is not there."""
    path = folder / f"song-{minutes}min.mp3"
    if not path.exists():
        partial = path.with_suffix(".part")
        minute = np.ascontiguousarray(songs.music(60).T)
        with soundfile.SoundFile(partial, "w", songs.RATE, 2, format="MP3") as file:
            for _ in range(minutes):
                file.write(minute)
        partial.rename(path)
    return path


def measured(models: list[str], threads: list[int], cache: Path, minutes: int = 60) -> list[list[str]]:
    """A row for each model and number of threads: at rest, at most, and the kinds of processes at that moment."""
    song = an_hour(cache, minutes)
    rows = []
    for count in threads:
        for model in models:
            environment = {"STEMOTECA_THREADS": str(count)}
            if not model.startswith("compact:"):
                from benchmarks.engines.models import ensure  # noqa: PLC0415  (needs TensorFlow to make them)

                name = model.removeprefix("spleeter:").removesuffix("-16kHz")
                environment["STEMOTECA_MODELS"] = str(ensure(cache, name).absolute())
            with (
                tempfile.TemporaryDirectory(prefix="stemoteca-bench-") as folder,
                Installation(Path(folder), **environment) as installation,
            ):
                rest = sum(installation.memory().values())
                sizes = peak(installation, song, model)
            row = [model, str(count or "automatic"), f"{rest:.0f}", f"{sum(sizes.values()):.0f}"]
            rows.append(row + [f"{sizes.get(kind, 0):.0f}" for kind in KINDS])
    return rows


HEADS = ["model", "threads", "MB at rest", "MB at most", *KINDS]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.installation.server", description="Prints a Markdown table."
    )
    parser.add_argument("models", nargs="*", default=["compact:2stems", "compact:4stems"], metavar="MODEL")
    parser.add_argument(
        "--threads", type=int, nargs="*", default=[0], help="STEMOTECA_THREADS (default: automatic)"
    )
    parser.add_argument("--minutes", type=int, default=60, help="length of the song (default: 60)")
    parser.add_argument("--cache", type=Path, default=Path("build/benchmarks"), help="for models and songs")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    table(HEADS, measured(options.models, options.threads, options.cache, options.minutes))


if __name__ == "__main__":
    main()
