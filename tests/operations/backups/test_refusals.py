"""What is refused, and that nothing has changed then."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.administrator import get_or_create_administrator
from accounts.models import User
from catalog import checks
from catalog.errors import CatalogError
from catalog.models import Track
from operations.backups.create import back_up
from operations.backups.places import open_place
from operations.backups.restore import restore
from operations.backups.snapshots import Manifest, StoredFile
from tests.operations.backups.conftest import Backup, quiet, stored_files


@pytest.fixture
def backup(installation: User, wipe: Callable[[], None], tmp_path: Path) -> Backup:
    name = back_up(str(tmp_path / "backup")).snapshot
    wipe()
    return Backup(tmp_path / "backup", name)


def flip_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def edited_text(backup: Backup) -> None:
    path = backup.snapshot / "manifest.json"
    path.write_text(path.read_text().replace('"sqlite"', '"sqlitf"').replace('"postgresql"', '"postgresqk"'))


def named(name: str, backup: Backup) -> None:
    backup.edit_part("files", lambda lines: lines[0].update(name=name))


def row_with_key(key: str, backup: Backup) -> None:
    def change(lines: list[Any]) -> None:
        lines[1][lines[0].index("key")] = key

    backup.edit_part("rows/catalog.AudioFile", change)


def orphaned(backup: Backup) -> None:
    backup.edit_part("rows/catalog.Artist", lambda lines: lines.pop())


DAMAGES: dict[str, Callable[[Backup], object]] = {
    "flipped byte of a file": lambda backup: flip_byte(backup.files[3]),
    "truncated file": lambda backup: os.truncate(backup.files[2], 3),
    "missing file": lambda backup: backup.files[1].unlink(),
    "flipped byte of rows": lambda backup: flip_byte(backup.snapshot / "rows/catalog.Track"),
    "truncated rows": lambda backup: os.truncate(backup.snapshot / "rows/catalog.Track", 40),
    "missing rows": lambda backup: (backup.snapshot / "rows/catalog.Track").unlink(),
    "missing list of files": lambda backup: (backup.snapshot / "files").unlink(),
    "edited manifest": edited_text,
    "manifest that is no JSON": lambda backup: (backup.snapshot / "manifest.json").write_text("{"),
    "manifest that says something else": lambda backup: (backup.snapshot / "manifest.json").write_text("[1]"),
    "missing table": lambda backup: backup.edit_manifest(lambda body: body["tables"].pop("catalog.Like")),
    "path out of the storage": lambda backup: named("../../x", backup),
    "absolute path": lambda backup: named("/tmp/x", backup),  # noqa: S108  # nothing is written there
    "path out of the storage in a row": lambda backup: row_with_key("../../x", backup),
    "rows that contradict each other": orphaned,
    "rows of another shape": lambda backup: backup.edit_part(
        "rows/catalog.Like", lambda lines: lines[0].append("more")
    ),
    "row that is too short": lambda backup: backup.edit_part(
        "rows/catalog.Like", lambda lines: lines[1].pop()
    ),
    "value of another kind": lambda backup: backup.edit_part(
        "rows/catalog.Like", lambda lines: lines[1].__setitem__(0, "no identifier")
    ),
}


def refusal(made: Backup, snapshot: str = "") -> str:
    """The code with which a restore is refused."""
    with pytest.raises(CatalogError) as refused:
        restore(open_place(str(made.folder)), snapshot or made.name, quiet)
    return refused.value.code


def test_damaged_backups_are_refused_and_change_nothing(
    backup: Backup, all_rows: Callable[[], dict[str, bytes]], settings: Any, tmp_path: Path
) -> None:
    before = all_rows()
    for name, damage in DAMAGES.items():
        copy = backup.copied(tmp_path / name)
        damage(copy)
        assert refusal(copy) == "backup_damaged", name
        assert all_rows() == before, name
        assert stored_files() == {}, name
        assert not list(settings.MODELS_DIR.rglob("*.bin")), name
    for name in ("flipped byte of a file", "flipped byte of rows", "edited manifest"):
        with pytest.raises(CommandError, match=r"The backup is damaged: .* \(backup_damaged\)"):
            call_command("restore", str(tmp_path / name), "--check")


def test_newer_backups_are_refused(backup: Backup, tmp_path: Path) -> None:
    changes: list[Callable[[dict[str, Any]], None]] = [
        lambda body: body.update(format=2, program="9.0"),
        lambda body: body["migrations"].append(["catalog", "0002_later"]),
        lambda body: body["migrations"].append(["recipes", "0001_initial"]),
    ]
    for number, change in enumerate(changes):
        newer = backup.copied(tmp_path / str(number))
        newer.edit_manifest(change)
        assert refusal(newer) == "backup_too_new", number
    assert not Track.objects.exists()


def test_restore_needs_an_empty_installation(
    installation: User, all_rows: Callable[[], dict[str, bytes]], tmp_path: Path
) -> None:
    made = Backup(tmp_path / "backup", back_up(str(tmp_path / "backup")).snapshot)
    before, files = all_rows(), stored_files()
    assert refusal(made) == "not_empty"
    assert (all_rows(), stored_files()) == (before, files)


def test_restore_replaces_the_administrator_of_a_first_start(backup: Backup) -> None:
    for name in ("../x", "2001-01-01T00-00-00.000Z"):
        with pytest.raises(CommandError, match="no_backup"):
            call_command("restore", str(backup.folder), "--snapshot", name)
    with pytest.raises(CommandError, match="no_backup"):
        call_command("restore", str(backup.folder / "elsewhere"))
    administrator, _password = get_or_create_administrator()
    restore(open_place(str(backup.folder)), backup.name, quiet)
    assert not User.objects.filter(pk=administrator.pk).exists()
    assert User.objects.filter(email="keeper@example.org").exists()
    assert refusal(backup) == "not_empty"


@pytest.mark.parametrize("address", ["ftp://host/x", "s3://", "s3:///x", "s3://UPPER/x"])
def test_unknown_targets_are_refused(address: str) -> None:
    with pytest.raises(CatalogError, match="bad_target"):
        open_place(address)


def test_targets_on_s3_need_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.s3() == []
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert [note.id for note in checks.s3()] == ["catalog.I002"]
    with pytest.raises(CatalogError, match="no_s3"):
        open_place("s3://songs/backup")


def test_backup_into_folders_that_are_emptied_is_refused(settings: Any) -> None:
    for folder in (settings.WORK_DIR / "x", settings.FILE_UPLOAD_TEMP_DIR):
        with pytest.raises(CatalogError, match="own_folder"):
            open_place(str(folder))


def test_names_in_a_list_of_files() -> None:
    digest = "a" * 64
    sound = ["audio/aa/bb/aabb0000.flac", "covers/aa/bb/aabb0000-320.jpg"]
    unsound = [
        "audio/aa/bb/ccdd0000.flac",
        "audio/aa/bb/../x.flac",
        "",
        "run.lock",
        "audio/aa/bb/aabb0000.fl/c",
    ]
    assert all(StoredFile(name, digest, 1).is_sound for name in sound)
    assert not any(StoredFile(name, digest, 1).is_sound for name in unsound)
    sound, unsound = ["spleeter/2stems/a.index"], ["../x/y", "a/../y", "/a/b", "a", "a/.b", "a//b", "a/b\n"]
    assert all(StoredFile(name, digest, 1, model=True).is_sound for name in sound)
    assert not any(StoredFile(name, digest, 1, model=True).is_sound for name in unsound)
    assert not StoredFile("spleeter/2stems/a", "../" + digest[3:], 1, model=True).is_sound


def test_manifest_survives_its_own_form() -> None:
    with pytest.raises(CatalogError, match="backup_damaged"):
        Manifest.parse(b"\xff\xfe")


def test_start_on_newer_data_is_refused(tmp_path: Path) -> None:
    """``run`` and commands that migrate, on data whose migrations the program does not know."""
    environment = {**os.environ, "STEMOTECA_DATA": str(tmp_path), "STEMOTECA_DATABASE": "", "PORT": "0"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=project.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert run("migrate").returncode == 0
    script = (
        "from django.db.migrations.recorder import MigrationRecorder as R; "
        "from django.db import connection; R(connection).record_applied('catalog', '0099_later')"
    )
    assert run("shell", "-c", script).returncode == 0
    refused = run("run")
    assert refused.returncode == 1
    assert "was made by a newer version of Stemoteca" in refused.stderr
    assert "catalog.0099_later" in refused.stderr


def test_a_backup_inside_of_what_it_is_to_save_is_refused(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    with pytest.raises(CommandError, match="is in the data folder"):
        call_command("backup", str(tmp_path / "backup"))
    assert not (tmp_path / "backup").exists()
