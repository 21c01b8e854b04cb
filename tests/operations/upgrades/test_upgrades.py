"""Data folders of earlier versions, opened by this one; and the backup that comes before each migration."""

import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from django.apps import apps
from django.conf import settings as project
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.models.signals import pre_migrate

from accounts.models import User
from catalog.models import Track
from operations.backups import rows, snapshots, upgrades
from operations.backups.places import open_place
from operations.backups.restore import restore
from tests.e2e.server import Server
from tests.operations.backups.conftest import all_rows, folders, installation, quiet, wipe

__all__ = ["all_rows", "folders", "installation", "wipe"]  # fixtures
KEPT = (
    *("accounts.User", "catalog.Artist", "catalog.Album", "catalog.Track", "catalog.Upload", "catalog.Like"),
    *("catalog.Wish", "catalog.Setlist", "catalog.SetlistEntry", "catalog.Change", "separation.Rating"),
    *("practice.Loop", "practice.Preset", "practice.BeatGrid", "practice.MyPart"),
)
FROZEN = sorted(Path(__file__).parent.glob("*.tar.gz"))


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda path: path.name.removesuffix(".tar.gz"))
def test_data_folder_of_an_earlier_version_is_opened(frozen: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with tarfile.open(frozen) as archive:
        archive.extractall(data, filter="data")
    expected = json.loads((data / "expected.json").read_text())
    server = Server(tmp_path, STEMOTECA_DATABASE="", STEMOTECA_SCRUB_DAYS="0").start(seconds=300)
    try:
        signed_in = requests.post(
            f"{server.url}/api/v1/auth/token/",
            json={"email": expected["email"], "password": expected["password"]},
            timeout=60,
        )
        assert signed_in.ok, signed_in.text
        heard = 0
        headers = {"Authorization": f"Bearer {signed_in.json()['access']}"}
        for (track,) in expected["places"]["track"]:
            answer = requests.get(f"{server.url}/api/v1/tracks/{track}/", headers=headers, timeout=60)
            assert answer.ok, answer.text
            ready = [each for each in answer.json()["separations"] if each["status"] == "succeeded"]
            for stem in (stem for separation in ready for stem in separation["stems"]):
                audio = requests.get(stem["audio"], headers=headers, timeout=60)
                assert audio.ok, audio.text
                heard += len(audio.content) > 1_000
        assert heard >= 2  # the queue goes on where it was, so there may be more
        found = requests.get(f"{server.url}/api/v1/tracks/", {"q": "barquito"}, timeout=60).json()
        assert found["count"] == 1
    finally:
        assert server.stop() == 0
    verified = manage("verify", data=data)
    assert verified.returncode == 0, verified.stdout
    with sqlite3.connect(data / "stemoteca.sqlite3") as database:
        for label in KEPT:
            count = f'SELECT count(*) FROM "{rows.tables()[label]._meta.db_table}"'  # noqa: S608  # our own names
            assert database.execute(count).fetchone() == (expected["rows"][label],), label


def manage(*arguments: str, data: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "STEMOTECA_DATA": str(data), "STEMOTECA_DATABASE": ""}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=project.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_database_is_backed_up_before_it_is_migrated(tmp_path: Path) -> None:
    assert manage("migrate", data=tmp_path).returncode == 0
    folder = tmp_path / upgrades.FOLDER
    assert not folder.exists(), "a new one is not"
    with sqlite3.connect(tmp_path / "stemoteca.sqlite3") as database:  # as an earlier version left it
        database.execute("DELETE FROM django_migrations WHERE app = 'operations'")
        database.execute("DROP TABLE operations_scrub")
        database.execute("DROP TABLE operations_backuprun")
    folder.write_bytes(b"in the way")
    refused = manage("migrate", data=tmp_path)
    assert refused.returncode == 1
    assert "was not migrated, as it could not be backed up" in refused.stderr
    folder.unlink()
    assert manage("migrate", data=tmp_path).returncode == 0
    (copy,) = folder.iterdir()
    with sqlite3.connect(copy) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    assert "catalog_track" in tables
    assert "operations_scrub" not in tables


@pytest.mark.django_db(transaction=True)
def test_copies_before_migrations_can_be_restored(
    installation: User,
    all_rows: Callable[[], dict[str, bytes]],
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.DATA_DIR = tmp_path
    assert pre_migrate.has_listeners(apps.get_app_config("operations"))
    before = all_rows()
    for _again in range(5):
        upgrades.before_migrations(using="default", plan=[object()])
    upgrades.before_migrations(using="default", plan=[])
    folder = tmp_path / upgrades.FOLDER
    if connection.vendor == "sqlite":
        copies = sorted(folder.iterdir())
        assert len(copies) == upgrades.KEPT
        with sqlite3.connect(copies[-1]) as database:
            (count,) = database.execute("SELECT count(*) FROM catalog_track").fetchone()
        assert count == Track.objects.count()
        return
    place = open_place(str(folder))
    names, _others = snapshots.names(place)
    assert len(names) == upgrades.KEPT
    with transaction.atomic():
        rows.delete_all(rows.tables().values())
    restore(place, names[-1], quiet)  # the files are where they were
    assert all_rows() == before


def test_failed_backup_prevents_the_migration(
    transactional_db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    settings.DISK_FLOOR_BYTES = 1 << 60
    with pytest.raises(CommandError, match="was not migrated, as it could not be backed up"):
        upgrades.before_migrations(using="default", plan=[object()])
