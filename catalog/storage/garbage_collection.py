"""Garbage collection: rows that nothing needs any more, then stored files without a row, then temporary files.

Every file is stored before the row that names it is written, so a file without a row may belong to a
transaction that is still open. Hence the grace: only files untouched for that long are looked at.
"""

import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import PROTECT, Q, Sum
from django.utils import timezone

from catalog import hooks
from catalog.models import Album, Artist, AudioFile, Change, Rendition, Track, Visibility, file_storage
from catalog.social import wishes
from catalog.storage import backend
from catalog.storage.covers import original, sizes
from catalog.storage.renditions import remove_abandoned
from catalog.uploads import ownership, private_names

logger = logging.getLogger(__name__)

KEEP_RENDITIONS = timedelta(days=30)  # since somebody last asked for it
SPARED_RENDITIONS = timedelta(hours=2)  # somebody may be reading them
KEEP_COPIES = timedelta(hours=1)
DELETED_GRACE = timedelta(minutes=10)  # storing the same bytes again takes less, and renews a file's time
BATCH = 500


def collect(grace: timedelta) -> int:
    """Remove what nothing names and was not touched for ``grace``; returns how many files went.

    Safe to run at any time and in several places at once.
    """
    removed = collect_rows(min(grace, DELETED_GRACE))
    private_names.update_all_names()
    _delete_empty_names(grace)
    Rendition.objects.filter(used_at__lt=timezone.now() - KEEP_RENDITIONS).delete()
    removed += _collect_stored(grace)
    remove_abandoned()
    removed += _collect_temporary(settings.FILE_UPLOAD_TEMP_DIR, grace)
    removed += _collect_temporary(settings.WORK_DIR, grace)
    removed += _collect_temporary(settings.WORK_DIR / "copies", min(grace, KEEP_COPIES))
    if removed:
        logger.info("collected %d files", removed)
    return removed


def collect_rows(grace: timedelta = DELETED_GRACE) -> int:
    """Delete audio that nobody holds any more together with its files; returns how many files went.

    Looks at no file but these, so it can run every few minutes: the disk must follow the quotas, which are free
    as soon as somebody lets go of a song.
    """
    _delete_ownerless_tracks()
    wishes.recount()
    hooks.collecting_garbage.send()
    removed = delete_files(_delete_unreferenced_audio(grace), grace)
    return removed + _shrink_renditions()


def _shrink_renditions() -> int:
    """Delete renditions until ``RENDITIONS_BYTES`` are left, those first that nobody has asked for the longest."""
    excess = (Rendition.objects.aggregate(size=Sum("size"))["size"] or 0) - settings.RENDITIONS_BYTES
    if excess <= 0:
        return 0
    unused = Rendition.objects.filter(used_at__lt=timezone.now() - SPARED_RENDITIONS).order_by(
        "used_at", "pk"
    )
    keys = []
    for pk, key, size in unused.values_list("pk", "key", "size").iterator():
        if excess <= 0:
            break
        Rendition.objects.filter(pk=pk).delete()
        keys.append(key)
        excess -= size
    return delete_files(keys)


def _delete_ownerless_tracks() -> None:
    """Delete private tracks without an owner, which nobody can see."""
    for track in Track.objects.filter(visibility=Visibility.PRIVATE, owner=None)[:BATCH]:
        ownership.remove(track)


def _delete_unreferenced_audio(grace: timedelta) -> list[str]:
    """Delete audio that no row points at, renditions included; returns the keys of the files."""
    unheld = AudioFile.objects.filter(created_at__lte=timezone.now() - grace)
    for relation in AudioFile._meta.related_objects:  # noqa: SLF001  # Django's public name for it
        if relation.on_delete is PROTECT:
            unheld = unheld.filter(**{f"{relation.name}__isnull": True})
    return delete_unreferenced_audio(unheld.values_list("pk", flat=True))


def _delete_empty_names(grace: timedelta) -> None:
    old = Q(created_at__lt=timezone.now() - grace)
    for album in Album.objects.filter(old, tracks=None):
        _delete(album)
    for artist in Artist.objects.filter(old, tracks=None, albums=None, credits=None):
        _delete(artist)


def _delete(row: AudioFile | Album | Artist) -> bool:
    try:
        with transaction.atomic():
            row.delete()
    except IntegrityError:  # includes ProtectedError: somebody took hold of it in this moment
        logger.debug("kept %r", row)
        return False
    return True


