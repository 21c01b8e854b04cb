"""An installation with one of everything, and what is needed to look at it again after a restore."""

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from catalog.models import Credit
from catalog.storage import backend
from catalog.storage.covers import store_cover
from operations.backups import rows
from operations.models import BackupRun
from tests import factories
from tests.catalog.conftest import pictures
from tests.e2e.furniture import furnish
from tests.factories import make_separation, make_track
from tests.songs import song

ODD = "\uff41\uff22/..\\\"'\n\u202e 山田\u3000太郎 🎵 Ωμέγα محمد עִבְרִית é e\u0301"


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    """Work and models in folders of this test's own, whatever the storage."""
    for name in ("WORK_DIR", "MODELS_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        setattr(settings, name, folder)


@pytest.fixture
def installation(transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """One of everything, with real files: songs, stems, covers, a model; names of many kinds."""
    monkeypatch.setattr(factories, "song", lambda _seconds, seed: song(0.1, seed=seed))
    furnish()
    keeper = User.objects.get(email="keeper@example.org")
    track = make_track(
        keeper, title=ODD[:255], artist="Григорий ℵ", album="अल्बम", cover=store_cover(pictures())
    )
    make_separation(track, stored=True, asked_by=keeper)
    make_track(keeper, title="\u00e9", artist="e\u0301 2")
    for audio in _without_files():
        path = settings.WORK_DIR / "made"
        path.write_bytes(f"audio {audio.pk}".encode())
        audio.checksum, audio.size = rows_digest(path), path.stat().st_size
        audio.save()
        backend.store(path, audio.key)
    model = settings.MODELS_DIR / "spleeter" / "2stems"
    model.mkdir(parents=True)
    (model / "weights.bin").write_bytes(b"weights")
    (model / "verified.json").write_text(
        '{"release": "1", "files": {"weights.bin": {"size": 7, "sha256": '
        f'"{rows_digest(model / "weights.bin")}"}}}}}}'
    )
    yield keeper
    # The flush of the test database knows no order, and the search index of SQLite follows credits to their songs.
    Credit.objects.all().delete()


def _without_files() -> list[Any]:
    from catalog.models import AudioFile  # noqa: PLC0415

    return [audio for audio in AudioFile.objects.all() if not backend.exists(audio.key)]


def rows_digest(path: Path) -> str:
    from audio.checksum import checksum  # noqa: PLC0415

    return checksum(path)


@pytest.fixture
def all_rows(tmp_path: Path) -> Callable[[], dict[str, bytes]]:
    """All rows of all tables that a backup has, as it has them."""

    def read() -> dict[str, bytes]:
        folder = tmp_path / "rows"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with rows.frozen():
            for label, model in rows.tables().items():
                rows.write(model, folder / label)
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    return read


@pytest.fixture
def wipe(settings: Any) -> Callable[[], None]:
    """Make the installation an empty one."""

    def empty() -> None:
        with transaction.atomic():
            rows.delete_all([*rows.tables().values(), *_others()])
        if backend.is_local():
            shutil.rmtree(backend.local_path(""), ignore_errors=True)
        shutil.rmtree(settings.MODELS_DIR)
        settings.MODELS_DIR.mkdir()

    return empty


def _others() -> list[Any]:
    from catalog.models import FingerprintTerm, Rendition  # noqa: PLC0415

    return [FingerprintTerm, Rendition, BackupRun]


def stored_files() -> dict[str, bytes]:
    """Every file of the (local) storage by its key."""
    root = backend.local_path("")
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def quiet(_done: int, _all: int) -> None:
    """No progress."""


class Backup:
    """A backup of an installation that is empty now."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.snapshot = folder / "snapshots" / self.name
        self.files = sorted(path for path in (folder / "files").rglob("*") if path.is_file())

    def copied(self, folder: Path) -> "Backup":
        """Copy it to ``folder``, to be changed there."""
        shutil.copytree(self.folder, folder)
        return Backup(folder, self.name)

    def edit_manifest(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the manifest and seal it again, as somebody would who knows how."""
        path = self.snapshot / "manifest.json"
        body = json.loads(path.read_text())
        change(body)
        rest = {name: value for name, value in body.items() if name != "sha256"}
        body["sha256"] = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
        path.write_text(json.dumps(body))

    def edit_part(self, name: str, change: Callable[[list[Any]], None]) -> None:
        """Change the lines of a file of the snapshot, and what the manifest says about it."""
        path = self.snapshot / name
        lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        change(lines)
        data = gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())
        path.write_bytes(data)

        def fit(body: dict[str, Any]) -> None:
            part = body["files"] if name == "files" else body["tables"][path.name]
            part |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}

        self.edit_manifest(fit)
