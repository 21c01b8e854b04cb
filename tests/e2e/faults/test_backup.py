"""Backups of a running installation, restored on another one: real processes, which are killed now and then."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4
from zlib import crc32

import boto3
import numpy as np
import pytest
import soundfile

from tests.e2e.server import ROOT, Person, Server, wait_until
from tests.songs import song

UPLOADS = int(os.environ.get("STEMOTECA_TEST_UPLOADS", "4"))
SEPARATIONS = int(os.environ.get("STEMOTECA_TEST_SEPARATIONS", "2"))
NAMES = ("Канон", "さくら さくら", "أغنية", 'Ω\'mega "x"; --', "e\u0301toile", "%s {} <b>", "🎵", "..")
HAS_SERVICES = "STEMOTECA_TEST_S3" in os.environ and os.environ.get("STEMOTECA_DATABASE", "").startswith(
    "postgres"
)
with_services = pytest.mark.skipif(not HAS_SERVICES, reason="needs PostgreSQL and S3-compatible storage")
QUIET = {"STEMOTECA_SCRUB_DAYS": "0"}
EMBEDDED = QUIET | {"STEMOTECA_DATABASE": ""}


def manage(server: Server, *arguments: str, seconds: float = 600) -> "subprocess.CompletedProcess[str]":
    """Run a command beside ``server``, with its environment."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def on_s3() -> dict[str, str]:
    """Make a bucket; return the settings of an installation that keeps its files there."""
    name = f"backup-{uuid4().hex}"
    address = os.environ["STEMOTECA_TEST_S3"]
    access = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    boto3.resource("s3", endpoint_url=address, **access).Bucket(name).create()
    return QUIET | {
        "STEMOTECA_S3_BUCKET": name,
        "STEMOTECA_S3_ENDPOINT": address,
        "STEMOTECA_S3_REGION": "us-east-1",
        "STEMOTECA_S3_ACCESS_KEY": "test",
        "STEMOTECA_S3_SECRET_KEY": "test",
    }


@contextlib.contextmanager
def started(server: Server) -> Iterator[Server]:
    try:
        yield server.start(seconds=300)
        assert server.stop() == 0
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill_group()


def installation(folder: Path, environment: dict[str, str]) -> Server:
    folder.mkdir()
    return Server(folder, **environment)


def people_at_work(person: Person, folder: Path) -> list[dict[str, Any]]:
    """Upload songs, several at once; some of them are separated. Return what the server answered."""

    def upload(number: int) -> dict[str, Any]:
        path = folder / f"song {number}.flac"
        soundfile.write(path, song(2, seed=number), 44_100)
        name = f"{NAMES[number % len(NAMES)]} {number}"
        model = "compact:2stems" if number < SEPARATIONS else "none"
        answer = person.upload(path, title=name, artist=name, model=model)
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(upload, range(UPLOADS)))


def snapshot_of(target: Path) -> dict[str, Any]:
    newest = max((target / "snapshots").glob("*/manifest.json"))
    body: dict[str, Any] = json.loads(newest.read_text())
    return body