def delete_unreferenced_audio(audio: Iterable[UUID]) -> list[str]:
    """Delete those of these audio files that no row points at, inside a transaction; returns their files' keys."""
    keys: list[str] = []
    for row in AudioFile.objects.filter(pk__in=list(audio)):
        files = [row.key, *row.renditions.values_list("key", flat=True)]
        if _delete(row):
            keys += files
    return keys


def delete_files(keys: Iterable[str], grace: timedelta = timedelta(0)) -> int:
    """Remove these files after a commit, unless a row names them or they were stored again within ``grace``.

    Returns how many went; what fails, or is held by a running backup, is left to ``collect``.
    """
    removed = 0
    for batch in _batches(size for key in keys for size in sizes(key)):
        if _are_held():
            return removed
        named = _referenced(batch)
        for key in (key for key in batch if key not in named and _is_old(key, grace)):
            try:
                backend.delete(key)
                removed += 1
                (settings.WORK_DIR / "copies" / Path(key).name).unlink(missing_ok=True)
            except Exception as error:  # noqa: BLE001  # whatever a storage does, the rows are gone
                logger.warning("%s is still there: %s", key, error)
    return removed


def _collect_stored(grace: timedelta) -> int:
    removed = 0
    for keys in _batches(_stored_keys(timezone.now().timestamp() - grace.total_seconds())):
        named = _referenced(keys)
        if _are_held():
            return removed
        for key in keys:
            if key not in named and _is_old(key, grace):
                backend.delete(key)
                removed += 1
    return removed


def _are_held() -> bool:
    """Ask it after the rows of files are gone, and before the files: who holds them then has not seen the rows."""
    return any(hooks.holding_files.send())


def _stored_keys(moment: float) -> Iterator[str]:
    """Yield the keys of all stored files last written before ``moment``, in no order."""
    if backend.is_local():
        root = backend.local_path("")
        for path in _files(root):
            if _modified_at(path) <= moment:
                yield path.relative_to(root).as_posix()
        return
    for item in file_storage().bucket.objects.all():  # type: ignore[attr-defined]  # the S3 storage has it
        if item.last_modified.timestamp() <= moment:
            yield item.key


def _referenced(keys: Sequence[str]) -> set[str]:
    found: set[str] = set()
    found.update(AudioFile.objects.filter(key__in=keys).values_list("key", flat=True))
    found.update(Rendition.objects.filter(key__in=keys).values_list("key", flat=True))
    pictures = {key: original(key) for key in keys if key.startswith("covers/")}
    if pictures:
        shown = set(Track.objects.filter(cover__in=pictures.values()).values_list("cover", flat=True))
        shown.update(Album.objects.filter(cover__in=pictures.values()).values_list("cover", flat=True))
        shown.update(_referenced_by_history(set(pictures.values()) - shown))
        found.update(key for key, named in pictures.items() if named in shown)
    return found


def _referenced_by_history(covers: set[str]) -> set[str]:
    """Return those that an undo may need: the history of a song or an album that still exists names them."""
    found: dict[UUID, set[str]] = {}
    if covers:
        changes = Change.objects.filter(before__cover__in=covers)
        for cover, row in changes.values_list("before__cover", "target_id"):
            found.setdefault(row, set()).add(cover)
    here = set(Track.objects.filter(pk__in=found).values_list("pk", flat=True))
    here.update(Album.objects.filter(pk__in=found).values_list("pk", flat=True))
    return {cover for row in here for cover in found[row]}


def _is_old(key: str, grace: timedelta) -> bool:
    """Look again just before a file goes: storing the same bytes anew renews its time."""
    if not backend.is_local():
        return True
    return _modified_at(backend.local_path(key)) <= time.time() - grace.total_seconds()


def _collect_temporary(folder: Path, grace: timedelta) -> int:
    removed = 0
    moment = time.time() - grace.total_seconds()
    for path in _files(folder):
        if _modified_at(path) <= moment:
            path.unlink(missing_ok=True)
            removed += 1
    for inner, _folders, _names in os.walk(folder, topdown=False):
        path = Path(inner)
        if path != folder and _modified_at(path) <= moment:
            try:
                path.rmdir()
            except OSError:
                continue  # not empty, or gone
    return removed


def _files(folder: Path) -> Iterator[Path]:
    for inner, _folders, names in os.walk(folder):
        for name in names:
            yield Path(inner, name)


def _modified_at(path: Path) -> float:
    """Return when a file was last written, in seconds; infinity for a missing one."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for key in keys:
        batch.append(key)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
