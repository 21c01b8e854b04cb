"""Make a backup while everything runs: the database first, then the files that it names.

All rows are read in one transaction, which delays nobody. Files are named by what they contain and never change, so
those that an earlier backup has are not copied again, and whatever an interrupted backup has copied is found by the
next one. The garbage collector removes nothing meanwhile (``runs.holds_files``).
"""

import gzip
import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import IO

from django.apps import apps as current_apps
from django.apps.registry import Apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _

from audio.checksum import checksum
from catalog.errors import CatalogError
from catalog.models import file_storage
from catalog.storage import backend
from catalog.storage.covers import all_covers, sizes
from operations.backups import rows, snapshots
from operations.backups.places import Place, open_place
from operations.backups.pruning import prune
from operations.backups.runs import RunLease, Totals, running
from operations.backups.snapshots import (
    FILE_LIST,
    FILES,
    MANIFEST,
    SNAPSHOTS,
    FileTotals,
    Manifest,
    Part,
    StoredFile,
)
from separation.engines.model_files import SEAL

log = logging.getLogger(__name__)

Report = Callable[[int, int], None]


def back_up(target: str, *, keep: int = 0, report: Report = lambda _done, _all: None) -> Totals:
    """Make a backup at ``target``, then keep the newest ``keep`` (0: all). ``report`` is called with the files
    done, and all.

    Raises ``CatalogError``: ``not_migrated``, ``backup_running``, ``bad_target``, ``no_s3``, ``own_folder``,
    ``no_space``, and OSError.
    """
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CatalogError(
            "not_migrated", _("The database is older than the program. Start Stemoteca once first.")
        )
    place = open_place(target)
    with running(target) as lease, backend.room():
        totals = _Backup(place, lease, report).make()
        if keep:
            prune(place, keep, lease)
        lease.finish(totals)
    return totals


def write_rows(folder: Path, apps: Apps = current_apps) -> dict[str, Part]:
    """Write the rows of all tables below ``folder``; return what was written, by table. Call it within ``frozen``."""
    (folder / "rows").mkdir()
    found = {}
    for label, model in rows.tables(apps).items():
        path = folder / "rows" / label
        count = rows.write(model, path, apps)
        found[label] = Part(path.stat().st_size, checksum(path), count)
    return found


def write_manifest(folder: Path, tables: dict[str, Part], files: FileTotals) -> None:
    """Write the manifest of what is in ``folder``."""
    path = folder / FILE_LIST
    manifest = Manifest(
        format=snapshots.FORMAT,
        program=settings.VERSION,
        made_at=timezone.now().isoformat(),
        database=connection.vendor,
        migrations=_applied_migrations(),
        tables=tables,
        files=Part(path.stat().st_size, checksum(path), files.count),
        total_size=files.size,
        missing=files.missing,
    )
    (folder / MANIFEST).write_bytes(manifest.sealed())


def _applied_migrations() -> list[list[str]]:
    """Return those of the migrations of this program that the database has."""
    loader = MigrationExecutor(connection).loader
    return sorted([*key] for key in loader.applied_migrations if key in loader.disk_migrations)


@dataclass
class _Counts:
    files: int = 0
    size: int = 0


