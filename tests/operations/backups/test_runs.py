"""One backup at a time, files that stay meanwhile, interruption."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import User
from catalog.curation.takedowns import take_down
from catalog.errors import CatalogError
from catalog.models import AudioFile, Notice, Track
from catalog.storage import backend
from catalog.storage.garbage_collection import collect, collect_rows
from operations.backups import runs, snapshots
from operations.backups.create import back_up
from operations.backups.places import open_place
from operations.backups.restore import check, restore
from operations.maintenance.schedule import next_backup, next_command
from operations.models import BackupRun, Scrub
from tests.operations.backups.conftest import quiet

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timedelta(0)


def ended_process() -> str:
    """The name of a process of this machine that has ended."""
    script = (
        "import django; django.setup(); from separation.queue.workers import new_owner; print(new_owner())"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_second_backup_is_refused_while_one_runs(tmp_path: Path) -> None:
    with runs.running("a"), pytest.raises(CatalogError, match="backup_running"):
        back_up(str(tmp_path / "backup"))
    assert not (tmp_path / "backup").exists()
    assert BackupRun.objects.get().target == "a"


def test_backup_of_a_dead_process_or_without_lease_is_taken_over(tmp_path: Path) -> None:
    later, earlier = timezone.now() + timedelta(hours=1), timezone.now() - timedelta(seconds=1)
    for owner, lease in ((ended_process(), later), ("elsewhere/1/1/x", earlier)):
        left = BackupRun.objects.create(target="x", owner=owner, lease_until=lease)
        assert not runs.holds_files()
        back_up(str(tmp_path / "backup"))
        left.refresh_from_db()
        assert (left.state, left.error_code) == ("failed", "interrupted")
    alive = BackupRun.objects.create(target="x", owner="elsewhere/1/1/x", lease_until=later)
    assert runs.holds_files()
    with pytest.raises(CatalogError, match="backup_running"):
        back_up(str(tmp_path / "backup"))
    alive.delete()


def test_backup_that_lost_its_lease_ends_as_failed(installation: User, tmp_path: Path) -> None:
    def lose(_done: int, _all: int) -> None:
        BackupRun.objects.update(owner="another")

    with pytest.raises(CatalogError, match="backup_lost"):
        back_up(str(tmp_path / "backup"), report=lose)
    assert not (tmp_path / "backup/snapshots").exists()


def test_songs_that_are_deleted_meanwhile_are_in_the_backup(
    installation: User, wipe: Callable[[], None], tmp_path: Path
) -> None:
    """One by the collector, one by a takedown; their files go when the backup is done."""
    tracks = list(Track.objects.filter(audio__uploads__isnull=False).distinct()[:2])
    files = [track.audio.key for track in tracks]
    done: list[int] = []

    def delete(number: int, _all: int) -> None:
        if done:
            return
        done.append(number)
        Track.objects.filter(pk=tracks[0].pk).delete()
        take_down(tracks[1], installation, "gone")
        AudioFile.objects.update(created_at=timezone.now() - timedelta(days=3))
        collect_rows(NOW)
        collect(NOW)
        assert all(map(backend.exists, files))

    totals = back_up(str(tmp_path / "backup"), report=delete)
    assert (done, totals.missing) == ([1], 0)
    collect(NOW)
    assert not any(map(backend.exists, files))
    wipe()
    restore(open_place(str(tmp_path / "backup")), totals.snapshot, quiet)
    assert set(Track.objects.filter(pk__in=[track.pk for track in tracks])) == set(tracks)
    assert all(map(backend.exists, files))


def test_interrupted_backup_goes_on_with_what_was_copied(
    installation: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = str(tmp_path / "backup")

    def stop(number: int, _all: int) -> None:
        if number == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(target, report=stop)
    assert BackupRun.objects.get().error_code == "interrupted"
    totals = back_up(target)
    assert totals.copied_files == totals.files - 4
    assert check(open_place(target), totals.snapshot, quiet).files == totals.files


def test_full_disk_ends_the_backup(
    installation: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshots, "copy_hashed", full)
    with pytest.raises(CatalogError, match="no_space"):
        back_up(str(tmp_path / "backup"))
    assert not [path for path in (tmp_path / "backup").rglob("*") if path.is_file()]
    assert BackupRun.objects.get().error_code == "no_space"


def test_interrupted_restore_can_be_run_again(
    installation: User, wipe: Callable[[], None], all_rows: Callable[[], dict[str, bytes]], tmp_path: Path
) -> None:
    target = str(tmp_path / "backup")
    totals = back_up(target)
    before = all_rows()
    wipe()
    place = open_place(target)

    def stop(number: int, _all: int) -> None:
        if number == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(place, totals.snapshot, stop)
    assert not User.objects.exists()
    result = restore(place, totals.snapshot, quiet)
    assert result.rows
    assert all_rows() == before


def test_backups_are_due_by_the_hours_of_the_setting(settings: Any, tmp_path: Path) -> None:
    Scrub.objects.create(is_scheduled=True, finished_at=timezone.now())
    assert (next_backup(), next_command()) == (None, [])
    settings.BACKUP_TARGET, settings.BACKUP_HOURS = str(tmp_path), 24
    assert next_command() == ["backup", "--scheduled"]
    with runs.running(str(tmp_path)):
        assert next_command() == []
    run = BackupRun.objects.get()
    for code, minutes, due in (
        ("interrupted", 2, True),
        ("no_space", 2, False),
        ("no_space", 61, True),
        ("", 23 * 60, False),
        ("", 25 * 60, True),
    ):
        moment = timezone.now() - timedelta(minutes=minutes)
        BackupRun.objects.filter(pk=run.pk).update(
            state="failed" if code else "done", error_code=code, created_at=moment, finished_at=moment
        )
        assert next_command() == (["backup", "--scheduled"] if due else []), (code, minutes)


def test_scheduled_backup_keeps_the_count_and_notifies_of_a_failure(
    installation: User, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "nice", lambda _n: None)
    settings.BACKUPS_KEPT = 2
    for _n in range(3):
        call_command("backup", str(tmp_path / "backup"), "--scheduled")
    assert len(list((tmp_path / "backup/snapshots").iterdir())) == 2
    (tmp_path / "file").write_bytes(b"")
    for _n in range(2):
        with pytest.raises(CommandError, match=f"the backup to {tmp_path / 'file'} failed"):
            call_command("backup", str(tmp_path / "file"), "--scheduled")
    notice = Notice.objects.get(kind=Notice.Kind.STORAGE)
    assert (notice.user, notice.text[:18]) == (installation, "The backup failed:")
