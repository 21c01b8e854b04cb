"""Back the database up before it is migrated, into ``before-upgrades`` in the data folder.

SQLite's is copied as it is, by its own means for databases in use. PostgreSQL's rows are written as in any backup:
``pg_dump`` is not part of this installation, and may be older than the server. Files need no copy, as migrations change
none.
"""

import logging
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from catalog.errors import CatalogError
from catalog.storage import backend
from operations.backups import rows, snapshots
from operations.backups.create import audio_files, write_manifest, write_rows

log = logging.getLogger(__name__)

FOLDER = "before-upgrades"
KEPT = 3


def before_migrations(using: str, plan: list[Any], **_others: Any) -> None:
    """Back up a database that was in use; a receiver of ``pre_migrate``. After a CommandError nothing is migrated."""
    loader = MigrationExecutor(connections[using]).loader
    if not plan or ("accounts", "0001_initial") not in loader.applied_migrations:
        return
    folder = settings.DATA_DIR / FOLDER
    try:
        backend.check_space(0)
        with backend.room():
            path = (
                _copy_sqlite(folder) if connections[using].vendor == "sqlite" else _write_rows(folder, loader)
            )
    except (CatalogError, OSError, sqlite3.Error) as error:
        reason = error.detail if isinstance(error, CatalogError) else error
        raise CommandError(
            f"the database was not migrated, as it could not be backed up: {reason}"
        ) from error
    log.info("the database is being migrated; as it was before, it is in %s", path)
    _prune(folder)


def _copy_sqlite(folder: Path) -> Path:
    connection = connections["default"]
    connection.ensure_connection()
    database = Path(connection.settings_dict["NAME"])
    backend.make_folder(folder)
    backend.check_space(database.stat().st_size)
    path = folder / f"{snapshots.new_name()}.sqlite3"
    with backend.beside(path) as temporary:
        copy = sqlite3.connect(temporary)
        try:
            connection.connection.backup(copy)
        finally:
            copy.close()
        backend.sync(temporary)
        temporary.replace(path)
    backend.sync(folder)
    return path


def _write_rows(folder: Path, loader: Any) -> Path:
    """Write a snapshot like that of a backup, of tables as they are now; its files are those of the storage."""
    path = folder / snapshots.SNAPSHOTS / snapshots.new_name()
    temporary = path.with_name(f".{path.name}.part")
    applied = [key for key in loader.graph.nodes if key in loader.applied_migrations]
    apps = loader.project_state(applied).apps
    backend.make_folder(temporary)
    try:
        with rows.frozen():
            tables = write_rows(temporary, apps)
            files = snapshots.write_files(audio_files(apps), temporary / snapshots.FILE_LIST)
        write_manifest(temporary, tables, files)
        for written in temporary.rglob("*"):
            backend.sync(written)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    backend.sync(path.parent)
    return path


def _prune(folder: Path) -> None:
    for path in sorted(folder.glob("*.sqlite3"))[:-KEPT]:
        path.unlink(missing_ok=True)
    for path in sorted((folder / snapshots.SNAPSHOTS).glob("[0-9]*"))[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