def killed_when(server: Server, condition: Callable[[], bool], *arguments: str) -> bool:
    """Run a command and kill it as soon as ``condition`` is true; return False if it ended before."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=server.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not condition():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    return process.wait(60) == -signal.SIGKILL


def back_up_killed_and_resumed(server: Server, target: Path) -> bool:
    """Back up until it succeeds, and kill the first one when it has copied something; return whether it was killed."""
    copied = killed_when(server, lambda: any((target / "files").rglob("*/*/*")), "backup", str(target))
    made = manage(server, "backup", str(target))
    assert made.returncode == 0, made.stderr
    return copied


def test_backup_during_uploads_and_separations_is_restored_and_people_go_on(tmp_path: Path) -> None:
    target = tmp_path / "backup"
    with started(installation(tmp_path / "first", EMBEDDED)) as first:
        person = Person(first)
        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(people_at_work, person, tmp_path)
            # A backup of nothing ends before it can be killed.
            wait_until(lambda: bool(person.call("GET", "tracks/").json()["results"]))
            assert back_up_killed_and_resumed(first, target)
            during = snapshot_of(target)
            uploaded = work.result()
        for answer in uploaded:
            if answer["separation"]:
                person.wait_until_finished(answer["separation"]["id"], 600)
        made = manage(first, "backup", str(target))
        assert made.returncode == 0, made.stderr
    check_restored(tmp_path / "during", EMBEDDED, target, during, person, tmp_path)
    assert snapshot_of(target)["tables"]["catalog.Track"]["count"] == UPLOADS
    check_restored(tmp_path / "after", EMBEDDED, target, snapshot_of(target), person, tmp_path)


def check_restored(
    folder: Path,
    environment: dict[str, str],
    target: Path,
    manifest: dict[str, Any],
    person: Person,
    songs: Path,
) -> Server:
    """Restore on an empty installation; it has the same rows and files, and people go on."""
    assert manifest["missing"] == 0
    server = installation(folder, environment)
    (name,) = (
        p.parent.name
        for p in target.glob("snapshots/*/manifest.json")
        if json.loads(p.read_text()) == manifest
    )
    command = ("restore", str(target), "--snapshot", name)
    if "STEMOTECA_S3_BUCKET" not in environment:
        killed_when(server, lambda: any((folder / "data/files").rglob("*.flac")), *command)
    restored = manage(server, *command)
    assert restored.returncode == 0, restored.stderr
    again = folder / "again"
    made = manage(server, "backup", str(again))
    assert made.returncode == 0, made.stderr
    assert snapshot_of(again)["tables"] == manifest["tables"]
    assert (snapshot_of(again)["total_size"], snapshot_of(again)["missing"]) == (manifest["total_size"], 0)
    with started(server):
        verified = manage(server, "verify")
        assert verified.returncode == 0, verified.stdout
        same = Person.__new__(Person)
        same.server, same.email, same.password = server, person.email, person.password
        tokens = same._post_json("auth/token/", email=person.email, password=person.password)
        same.headers = {"Authorization": f"Bearer {tokens['access']}"}
        wait_until(lambda: _all_done(same), 600, interval=1)
        path = songs / f"{folder.name}.flac"
        noise = np.random.default_rng(crc32(folder.name.encode())).uniform(-0.1, 0.1, (44_100, 2))
        soundfile.write(path, noise, 44_100)
        answer = same.upload(path, title="Later", artist="Later", model="compact:2stems")
        assert answer.status_code == 201, answer.text
        same.wait_until_finished(answer.json()["separation"]["id"], 600)
    return server


def _all_done(person: Person) -> bool:
    """Whether every separation of this person has succeeded; what the backup found at work is done again."""
    songs = person.call("GET", "tracks/").json()["results"]
    states = [
        separation["status"]
        for track in songs
        for separation in person.call("GET", f"tracks/{track['id']}/").json()["separations"]
    ]
    assert "failed" not in states
    return all(state == "succeeded" for state in states)


@pytest.mark.services
@with_services
def test_from_sqlite_and_disk_to_postgresql_and_s3_and_back(tmp_path: Path) -> None:
    target = tmp_path / "backup"
    with started(installation(tmp_path / "first", EMBEDDED)) as first:
        person = Person(first)
        for answer in people_at_work(person, tmp_path):
            if answer["separation"]:
                person.wait_until_finished(answer["separation"]["id"], 600)
        made = manage(first, "backup", str(target))
        assert made.returncode == 0, made.stderr
    second = check_restored(tmp_path / "second", on_s3(), target, snapshot_of(target), person, tmp_path)
    back = tmp_path / "back"
    made = manage(second, "backup", str(back))
    assert made.returncode == 0, made.stderr
    assert snapshot_of(back)["database"] == "postgresql"
    check_restored(tmp_path / "third", EMBEDDED, back, snapshot_of(back), person, tmp_path)


@pytest.mark.services
@with_services
def test_backup_in_a_bucket_by_schedule(tmp_path: Path) -> None:
    keys = on_s3()
    address = f"s3://{keys['STEMOTECA_S3_BUCKET']}/stemoteca/a"
    backups = {
        name.replace("_S3_", "_BACKUP_S3_"): value for name, value in keys.items() if "BUCKET" not in name
    }
    server = installation(
        tmp_path / "first",
        EMBEDDED | backups | {"STEMOTECA_BACKUP_TARGET": address, "STEMOTECA_BACKUP_HOURS": "1"},
    )
    with started(server):
        wait_until(lambda: _snapshots(server, address), 600, interval=1)
    checked = manage(server, "restore", address, "--check")
    assert "is whole" in checked.stdout, checked.stderr


def _snapshots(server: Server, address: str) -> list[str]:
    return manage(server, "restore", address, "--list").stdout.split()
