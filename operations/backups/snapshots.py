"""The layout of a backup, and what is checked before anything of it is believed.

::

    files/ab/cd/<SHA-256>             every file once, for all snapshots
    snapshots/<time>/rows/<table>     rows of the database, see ``rows.py``
    snapshots/<time>/files            the files that these name: key, SHA-256 and size of each
    snapshots/<time>/manifest.json    written last: what the snapshot consists of

No name in a backup is ever used as a path before it has been checked.
"""

import gzip
import hashlib
import json
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.errors import CatalogError
from catalog.storage import backend
from operations.backups.places import Place

FORMAT = 1
FILES = "files/"
SNAPSHOTS = "snapshots/"
MANIFEST = "manifest.json"
FILE_LIST = "files"
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MODEL_PATH = re.compile(r"(?:[A-Za-z0-9_][\w.+-]*/)+[A-Za-z0-9_][\w.+-]*", re.ASCII)
_LABEL = re.compile(r"\w+\.\w+", re.ASCII)
_READ = 1 << 20


@dataclass(frozen=True)
class StoredFile:
    """A file that a snapshot names: a key of the storage, or the path of a ``model``'s file below its folder.

    One ``missing`` could not be read when the backup was made.
    """

    name: str
    sha256: str
    size: int
    model: bool = False
    missing: bool = False

    @property
    def place(self) -> str:
        """Return its name in the backup."""
        return f"{FILES}{self.sha256[:2]}/{self.sha256[2:4]}/{self.sha256}"

    @property
    def is_sound(self) -> bool:
        """Whether its names can do no harm."""
        named = _MODEL_PATH.fullmatch(self.name) if self.model else backend.is_key(self.name)
        return bool(named) and bool(_SHA256.fullmatch(self.sha256)) and isinstance(self.size, int)


@dataclass(frozen=True)
class FileTotals:
    """How many files a list has, the bytes of those that are there, and how many are missing."""

    count: int
    size: int
    missing: int


@dataclass(frozen=True)
class Part:
    """A file of a snapshot itself: bytes and SHA-256, and how many rows or files it lists."""

    size: int
    sha256: str
    count: int


@dataclass(frozen=True)
class Manifest:
    """What a snapshot consists of. ``migrations`` are those that the database had."""

    format: int
    program: str
    made_at: str
    database: str
    migrations: list[list[str]]
    tables: dict[str, Part]
    files: Part
    total_size: int
    missing: int
    sha256: str = field(default="")

    def sealed(self) -> bytes:
        """Return it as JSON, with the SHA-256 of all the rest."""
        body = asdict(self)
        return json.dumps(body | {"sha256": _digest_of(body)}, indent=1).encode()

    @classmethod
    def parse(cls, data: bytes) -> "Manifest":
        """Check and read a manifest. Raises ``CatalogError``: ``backup_damaged``, ``backup_too_new``."""
        try:
            body = json.loads(data)
            if not isinstance(body, dict) or body.get("sha256") != _digest_of(body):
                raise damaged(MANIFEST)
            if body["format"] > FORMAT:
                raise too_new(str(body["program"]))
            tables = {label: Part(**part) for label, part in body["tables"].items()}
            if not all(map(_LABEL.fullmatch, tables)) or not all(len(key) == 2 for key in body["migrations"]):
                raise damaged(MANIFEST)
            return cls(**{**body, "tables": tables, "files": Part(**body["files"])})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise damaged(MANIFEST) from error


def _digest_of(body: dict[str, Any]) -> str:
    rest = {name: value for name, value in body.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def damaged(name: str) -> CatalogError:
    """Return the error for a backup of which ``name`` is missing or not what it was."""
    sentence = _("The backup is damaged: %(name)s is missing or was changed.")
    return CatalogError("backup_damaged", sentence % {"name": name})


def too_new(program: str) -> CatalogError:
    """Return the error for what a later version made."""
    sentence = _("This was made by a newer version of Stemoteca (%(version)s). Update Stemoteca first.")
    return CatalogError("backup_too_new", sentence % {"version": program})


def new_name() -> str:
    """Name a snapshot of this moment."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")[:-3] + "Z"


def names(place: Place) -> tuple[list[str], list[str]]:
    """Return the names of all complete snapshots, the oldest first, and those of all others."""
    found: dict[str, bool] = {}
    for path in place.sizes(SNAPSHOTS):
        name, _slash, rest = path.removeprefix(SNAPSHOTS).partition("/")
        if _NAME.fullmatch(name):
            found[name] = found.get(name, False) or rest == MANIFEST
    complete = sorted(name for name, whole in found.items() if whole)
    return complete, sorted(set(found) - set(complete))


def choose(place: Place, wanted: str) -> str:
    """Return the snapshot called ``wanted``, or the newest. Raises ``CatalogError("no_backup")``."""
    complete, _others = names(place)
    if wanted and wanted not in complete:
        raise CatalogError("no_backup", _("There is no snapshot of this name."), status=404)
    if not complete:
        raise CatalogError("no_backup", _("There is no backup at this place."), status=404)
    return wanted or complete[-1]


def read_manifest(place: Place, snapshot: str) -> Manifest:
    """Read the manifest of a snapshot. Raises ``CatalogError`` like ``Manifest.parse``."""
    try:
        with place.reading(f"{SNAPSHOTS}{snapshot}/{MANIFEST}") as file:
            return Manifest.parse(file.read())
    except FileNotFoundError:
        raise damaged(MANIFEST) from None


@contextmanager
def part(place: Place, snapshot: str, name: str, expected: Part) -> Iterator[IO[bytes]]:
    """Yield the checked and decompressed content of a file of a snapshot. Raises ``CatalogError("backup_damaged")``."""
    with tempfile.TemporaryFile(dir=settings.WORK_DIR) as copy:
        try:
            with place.reading(f"{SNAPSHOTS}{snapshot}/{name}") as source:
                found = copy_hashed(source, copy)
        except FileNotFoundError:
            raise damaged(name) from None
        if found != (expected.sha256, expected.size):
            raise damaged(name)
        copy.seek(0)
        try:
            with gzip.GzipFile(fileobj=copy) as content:
                yield content  # type: ignore[misc]  # it is one, except for its name's type
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise damaged(name) from error


def read_files(place: Place, snapshot: str, manifest: Manifest) -> Iterator[StoredFile]:
    """Yield the files that a snapshot names. Raises ``CatalogError("backup_damaged")``, also for unsound names."""
    with part(place, snapshot, FILE_LIST, manifest.files) as lines:
        for line in lines:
            try:
                file = StoredFile(**json.loads(line))
            except (ValueError, TypeError) as error:
                raise damaged(FILE_LIST) from error
            if not file.is_sound:
                raise damaged(file.name)
            yield file


def write_files(files: Iterable[StoredFile], path: Path) -> FileTotals:
    """Write what ``read_files`` reads, one after the other; return the totals."""
    count = size = missing = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as compressed:
        for file in files:
            compressed.write(json.dumps(asdict(file), ensure_ascii=False).encode() + b"\n")
            count += 1
            size += 0 if file.missing else file.size
            missing += file.missing
    return FileTotals(count, size, missing)


def copy_hashed(source: "BinaryIO | IO[bytes]", target: "IO[bytes] | None") -> tuple[str, int]:
    """Copy ``source`` to ``target``, or only read it; return SHA-256 and size of what was read."""
    digest, size = hashlib.sha256(), 0
    while block := source.read(_READ):
        digest.update(block)
        size += len(block)
        if target is not None:
            target.write(block)
    return digest.hexdigest(), size
