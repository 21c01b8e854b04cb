"""A backup, and the same installation again from it."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from catalog.fingerprints import store as store_fingerprint
from catalog.models import AudioFile, FingerprintTerm
from catalog.storage import backend
from catalog.storage.garbage_collection import delete_unreferenced_audio
from catalog.storage.renditions import rendition
from operations.backups.create import back_up
from operations.backups.places import open_place
from operations.backups.restore import check, restore
from operations.models import BackupRun
from separation.models import Separation
from tests.e2e.furniture import EMAIL, PASSWORD
from tests.factories import make_audio, make_track
from tests.operations.backups.conftest import Backup, quiet, stored_files

Rows = Callable[[], dict[str, bytes]]


def test_everything_is_there_again(
    installation: User, all_rows: Rows, wipe: Callable[[], None], tmp_path: Path, settings: Any
) -> None:
    audio = AudioFile.objects.filter(stems=None).first()
    assert audio is not None
    store_fingerprint(audio, b"".join(number.to_bytes(4, "little") for number in range(0, 2**31, 2**20)))
    terms = set(FingerprintTerm.objects.values_list("term", "position"))
    assert terms
    target = tmp_path / "bück up/a"
    before, files = all_rows(), stored_files()
    totals = back_up(str(target))
    assert totals.missing == 0
    assert totals.files == len(files) + 2, "a model and its seal"
    run = BackupRun.objects.get()
    assert (run.state, run.snapshot, run.size) == ("done", totals.snapshot, totals.size)

    wipe()
    result = restore(open_place(str(target)), totals.snapshot, quiet)
    assert result.missing == []
    assert all_rows() == before
    assert stored_files() == files
    assert (settings.MODELS_DIR / "spleeter" / "2stems" / "weights.bin").read_bytes() == b"weights"
    assert set(FingerprintTerm.objects.values_list("term", "position")) == terms
    client = Client()
    person = {"email": EMAIL, "password": PASSWORD}
    assert client.post("/api/v1/auth/token/", person, "application/json").status_code == 200
    make_track(User.objects.get(email=EMAIL), title="After the restore")
    for word in ("山田", "Barquito", "after the restore"):  # from the index, which triggers keep
        assert client.get("/api/v1/tracks/", {"q": word}).json()["count"] == 1, word
    Group.objects.create(name="numbered by the database")


def test_second_backup_copies_what_is_new(installation: User, tmp_path: Path) -> None:
    target = str(tmp_path / "backup")
    first = back_up(target)
    again = back_up(target)
    assert (again.files, again.copied_files, again.size) == (first.files, 0, first.size)
    make_track(installation, audio=make_audio(1.0, stored=True))
    third = back_up(target)
    assert (third.files, third.copied_files) == (first.files + 1, 1)


def test_missing_and_damaged_files_are_left_out_and_counted(
    installation: User, wipe: Callable[[], None], tmp_path: Path
) -> None:
    target = str(tmp_path / "backup")
    lost, changed, *_others = AudioFile.objects.all()
    backend.delete(lost.key)
    backend.local_path(changed.key).write_bytes(bytes(changed.size))
    totals = back_up(target)
    assert totals.missing == BackupRun.objects.get().missing == 2
    kept = {path.name for path in (tmp_path / "backup/files").rglob("*") if path.is_file()}
    assert not kept & {lost.checksum, changed.checksum}
    wipe()
    result = restore(open_place(target), totals.snapshot, quiet)
    assert sorted(result.missing) == sorted([lost.key, changed.key])
    assert not backend.exists(changed.key)


def test_file_that_was_damaged_later_comes_from_the_backup(
    installation: User, wipe: Callable[[], None], tmp_path: Path
) -> None:
    target = str(tmp_path / "backup")
    back_up(target)
    audio = AudioFile.objects.all()[0]
    whole = backend.local_path(audio.key).read_bytes()
    backend.local_path(audio.key).write_bytes(bytes(audio.size))
    totals = back_up(target)
    assert totals.missing == 0
    wipe()
    restore(open_place(target), totals.snapshot, quiet)
    assert backend.local_path(audio.key).read_bytes() == whole


def test_renditions_sessions_and_tokens_are_left_out(
    installation: User, client: Client, tmp_path: Path
) -> None:
    client.force_login(installation)
    made = rendition(AudioFile.objects.filter(stems__isnull=False)[0], "mp3", None)
    totals = back_up(str(tmp_path / "backup"))
    folder = tmp_path / "backup/snapshots" / totals.snapshot
    names = {path.name for path in (folder / "rows").iterdir()}
    assert not names & {"sessions.Session", "catalog.Rendition", "django_q.OrmQ", "operations.BackupRun"}
    assert {"accounts.User", "auth.Group", "catalog.Track", "practice.Loop", "separation.Stem"} <= names
    with gzip.open(folder / "files") as lines:
        keys = {json.loads(line)["name"] for line in lines}
    assert made.key not in keys


def test_backup_of_an_earlier_version_is_brought_up_to_date(
    installation: User, all_rows: Rows, wipe: Callable[[], None], tmp_path: Path, client: Client
) -> None:
    name = back_up(str(tmp_path / "backup")).snapshot
    before = all_rows()
    wipe()
    backup = Backup(tmp_path / "backup", name)
    backup.edit_manifest(lambda body: body["migrations"].remove(["operations", "0001_initial"]))
    restore(open_place(str(backup.folder)), name, quiet)
    assert all_rows() == before
    assert client.get("/api/v1/tracks/", {"q": "Barquito"}).json()["count"] == 1
    make_track(User.objects.get(email=EMAIL), title="After the restore")
    assert client.get("/api/v1/tracks/", {"q": "after the restore"}).json()["count"] == 1


def test_commands_back_up_list_check_and_restore(
    installation: User, all_rows: Rows, wipe: Callable[[], None], tmp_path: Path, capsys: Any
) -> None:
    target = str(tmp_path / "backup")
    call_command("backup", target)
    call_command("restore", target, "--list")
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"Snapshot {said[1]}: ")
    call_command("restore", target, "--check")
    assert "is whole" in capsys.readouterr().out
    before = all_rows()
    wipe()
    call_command("restore", target, "--snapshot", said[1])
    assert "is restored" in capsys.readouterr().out
    assert all_rows() == before


def test_snapshots_share_files_and_old_ones_are_pruned(installation: User, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    first = back_up(str(target))
    (target / "snapshots/2020-01-01T00-00-00.000Z/rows").mkdir(parents=True)
    (target / "snapshots/2020-01-01T00-00-00.000Z/rows/catalog.Track").write_bytes(b"interrupted")
    (target / "files/ab").mkdir(exist_ok=True)
    (target / "files/ab/.part").write_bytes(b"interrupted")
    separation = Separation.objects.filter(stems__isnull=False).first()
    assert separation is not None
    stems = list(AudioFile.objects.filter(stems__separation=separation))
    separation.delete()
    delete_unreferenced_audio([stem.pk for stem in stems])
    second = back_up(str(target), keep=2)
    assert {path.name for path in (target / "snapshots").iterdir()} == {first.snapshot, second.snapshot}
    assert not (target / "files/ab/.part").exists()
    assert check(open_place(str(target)), first.snapshot, quiet).files == first.files
    third = back_up(str(target), keep=1)
    assert [path.name for path in (target / "snapshots").iterdir()] == [third.snapshot]
    assert check(open_place(str(target)), third.snapshot, quiet).files == first.files - len(stems)
    kept = {path.name for path in (target / "files").rglob("*") if path.is_file()}
    assert not kept & {stem.checksum for stem in stems}
