"""What random kills do to an installation that separates songs: ``python -m benchmarks kills``.

Brings songs, every third one loud, and meanwhile sends SIGKILL to one process of the installation after another, each
drawn anew from all that live: supervisor (which is started again), website, queue, separators and sandboxes. Then
waits until nothing is queued or running, and looks at what there is: rows, files and samples.

Uses the database that STEMOTECA_DATABASE names, which must be empty, or an SQLite file of its own.
"""

import os
import random
import re
import signal
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import requests
import soundfile

from audio.identity import checksum
from benchmarks import songs
from benchmarks.installation.server import Installation
from benchmarks.measure import table

if TYPE_CHECKING:
    from separation.models import Separation

MODEL = "compact:2stems"
HEADS = [
    "songs",
    "kills",
    "attempts",
    "crashes",
    "interruptions",
    "uploads sent again",
    "failed",
    "published twice",
    "files lost",
    "sums wrong",
    "settled after, s",
]
PATIENCE = 1800.0
_LOUD_EVERY = 3
_LOUDER = 8.0
_UPLOADERS = 3
_KINDS = {
    "website": "operations.server",
    "queue": "manage.py cluster",
    "separator": "separation.separator",
    "sandbox": "audio.sandbox.worker",
}


@dataclass
class Campaign:
    """How much is killed, and what of."""

    kills: int = 40
    seconds: float = 120.0
    songs: int = 30
    song_seconds: float = 20.0
    seed: int = 1
    killed: Counter[str] = field(default_factory=Counter)
    sent_again: int = 0

    def run(self) -> list[str]:
        """A row of figures, as ``HEADS`` names them."""
        with tempfile.TemporaryDirectory(prefix="stemoteca-kills-") as folder:
            data, log = Path(folder) / "data", Path(folder) / "log"
            paths = self._songs(Path(folder))
            _set_up(data)
            with (
                Installation(data, log, STEMOTECA_LOG_LEVEL="INFO") as installation,
                ThreadPoolExecutor(_UPLOADERS) as pool,
            ):
                sent = [pool.submit(self._bring, installation, path) for path in paths]
                self._kill(installation)
                began = time.monotonic()
                brought = dict(zip((task.result() for task in sent), paths, strict=True))
                rows = _settled(began + PATIENCE)
                settled = time.monotonic() - began
                lost, wrong = _checked(rows, brought)
            published = Counter(re.findall(r"separation (\S+): succeeded", log.read_text(errors="replace")))
        attempts, crashes = (sum(getattr(row, name) for row in rows) for name in ("attempts", "crashes"))
        # The last attempt of what succeeded was neither.
        succeeded = sum(row.status == "succeeded" for row in rows)
        figures = [
            len(rows),
            self.killed.total(),
            attempts,
            crashes,
            attempts - crashes - succeeded,
            self.sent_again,
            len(rows) - succeeded,
            sum(times > 1 for times in published.values()),
            lost,
            wrong,
        ]
        return [*map(str, figures), f"{settled:.0f}"]

    def _songs(self, folder: Path) -> list[Path]:
        """Songs that differ; some are clipped, as loud ones are."""
        long = songs.music(60)
        paths = []
        for number in range(self.songs):
            sound = np.roll(long, 50_021 * number, axis=1)[:, : round(self.song_seconds * songs.RATE)]
            if number % _LOUD_EVERY == 0:
                sound = np.clip(_LOUDER * sound, -1, 1)
            paths.append(folder / f"song {number + 1}.wav")
            soundfile.write(paths[-1], sound.T, songs.RATE, "PCM_16")
        return paths

    def _bring(self, installation: Installation, path: Path) -> str:
        """Upload a song, again and again until it is taken; the id of its separation."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return installation.upload(path, MODEL)
            except (requests.RequestException, KeyError):
                if time.monotonic() > deadline:
                    raise
                self.sent_again += 1
                time.sleep(1)

    def _kill(self, installation: Installation) -> None:
        """Kill at random moments that are ``seconds / kills`` apart on average."""
        chance = random.Random(self.seed)  # noqa: S311  # repeatable, and no secret
        begin = time.monotonic()
        for moment in sorted(chance.uniform(0, self.seconds) for _ in range(self.kills)):
            time.sleep(max(0.0, begin + moment - time.monotonic()))
            living = _processes(installation.pid)
            pid, kind = chance.choice(living)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed[kind] += 1
            if pid == installation.pid:
                _wait_for_end(living)
                installation.start()


def _processes(supervisor: int) -> list[tuple[int, str]]:
    """The supervisor and all its living descendants, with what they are."""
    parents: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                parents[int(process.name)] = int(fields[1])
    found = [supervisor]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return [(pid, _kind(pid)) for pid in found if pid in parents]


def _wait_for_end(processes: list[tuple[int, str]]) -> None:
    """All of them die with the supervisor; until then they hold its port and its lock."""
    deadline = time.monotonic() + 30
    while any(_kind(pid) != "ended" for pid, _ in processes) and time.monotonic() < deadline:
        time.sleep(0.05)


def _kind(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return "ended"
    if not command:  # a zombie's
        return "ended"
    return next((kind for kind, part in _KINDS.items() if part in command), "supervisor")


def _set_up(data: Path) -> None:
    """Django, with the installation's database and files."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "STEMOTECA_DATA": str(data)}
    os.environ.setdefault("STEMOTECA_EMAIL", "consolemail://")
    import django  # noqa: PLC0415  # the environment comes first

    django.setup()


def _settled(deadline: float) -> "list[Separation]":
    """All separations, when none is queued or running any more."""
    from separation.models import Separation  # noqa: PLC0415  # after `django.setup`

    while Separation.objects.unfinished().exists():
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    return list(Separation.objects.all())


def _checked(rows: "list[Separation]", brought: dict[str, Path]) -> tuple[int, int]:
    """How many files are not there as their rows say, and how many songs their stems do not add up to."""
    from catalog.storage import backend  # noqa: PLC0415  # after `django.setup`

    lost = wrong = 0
    for row in rows:
        files = [stem.audio for stem in row.stems.select_related("audio")] + [row.mixture]
        whole = [backend.exists(file.key) and _checksum(file.key) == file.checksum for file in files]
        lost += whole.count(False)
        if row.status != "succeeded" or not all(whole):
            continue
        mixture = soundfile.read(brought[str(row.pk)])[0]
        total: Any = sum(soundfile.read(backend.local_path(file.key))[0] for file in files[:-1])
        wrong += len(files) != 3 or not np.allclose(total / row.gain, mixture, atol=4 / 32768 / row.gain)
    return lost, wrong


def _checksum(key: str) -> str:
    from catalog.storage import backend  # noqa: PLC0415  # after `django.setup`

    return checksum(backend.local_path(key))


def print_tables(campaign: Campaign) -> None:
    """Carry it out and print what came of it."""
    figures = campaign.run()
    table(HEADS, [figures])
    table(["killed", "times"], [[kind, str(times)] for kind, times in campaign.killed.most_common()])
