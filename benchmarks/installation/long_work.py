"""Does the website answer while people ask it for long work?

Starts ``manage.py run``, has a song of 20 minutes separated, then sends each of the attacks below and asks ``/healthz``
ten times a second meanwhile. Everything stays on the loopback address, and each attack ends after half a minute.
"""

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import requests
import soundfile

from benchmarks import songs
from benchmarks.installation.server import Installation, an_hour

_MODEL = "compact:2stems"
_TIMEOUT = 10.0  # seconds for an answer of /healthz
_BITRATES = (96, 128, 160, 192, 256, 320)
HEADS = ["attack", "/healthz, median ms", "95 % ms", "slowest ms", "none in 10 s", "answers", "last after, s"]


@dataclass
class Target:
    """An installation with a separated song."""

    installation: Installation
    separation: str
    stems: Sequence[str]
    songs: Sequence[Path]


@dataclass
class Call:
    """One request of an attack."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    song: Path | None = None


def nothing(_target: Target) -> list[Call]:
    return []


def separate_calls(target: Target) -> list[Call]:
    """Nine calls of ``/api/separate`` by one account."""
    headers = target.installation.new_account()
    return [Call("POST", "/api/separate", headers, song) for song in target.songs]


def visitors_bitrates(target: Target) -> list[Call]:
    """Nine MP3s of a 20 min song by a visitor."""
    wanted = [(stem, bitrate) for stem in target.stems for bitrate in _BITRATES][:9]
    return [Call("GET", f"/api/v1/stems/{stem}/audio/?codec=mp3&bitrate={kbit}") for stem, kbit in wanted]


def archives_and_mixes(target: Target) -> list[Call]:
    """Archives and mixes by four accounts at once."""
    calls = []
    for number in range(4):
        headers = target.installation.new_account()
        path = f"/api/v1/separations/{target.separation}"
        calls += [
            Call("GET", f"{path}/archive/?codec=ogg&bitrate={_BITRATES[number]}", headers),
            Call("GET", f"{path}/archive/?codec=m4a&bitrate={_BITRATES[number]}", headers),
            Call("GET", f"{path}/mix/?vocals=0.{number}&tempo=0.9&codec=flac", headers),
        ]
    return calls


def everything(target: Target) -> list[Call]:
    """All of these at once."""
    return separate_calls(target) + visitors_bitrates(target) + archives_and_mixes(target)


ATTACKS: dict[str, Callable[[Target], list[Call]]] = {
    "nothing": nothing,
    "9 MP3s of 20 min, a visitor": visitors_bitrates,
    "8 archives, 4 mixes, 4 accounts": archives_and_mixes,
    "9 /api/separate, one account": separate_calls,
    "all at once": everything,
}


@dataclass
class Outcome:
    """What an attack did: seconds for each answer of ``/healthz``, and how the attack's own calls were answered."""

    waits: list[float] = field(default_factory=list)
    missed: int = 0
    answers: "Counter[str]" = field(default_factory=Counter)
    last: float = 0.0

    def row(self, name: str) -> list[str]:
        waits = [1000 * wait for wait in self.waits] or [float("inf")]
        answers = ", ".join(f"{count} x {what}" for what, count in sorted(self.answers.items()))
        shown = [median(waits), float(np.quantile(waits, 0.95)), max(waits)]
        return [name, *(f"{ms:.0f}" for ms in shown), str(self.missed), answers, f"{self.last:.1f}"]


def attack(target: Target, calls: list[Call], seconds: float) -> Outcome:
    """Send ``calls`` at the same moment, and watch the website for ``seconds``."""
    outcome, lock, begin = Outcome(), threading.Lock(), time.monotonic()

    def send(call: Call) -> None:
        answered = _send(target.installation.address, call, seconds)
        with lock:
            outcome.answers[answered] += 1
            outcome.last = max(outcome.last, time.monotonic() - begin)

    threads = [threading.Thread(target=send, args=[call], daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    time.sleep(1)  # until all of them are there
    while time.monotonic() - begin < seconds:
        asked = time.monotonic()
        try:
            requests.get(f"{target.installation.address}/healthz", timeout=_TIMEOUT).raise_for_status()
            outcome.waits.append(time.monotonic() - asked)
        except requests.RequestException:
            outcome.missed += 1
        time.sleep(max(0.0, 0.1 - (time.monotonic() - asked)))
    for thread in threads:
        thread.join(5)
    return outcome


def _send(address: str, call: Call, seconds: float) -> str:
    more: dict[str, Any] = {}
    try:
        if call.song is not None:
            more = {"files": {"audio": (call.song.name, call.song.read_bytes())}}
        answer = requests.request(
            call.method, address + call.path, headers=call.headers, timeout=seconds, **more
        )
    except requests.RequestException:
        return "none"
    return str(answer.status_code)


def different_songs(folder: Path, count: int, seconds: int) -> list[Path]:
    """``count`` MP3s that are different songs, made where they are not there."""
    paths = []
    for seed in range(count):
        path = folder / f"song-{seconds}s-{seed}.mp3"
        if not path.exists():
            soundfile.write(path, songs.music(seconds, seed).T, songs.RATE, format="MP3")
        paths.append(path)
    return paths


def measured(cache: Path, minutes: int, seconds: float) -> list[list[str]]:
    """A row for each attack, each on a website that was just started."""
    long, short = an_hour(cache, minutes), different_songs(cache, 9, 120)
    rows = []
    with tempfile.TemporaryDirectory(prefix="stemoteca-bench-") as folder:
        with Installation(Path(folder)) as installation:
            separation = installation.upload(long, _MODEL)
            while (state := installation.separation(separation))["status"] in {"queued", "running"}:
                time.sleep(1)
        stems = [stem["id"] for stem in state["stems"]]
        for name, calls in ATTACKS.items():
            with Installation(Path(folder)) as installation:
                target = Target(installation, separation, stems, short)
                rows.append(attack(target, calls(target), seconds).row(name))
    return rows
