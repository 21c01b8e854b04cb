"""Where backups are: a folder, or a bucket of an S3-compatible server. Names are relative, with slashes.

A file under its name is complete; one that is being written has another name.
"""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.errors import CatalogError
from catalog.storage import backend

S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,62})(?:/(?P<prefix>[^\s]*))?")


class Place(Protocol):
    """What a backup needs of the place where it is kept."""

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return the bytes of all files whose names begin with ``prefix``, by name."""

    def writing(self, name: str) -> Any:
        """Yield a path to write to; what was written becomes ``name`` at the end of a block that raised nothing."""

    def reading(self, name: str) -> Any:
        """Yield the file ``name``, opened to be read. Raises ``FileNotFoundError``."""

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is fine."""

    def flush(self) -> None:
        """Wait until everything written so far survives a power cut."""


def open_place(address: str) -> Place:
    """Return the place at ``address``: a path, or ``s3://bucket/prefix``.

    Raises ``CatalogError``: ``bad_target``, ``no_s3`` where the packages for it are not installed, and ``own_folder``
    for one that the garbage collector would empty.
    """
    if "://" not in address:
        folder = Path(address).expanduser().absolute()
        inside = folder.resolve()
        own = [settings.WORK_DIR, settings.FILE_UPLOAD_TEMP_DIR]
        own += [backend.local_path("")] if backend.is_local() else []
        if any(inside.is_relative_to(path.resolve()) for path in own):
            raise CatalogError("own_folder", _("Stemoteca keeps its own files there."))
        return Folder(folder)
    found = S3.fullmatch(address)
    if found is None:
        sentence = _("A backup goes to a folder or to s3://bucket/prefix, not to %(address)s.")
        raise CatalogError("bad_target", sentence % {"address": address})
    if find_spec("boto3") is None:
        raise CatalogError("no_s3", _("S3 needs packages that are not installed: those of stemoteca[s3]."))
    return Bucket(found["bucket"], (found["prefix"] or "").strip("/"))


class Folder:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sizes(self, prefix: str) -> dict[str, int]:
        found = {}
        for inner, _folders, names in os.walk(self._folder / prefix):
            for name in names:
                path = Path(inner, name)
                found[path.relative_to(self._folder).as_posix()] = path.lstat().st_size
        return found

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with backend.beside(path) as temporary:
            yield temporary
            backend.sync(temporary)
            temporary.replace(path)

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        with (self._folder / name).open("rb") as file:
            yield file

    def delete(self, name: str) -> None:
        path = self._folder / name
        path.unlink(missing_ok=True)
        for folder in path.relative_to(self._folder).parents:
            try:
                (self._folder / folder).rmdir()
            except OSError:
                return  # not empty

    def flush(self) -> None:
        os.sync()


class Bucket:
    """A bucket of an S3-compatible server; all names begin with ``prefix``."""

    def __init__(self, bucket: str, prefix: str) -> None:
        import boto3  # noqa: PLC0415  # heavy, and not for folders

        options = settings.BACKUP_S3
        resource: Any = boto3.resource(
            "s3",
            endpoint_url=options["endpoint_url"],
            region_name=options["region_name"],
            aws_access_key_id=options["access_key"],
            aws_secret_access_key=options["secret_key"],
        )
        self._bucket = resource.Bucket(bucket)
        self._prefix = f"{prefix}/" if prefix else ""

    def sizes(self, prefix: str) -> dict[str, int]:
        found = self._bucket.objects.filter(Prefix=self._prefix + prefix)
        return {item.key.removeprefix(self._prefix): item.size for item in found}

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        path = settings.WORK_DIR / f"backup-{uuid.uuid4().hex}"
        try:
            yield path
            self._bucket.upload_file(str(path), self._prefix + name)
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        from botocore.exceptions import ClientError  # noqa: PLC0415  # as above

        try:
            body = self._bucket.Object(self._prefix + name).get()["Body"]
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                raise FileNotFoundError(name) from None
            raise
        try:
            yield body
        finally:
            body.close()

    def delete(self, name: str) -> None:
        self._bucket.Object(self._prefix + name).delete()

    def flush(self) -> None:
        """Do nothing: what was uploaded is stored."""
