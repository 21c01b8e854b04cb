"""Put a model in its place: unpacked, sealed, read as a whole, renamed; and remove it again."""

import contextlib
import fcntl
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from separation.engines import model_files
from separation.engines.descriptors import ModelSpec, ModelUnavailable
from separation.engines.download.errors import FULL, FetchError, no_space, storage_error
from separation.engines.download.progress import Meter

_BLOCK = 1 << 18
_MAX_UNPACKED = 4 << 30
_STAGED = "~"
"""After the name of a folder, in those of its temporary ones; no folder of a model has it in its name."""

Prepare = Callable[[ModelSpec, Path], None]
"""Reads the model in a folder for models as a whole, and converts it, see `registry.prepare`."""


def parts_of(spec: ModelSpec, models_dir: Path) -> Path:
    """Return the folder with what has arrived of `spec`."""
    return models_dir / ".incoming" / f"{spec.folder}.parts"


@contextlib.contextmanager
def lock(spec: ModelSpec, models_dir: Path) -> Iterator[None]:
    """Keep other processes from installing the same model, and remove what a killed one has left."""
    incoming = models_dir / ".incoming"
    try:
        incoming.mkdir(parents=True, exist_ok=True)
        file = (incoming / f"{spec.folder}.lock").open("w")
    except OSError as error:
        raise storage_error(error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FetchError("busy", f"{spec.folder} is being fetched already") from error
        for left in incoming.glob(f"{spec.folder}{_STAGED}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


@contextlib.contextmanager
def staging(spec: ModelSpec, models_dir: Path) -> Iterator[Path]:
    """Give a folder with the model's own name, which lies in one that is removed at the end."""
    incoming = models_dir / ".incoming"
    with tempfile.TemporaryDirectory(dir=incoming, prefix=spec.folder + _STAGED) as temporary:
        folder = Path(temporary) / spec.folder
        folder.mkdir()
        yield folder


def install(spec: ModelSpec, folder: Path, models_dir: Path, prepare: Prepare) -> None:
    """Seal and read the whole model in `folder`, convert it for the engine, then rename it to its final place."""
    try:
        model_files.seal(spec, folder)
        prepare(spec, folder.parent)
    except (ModelUnavailable, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise no_space() from error
        raise FetchError("not_model", f"what arrived is not the model {spec.folder}: {error}") from error
    except ImportError as error:
        raise FetchError("engine", f"no engine for {spec.slug} is installed: {error}") from error
    target = models_dir / spec.folder
    if target.exists():
        target.rename(folder.parent / "replaced")
    folder.rename(target)


def remove(spec: ModelSpec, models_dir: Path) -> None:
    """Remove an installed model, and what has arrived of another one. Raises `FetchError`."""
    if spec.bundled:
        raise FetchError("unknown_model", f"{spec.slug} comes with Stemoteca and cannot be removed")
    with lock(spec, models_dir):
        shutil.rmtree(parts_of(spec, models_dir), ignore_errors=True)
        try:
            with staging(spec, models_dir) as folder, contextlib.suppress(FileNotFoundError):
                (models_dir / spec.folder).rename(folder.parent / "removed")
        except OSError as error:
            raise storage_error(error) from error


def discard(spec: ModelSpec, models_dir: Path) -> bool:
    """Remove what has arrived; False where a process is still at it, which does so itself when it is told to stop."""
    try:
        with lock(spec, models_dir):
            shutil.rmtree(parts_of(spec, models_dir), ignore_errors=True)
    except FetchError:
        return False
    return True


def unpack(archive: Path, folder: Path, spec: ModelSpec, meter: Meter) -> None:
    """Extract the files of `spec`, and no others, from anywhere in `archive`."""
    names = {file.name for file in spec.files}
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                name = Path(member.name).name
                if not member.isfile() or name not in names:
                    continue
                if member.size > _MAX_UNPACKED:
                    raise FetchError("bad_archive", f"{archive.name} holds more than a model")
                _extract(tar, member, folder / name, meter)
    except (tarfile.TarError, EOFError) as error:
        raise FetchError("bad_archive", f"{archive.name} is not a whole archive: {error}") from error
    except OSError as error:
        if error.errno is not None:
            raise storage_error(error) from error
        raise FetchError("bad_archive", f"{archive.name} is not a whole archive: {error}") from error


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path, meter: Meter) -> None:
    content = tar.extractfile(member)
    assert content is not None  # noqa: S101 (a regular file always has content)
    with content, path.open("wb") as file:
        while block := content.read(_BLOCK):
            file.write(block)
            meter.tick()
