"""Stored files, local or on S3. Every key is made from a digest, never from a file name that somebody sent.

A key is written once and never changed, so a crash leaves at worst a file that no row references; garbage
collection removes those. Local files are fsynced and renamed into place; on S3-compatible storage the size is checked
after the upload.
"""

import errno
import logging
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from django.utils.translation import gettext_lazy as _

from catalog.errors import CatalogError
from catalog.models import file_storage

logger = logging.getLogger(__name__)

Kind = Literal["audio", "renditions", "covers"]
_KEY = re.compile(
    r"(audio|renditions|covers)/([0-9a-f]{2})/([0-9a-f]{2})/\2\3[0-9a-f]{4,}(-[0-9]+)?\.[A-Za-z0-9]+"
)


def no_space() -> CatalogError:
    """Return the error for a full disk: 507, trying again later can help."""
    return CatalogError(
        "no_space", _("The server has run out of storage. Please try again later."), status=507
    )


def file_missing(name: str) -> CatalogError:
    """Return the error for a stored file that is missing or damaged; its name is in the log."""
    logger.error("stored file %s is missing or damaged", name)
    return CatalogError("file_missing", _("This file cannot be read just now."), status=503)


@contextmanager
def room() -> Iterator[None]:
    """Turn the OSError of a full disk in the block into ``CatalogError("no_space")``."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise no_space() from error
        raise


def check_space(size: int) -> None:
    """Raise ``CatalogError("no_space")`` unless ``size`` bytes fit and ``DISK_FLOOR_BYTES`` stay free."""
    folders = [settings.WORK_DIR]
    if is_local():
        folders.append(local_path(""))
    for folder in folders:
        there = next(level for level in (folder, *folder.parents) if level.is_dir())
        if shutil.disk_usage(there).free - size < settings.DISK_FLOOR_BYTES:
            raise no_space()


def key_for(kind: Kind, digest: str, extension: str) -> str:
    """Return ``audio/ab/cd/<digest>.flac``; ``digest`` is hexadecimal, ``extension`` letters and digits."""
    if len(digest) < 8 or not set(digest) <= set("0123456789abcdef") or not extension.isalnum():
        raise ValueError(f"not a digest and an extension: {digest!r}, {extension!r}")
    return f"{kind}/{digest[:2]}/{digest[2:4]}/{digest}.{extension}"


def is_key(key: str) -> bool:
    """Whether ``key`` is one that ``key_for`` makes, or that of a smaller cover."""
    return _KEY.fullmatch(key) is not None


def is_local() -> bool:
    """Whether stored files are ordinary files of this machine."""
    return isinstance(file_storage(), FileSystemStorage)


def local_path(key: str) -> Path:
    """Return the path of a stored file, where ``is_local()``. Raises ``SuspiciousFileOperation`` outside of it."""
    return Path(file_storage().path(key))


def size(key: str) -> int | None:
    """Return the size of a stored file in bytes, ``None`` if it is missing."""
    try:
        return local_path(key).stat().st_size if is_local() else file_storage().size(key)
    except FileNotFoundError:
        return None


def exists(key: str) -> bool:
    """Whether a file is stored under ``key``."""
    return bool(key) and size(key) is not None


def delete(key: str) -> None:
    """Remove a stored file; one that is not there is fine."""
    if is_local():
        local_path(key).unlink(missing_ok=True)
    else:
        file_storage().delete(key)


def store(path: Path, key: str) -> None:
    """Move the file at ``path`` into storage under ``key``; when it returns, the bytes survive a power cut.

    A complete file that is already there is left alone (only its time is renewed, which keeps the collector
    away until the caller's transaction names it); a truncated one is replaced. Raises
    ``CatalogError("no_space")``.
    """
    with room():
        if is_local():
            _store_locally(path, local_path(key))
        else:
            _upload(path, key)
    path.unlink(missing_ok=True)


def replace(path: Path, key: str) -> None:
    """Like ``store``, for a file that is there but damaged."""
    delete(key)
    store(path, key)


@contextmanager
def local_copy(key: str) -> Iterator[Path]:
    """Return a readable local file with the bytes of ``key``: the stored file itself, or a copy of the S3 object.

    Copies are kept in ``WORK_DIR/copies`` for those who ask again soon; the collector removes the ones not
    used for an hour. Raises ``FileNotFoundError``.
    """
    if is_local():
        path = local_path(key)
        if not path.is_file():
            raise FileNotFoundError(errno.ENOENT, "not in storage", key)
        yield path
        return
    copy = settings.WORK_DIR / "copies" / Path(key).name
    try:
        os.utime(copy)
    except FileNotFoundError:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with beside(copy) as temporary:
            with file_storage().open(key) as source, temporary.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            temporary.replace(copy)
    yield copy


@contextmanager
def whole_copy(key: str, size: int) -> Iterator[Path]:
    """Like ``local_copy``, for a row that says ``size`` bytes; raises ``CatalogError("file_missing")``."""
    with ExitStack() as stack:
        try:
            path = stack.enter_context(local_copy(key))
            whole = path.stat().st_size == size
        except FileNotFoundError:
            whole = False
        if not whole:
            raise file_missing(key)
        yield path


def read(key: str, start: int, stop: int, *, size: int) -> bytes:
    """Read bytes ``start`` to ``stop`` (or to the end) of a stored file, which has ``size`` bytes by its row.

    Raises ``CatalogError("file_missing")`` when it is not there, or has another size.
    """
    if not is_local():
        return _read_remotely(key, start, min(stop, size), size)
    try:
        descriptor = os.open(local_path(key), os.O_RDONLY)
    except FileNotFoundError:
        raise file_missing(key) from None
    try:
        if os.fstat(descriptor).st_size != size:
            raise file_missing(key)
        return os.pread(descriptor, stop - start, start)
    finally:
        os.close(descriptor)


def _read_remotely(key: str, start: int, stop: int, size: int) -> bytes:
    from botocore.exceptions import ClientError  # noqa: PLC0415  # heavy, and not for local files

    storage: Any = file_storage()
    try:
        answer = storage.bucket.Object(key).get(Range=f"bytes={start}-{stop - 1}")
        if answer["ContentRange"].rpartition("/")[2] != str(size):
            raise file_missing(key)
        data: bytes = answer["Body"].read()
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in {404, 416}:
            raise file_missing(key) from None
        raise
    return data


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Yield a temporary name in the folder of ``path``; a file left there is removed afterwards."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _store_locally(path: Path, target: Path) -> None:
    sync(path)
    try:
        if target.stat().st_size == path.stat().st_size:
            os.utime(target)
            return
    except FileNotFoundError:
        pass
    make_folder(target.parent)
    with beside(target) as temporary:
        try:
            path.rename(temporary)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.copyfile(path, temporary)
            sync(temporary)
        temporary.chmod(0o644)  # a web server in front may be another system user
        os.utime(temporary)
        temporary.replace(target)
    sync(target.parent)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and wait for each new level to be on the disk."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for level in reversed(missing):
        level.mkdir(exist_ok=True)
        sync(level.parent)


def _upload(path: Path, key: str) -> None:
    storage = file_storage()
    expected = path.stat().st_size
    with path.open("rb") as file:
        storage.save(key, File(file, name=key))
    if storage.size(key) != expected:
        raise OSError(errno.EIO, "the stored object has another size", key)
