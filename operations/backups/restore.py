"""Restore a backup into an empty installation, of either kind of database and storage.

First the snapshot itself is checked, and that all its files are there in full. Then files are copied into the storage,
each compared with its checksum: nobody sees them, as no row names them yet. Last, all rows are inserted in one
transaction. What fails before leaves nothing behind, and an interrupted restore can be run again: files that are there
already are compared and kept, which also makes this the way to another database or storage.
"""

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from accounts.models import User
from catalog import fingerprints
from catalog.errors import CatalogError
from catalog.management.database import migrate_database
from catalog.models import Artist, AudioFile, Wish, file_storage
from catalog.search import schema
from catalog.search.reindex import reindex
from catalog.storage import backend
from operations.backups import rows, snapshots
from operations.backups.places import Place
from operations.backups.snapshots import FILES, Manifest, StoredFile, damaged

log = logging.getLogger(__name__)

Report = Callable[[int, int], None]


@dataclass
class Restored:
    """What a restore did: how many rows and files there are, and the files that the backup did not have."""

    rows: int = 0
    files: int = 0
    copied: int = 0
    missing: list[str] = field(default_factory=list)


def check(place: Place, snapshot: str, report: Report) -> Restored:
    """Compare everything in a snapshot with its checksums; change nothing.

    Raises ``CatalogError``: ``backup_damaged``, ``backup_too_new``.
    """
    manifest, files = _checked(place, snapshot)
    result = Restored(files=len(files))
    for number, file in enumerate(files, start=1):
        if file.missing:
            result.missing.append(file.name)
        else:
            with place.reading(file.place) as source:
                if snapshots.copy_hashed(source, None) != (file.sha256, file.size):
                    raise damaged(file.place)
        report(number, len(files))
    for label, part in manifest.tables.items():
        with snapshots.part(place, snapshot, f"rows/{label}", part) as lines:
            result.rows += sum(1 for _line in lines) - 1
    return result


def restore(place: Place, snapshot: str, report: Report) -> Restored:
    """Restore a snapshot. No supervisor may run meanwhile (``DataFolderLock``).

    Raises ``CatalogError``: ``backup_damaged``, ``backup_too_new``, ``not_empty``, ``does_not_fit``, ``no_space``.
    """
    manifest, files = _checked(place, snapshot)
    check_empty()
    undo: list[Callable[[], object]] = []
    try:
        with backend.room():
            result = _copy_all(place, files, undo, report)
            result.rows = _load(place, snapshot, manifest, {file.name for file in files})
    except BaseException:
        for remove in undo:
            remove()
        raise
    return result


def check_empty() -> None:
    """Raise ``CatalogError("not_empty")`` if there is more than what a first start makes."""
    if MigrationExecutor(connection).loader.applied_migrations:
        migrate_database()
        people = User.objects.count()
        unused = User.objects.filter(last_login=None, is_superuser=True).count()
        if (
            people > 1
            or people != unused
            or any(model.objects.exists() for model in (AudioFile, Artist, Wish))
        ):
            sentence = _(
                "A backup is restored into an empty installation only: choose another data folder or database."
            )
            raise CatalogError("not_empty", sentence, status=409)


def _checked(place: Place, snapshot: str) -> tuple[Manifest, list[StoredFile]]:
    """Check that this program can read the snapshot, that it is whole, and that each of its files has its size."""
    manifest = snapshots.read_manifest(place, snapshot)
    known = MigrationExecutor(connection).loader.disk_migrations
    if not all(tuple(key) in known for key in manifest.migrations):
        raise snapshots.too_new(manifest.program)
    for label, part in manifest.tables.items():
        with snapshots.part(place, snapshot, f"rows/{label}", part):
            pass
    files = list(snapshots.read_files(place, snapshot, manifest))
    there = place.sizes(FILES)
    for file in files:
        if not file.missing and there.get(file.place) != file.size and not _is_stored(file):
            raise damaged(file.place)
    return manifest, files