class _Backup:
    """One snapshot on its way to ``place``."""

    def __init__(self, place: Place, lease: RunLease, report: Report) -> None:
        self._place = place
        self._lease = lease
        self._report = report
        self._there = place.sizes(FILES)
        self._covers = _earlier_covers(place)
        self._copied = _Counts()

    def make(self) -> Totals:
        name = snapshots.new_name()
        with _work_folder() as folder:
            with rows.frozen():
                tables = write_rows(folder)
                wanted = chain(audio_files(), _cover_files(), _model_files())
                count = snapshots.write_files(wanted, folder / "wanted").count
            files = snapshots.write_files(self._copy_all(folder / "wanted", count), folder / FILE_LIST)
            write_manifest(folder, tables, files)
            self._lease.confirm()
            for part in (*(f"rows/{label}" for label in tables), FILE_LIST, MANIFEST):
                if part == MANIFEST:  # last, when all the rest is there for good
                    self._place.flush()
                with self._place.writing(f"{SNAPSHOTS}{name}/{part}") as path:
                    shutil.copyfile(folder / part, path)
            self._place.flush()
        if files.missing:
            log.warning("%d stored files are missing or damaged and not in the backup", files.missing)
        return Totals(name, files.count, files.size, self._copied.files, self._copied.size, files.missing)

    def _copy_all(self, wanted: Path, count: int) -> Iterator[StoredFile]:
        """Copy the files of the list ``wanted``; yield them as the snapshot will name them."""
        with gzip.open(wanted) as lines:
            for number, line in enumerate(lines, start=1):
                self._lease.check()
                file = self._copy(StoredFile(**json.loads(line)))
                if file is not None:
                    yield file
                self._report(number, count)

    def _copy(self, file: StoredFile) -> StoredFile | None:
        """Copy one file unless it is there already; return it as the snapshot will name it."""
        if not file.sha256:
            return self._copy_cover(file)
        if self._there.get(file.place) == file.size:
            return file
        try:
            with (
                _open(file) as source,
                self._place.writing(file.place) as path,
                path.open("wb") as copy,
            ):
                _copy_exactly(file, source, copy)
        except (FileNotFoundError, _DamagedError):
            return replace(file, missing=True)
        self._count(file)
        return file

    def _copy_cover(self, cover: StoredFile) -> StoredFile | None:
        """Copy a picture, whose checksum is in no row but in an earlier snapshot; None where it is missing."""
        known = self._covers.get(cover.name)
        if known is not None and self._there.get(known.place) == known.size:
            return known
        try:
            with _open(cover) as source:
                data = source.read()
        except FileNotFoundError:
            return None
        cover = replace(cover, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        if self._there.get(cover.place) != cover.size:
            with self._place.writing(cover.place) as path:
                path.write_bytes(data)
            self._count(cover)
        return cover

    def _count(self, file: StoredFile) -> None:
        self._there[file.place] = file.size
        self._copied.files += 1
        self._copied.size += file.size


@contextmanager
def _work_folder() -> Iterator[Path]:
    """Yield a folder that is there for as long as the backup takes, which may be days; others are emptied meanwhile."""
    folder = settings.DATA_DIR / "backup-work"
    shutil.rmtree(folder, ignore_errors=True)  # left behind by one that was killed
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _DamagedError(Exception):
    """A stored file is not what its row says."""


def _copy_exactly(file: StoredFile, source: IO[bytes], copy: IO[bytes]) -> None:
    if snapshots.copy_hashed(source, copy) != (file.sha256, file.size):
        raise _DamagedError


def _open(file: StoredFile) -> IO[bytes]:
    if file.model:
        return (settings.MODELS_DIR / file.name).open("rb")
    return file_storage().open(file.name)


def audio_files(apps: Apps = current_apps) -> Iterator[StoredFile]:
    """Yield the files of recordings and stems. Renditions are left out: they are made again on request."""
    found = apps.get_model("catalog", "AudioFile")._base_manager.order_by()
    for key, sha256, size in found.values_list("key", "checksum", "size").iterator():
        yield StoredFile(key, sha256, size)


def _cover_files() -> Iterator[StoredFile]:
    """Yield the pictures, without checksums and sizes, which are in no row."""
    for cover in sorted(all_covers()):
        for key in sizes(cover):
            yield StoredFile(key, "", 0)


def _model_files() -> Iterator[StoredFile]:
    """Yield the files of installed models with the checksums of their seals; a seal after the files that it names."""
    for seal in sorted(settings.MODELS_DIR.glob(f"**/{SEAL}")):
        folder = seal.parent.relative_to(settings.MODELS_DIR)
        if any(part.startswith(".") for part in folder.parts):
            continue  # not installed yet
        data = seal.read_bytes()
        for name, entry in json.loads(data)["files"].items():
            yield StoredFile((folder / name).as_posix(), entry["sha256"], entry["size"], model=True)
        yield StoredFile((folder / SEAL).as_posix(), hashlib.sha256(data).hexdigest(), len(data), model=True)


def _earlier_covers(place: Place) -> dict[str, StoredFile]:
    """Return the pictures of the newest snapshot by key, so that those need not be read again."""
    complete, _others = snapshots.names(place)
    try:
        files = (
            snapshots.read_files(place, complete[-1], snapshots.read_manifest(place, complete[-1]))
            if complete
            else ()
        )
        return {file.name: file for file in files if file.name.startswith("covers/")}
    except CatalogError as error:
        log.warning("the snapshot %s cannot be read: %s", complete[-1], error.detail)
        return {}
