"""Processes are killed while a real server works; afterwards every song is there, once, and nothing is left."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import pytest
import soundfile

from tests.e2e.server import ROOT, Person, Server, wait_until
from tests.songs import RATE, song

pytestmark = pytest.mark.xdist_group("faults")

SECONDS = 70.0


@pytest.fixture(scope="module")
def audio() -> npt.NDArray[np.float32]:
    """Long enough to be killed in the middle."""
    return np.tile(song(SECONDS / 5, seed=9), (5, 1))


class Patient:
    """A server of our own, with somebody who brings songs."""

    def __init__(self, folder: Path, audio: npt.NDArray[np.float32]) -> None:
        self.server = Server(folder).start()
        self.person = Person(self.server)
        self.audio = audio
        self.songs = 0

    def upload(self, model: str) -> dict[str, Any]:
        """Bring a song that was not there before."""
        self.songs += 1
        path = self.server.folder / "song.wav"
        soundfile.write(path, np.roll(self.audio, 1000 * self.songs, axis=0), RATE)
        answer = self.person.upload(path, model=model, title=f"Song {self.songs}")
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def upload_songs(self) -> str:
        """A new song; the id of its separation."""
        return str(self.upload("compact:2stems")["separation"]["id"])

    def in_work(self) -> str:
        """A new song whose separation has come some way."""
        separation = self.upload_songs()

        self.wait_for_progress(separation)
        return separation

    def wait_for_progress(self, separation: str) -> None:
        """Until some of it is done."""

        def begun() -> bool:
            answer = self.person.call("GET", f"separations/{separation}/").json()
            assert answer["status"] in {"queued", "running"}, answer
            return bool(answer["progress"] > 0.02)

        wait_until(begun, interval=0.02)

    def attempts(self, separation: str) -> int:
        """How often it was begun; not told by the API."""
        if self.server.database:
            with psycopg.connect(self.server.database) as connection:
                row = connection.execute(
                    "SELECT attempts FROM separation_separation WHERE id = %s", [separation]
                ).fetchone()
        else:
            file = sqlite3.connect(f"file:{self.server.folder}/data/stemoteca.sqlite3?mode=ro", uri=True)
            row = file.execute(
                "SELECT attempts FROM separation_separation WHERE id = ?", [uuid.UUID(separation).hex]
            ).fetchone()
            file.close()
        assert row is not None
        return int(row[0])

    def settled(self, separation: str, *, attempts: int) -> None:
        """It succeeded in the end, complete, with this many attempts, and no temporary file is left."""
        done = self.person.wait_until_finished(separation)
        assert self.attempts(separation) == attempts
        assert [stem["name"] for stem in done["stems"]] == ["vocals", "accompaniment"]
        assert {round(stem["duration"]) for stem in done["stems"]} == {round(SECONDS)}
        wait_until(
            lambda: not list((self.server.folder / "data" / "work").glob(f"{separation}*")), seconds=20
        )

    # Who is who

    def parent(self, pid: int) -> int:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

    def supervisor(self) -> int:
        assert self.server.process is not None
        return self.server.process.pid

    def separator(self) -> int:
        (pid,) = self.server.pids(r"-m separation\.separator")
        return pid

    def busy_worker(self) -> int:
        return self.parent(self.separator())

    def guard(self) -> int:
        (pid,) = (p for p in self.server.pids("manage.py cluster") if self.parent(p) == self.supervisor())
        return pid

    def queue(self) -> list[int]:
        """Guard, worker, monitor, pusher: in the order in which they were started; empty while it starts."""
        found = sorted(self.server.pids("manage.py cluster"))
        return found if len(found) == 4 else []


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory, audio: npt.NDArray[np.float32]) -> Iterator[Patient]:
    patient = Patient(Path(tmp_path_factory.mktemp("faults")), audio)
    yield patient
    patient.server.stop()
    assert patient.server.processes() == {}


@pytest.mark.parametrize("who", ["separator", "busy_worker", "guard"])
def test_a_song_survives_the_death_of(patient: Patient, who: str) -> None:
    separation = patient.in_work()
    others = set(patient.server.processes())
    victim = getattr(patient, who)()
    os.kill(victim, signal.SIGKILL)
    patient.settled(separation, attempts=2)
    if who == "guard":
        left = others & set(patient.server.pids("manage.py cluster"))
        assert left == set(), "the old queue's processes died with their guard"


def _begun_more_often(patient: Patient, separation: str, times: int) -> bool:
    return patient.attempts(separation) > times


def test_a_song_survives_more_deaths_of_its_worker_than_it_may_crash(patient: Patient) -> None:
    separation = patient.in_work()
    for deaths in (1, 2, 3):
        os.kill(patient.busy_worker(), signal.SIGKILL)
        wait_until(partial(_begun_more_often, patient, separation, deaths))
        patient.wait_for_progress(separation)
    patient.settled(separation, attempts=4)


@pytest.mark.parametrize("which", [1, 2, 3], ids=["idle worker", "monitor", "pusher"])
def test_the_queue_goes_on_after_the_death_of_its(patient: Patient, which: int) -> None:
    before = wait_until(patient.queue)
    os.kill(before[which], signal.SIGKILL)
    wait_until(lambda: not set(patient.queue()) & set(before) and patient.queue(), seconds=20)


def test_killed_website_is_restarted(patient: Patient) -> None:
    (website,) = patient.server.pids("operations.server")
    assert patient.parent(website) == patient.supervisor()
    os.kill(website, signal.SIGKILL)
    wait_until(lambda: website not in patient.server.processes(), seconds=5)
    wait_until(patient.server.is_ready, seconds=20)


def test_power_cut_loses_nothing(patient: Patient) -> None:
    # Here already, so that asking for it takes no time in which the other one could end.
    track = patient.upload("none")["track"]["id"]
    separation = patient.in_work()
    asked = patient.person.call("POST", f"tracks/{track}/separations/", json={"model": "compact:2stems"})
    waiting = asked.json()["id"]
    patient.server.kill_group()
    wait_until(lambda: not patient.server.processes(), seconds=5)
    begun = patient.attempts(waiting)  # the separator has room for two, and a busy machine gave it the time
    patient.server.start()
    patient.settled(separation, attempts=2)
    patient.settled(waiting, attempts=begun + 1)


def stop_politely(patient: Patient) -> None:
    os.kill(patient.supervisor(), signal.SIGTERM)


def stop_everybody(patient: Patient) -> None:
    for pid in patient.server.processes():
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue


@pytest.mark.parametrize("stop", [stop_politely, stop_everybody])
def test_stopping_hands_the_song_back(patient: Patient, stop: Callable[[Patient], None]) -> None:
    separation = patient.in_work()
    stop(patient)
    assert patient.server.process is not None
    assert patient.server.process.wait(30) == 0
    assert patient.server.processes() == {}
    assert patient.attempts(separation) == 0
    patient.server.start()
    patient.settled(separation, attempts=1)


def refused_start(environment: dict[str, str]) -> str:
    """Run a start that must fail with one line, and return that."""
    started = subprocess.run(
        [sys.executable, "manage.py", "run"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert started.returncode == 1
    assert started.stderr.splitlines() == [started.stderr.strip()]
    return started.stderr


def test_second_start_ends_with_one_line(patient: Patient) -> None:
    line = refused_start(patient.server.environment | {"PORT": "0"})
    assert f"already running from {patient.server.folder}/data" in line


def test_taken_port_ends_with_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = refused_start(os.environ | {"STEMOTECA_DATA": str(tmp_path / "data"), "PORT": str(port)})
    assert f"port {port} is taken" in line


def test_server_ends_with_its_parent(tmp_path: Path) -> None:
    """As `make run`, killed in a way that leaves it no time to stop anything."""
    server = Server(tmp_path)
    script = "import subprocess, sys; subprocess.run([sys.executable, 'manage.py', 'run', '--with-parent'])"
    make = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=server.environment, stdout=subprocess.DEVNULL
    )
    server.process = make
    try:
        wait_until(server.is_ready, seconds=60)
    finally:
        make.kill()
        make.wait()
    wait_until(lambda: not server.processes(), seconds=30)