def _copy_all(
    place: Place, files: list[StoredFile], undo: list[Callable[[], object]], report: Report
) -> Restored:
    """Copy what is not in storage yet, and write to ``undo`` what removes it again."""
    result = Restored(files=len(files))
    sealed = {path.parent for path in settings.MODELS_DIR.glob("**/verified.json")}
    for number, file in enumerate(files, start=1):
        if file.model:
            path = settings.MODELS_DIR / file.name
            if path.parent not in sealed:  # else this model is installed already
                undo.append(partial(path.unlink, missing_ok=True))
                _copy_model(place, file, path)
        elif _is_stored(file):
            pass
        elif file.missing:
            result.missing.append(file.name)
        else:
            undo.append(partial(backend.delete, file.name))
            _copy(place, file)
            result.copied += 1
        report(number, len(files))
    return result


def _is_stored(file: StoredFile) -> bool:
    """Whether the storage, or the folder of models, has this very file."""
    if file.model:
        path = settings.MODELS_DIR / file.name
        if not path.is_file() or path.stat().st_size != file.size:
            return False
        with path.open("rb") as model:
            return snapshots.copy_hashed(model, None)[0] == file.sha256
    if backend.size(file.name) != file.size:
        return False
    with file_storage().open(file.name) as stored:
        return snapshots.copy_hashed(stored, None)[0] == file.sha256


def _copy(place: Place, file: StoredFile) -> None:
    with tempfile.TemporaryDirectory(prefix="restore-", dir=settings.WORK_DIR) as folder:
        path = Path(folder) / "file"
        _fetch(place, file, path)
        backend.delete(file.name)  # one of another size or with other bytes
        backend.store(path, file.name)


def _copy_model(place: Place, file: StoredFile, path: Path) -> None:
    backend.make_folder(path.parent)
    with backend.beside(path) as temporary:
        _fetch(place, file, temporary)
        backend.sync(temporary)
        temporary.replace(path)


def _fetch(place: Place, file: StoredFile, path: Path) -> None:
    try:
        with place.reading(file.place) as source, path.open("wb") as copy:
            found = snapshots.copy_hashed(source, copy)
    except FileNotFoundError:
        raise damaged(file.place) from None
    if found != (file.sha256, file.size):
        raise damaged(file.place)


def _load(place: Place, snapshot: str, manifest: Manifest, files: set[str]) -> int:
    """Insert the rows of the backup into tables as it had them, then bring these up to date.

    ``files``: the names of the snapshot's files, besides which the rows may name none.
    """
    executor = MigrationExecutor(connection)
    targets = _newest(executor, {tuple(key) for key in manifest.migrations})
    is_current = set(targets) == set(executor.loader.graph.leaf_nodes())
    if is_current:
        migrate_database()
    else:
        _remove_triggers()
        executor.migrate(targets)
    apps = executor.loader.project_state(targets).apps
    tables = rows.tables(apps)
    if set(manifest.tables) != set(tables):
        raise damaged(snapshots.MANIFEST)
    count = 0
    try:
        with transaction.atomic():
            _remove_triggers()  # the index is made at once, in the end
            rows.delete_all(tables.values())
            for label, model in tables.items():
                with snapshots.part(place, snapshot, f"rows/{label}", manifest.tables[label]) as lines:
                    count += rows.read(model, lines, apps)
            keys = tables["catalog.AudioFile"]._base_manager.values_list("key", flat=True)
            if unknown := next((key for key in keys.iterator() if key not in files), None):
                raise damaged(unknown)
            rows.reset_sequences(tables.values())
            connection.check_constraints()
            if is_current:
                reindex()
                fingerprints.index_terms()
    except IntegrityError as error:
        raise CatalogError(
            "backup_damaged", _("The backup is damaged: its rows contradict each other.")
        ) from error
    migrate_database()  # also makes the index that an older snapshot has not
    return count


def _remove_triggers() -> None:
    if "catalog_search_track" in connection.introspection.table_names():
        schema.remove_triggers(connection)


def _newest(executor: MigrationExecutor, applied: set[tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return the last of these migrations of each app."""
    graph = executor.loader.graph
    nodes = [node for node in graph.nodes if node in applied]
    return [
        node
        for node in nodes
        if not any(
            child.key in applied and child.key[0] == node[0] for child in graph.node_map[node].children
        )
    ]
