"""Download and install a model that is released as an archive: verified, resumable, atomic.

A model is named by its folder ("2stems"). A source offers ``2stems.tar.gz`` beside ``checksum.json``
(``{"2stems": "<SHA-256 of the archive>", ...}``), like Spleeter's own release. The archive is downloaded to
``models_dir/.incoming``, hashed, unpacked there, read once as a whole, sealed (see ``model_files.seal``) and only then
renamed to its final place.
"""

import contextlib
import fcntl
import http.client
import json
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from audio.identity import checksum
from separation.engines import model_files, registry
from separation.engines.descriptors import Archive, ModelSpec, ModelUnavailable
from separation.engines.modelspec import SPECS

NAMES = tuple(dict.fromkeys(spec.folder for spec in SPECS.values() if spec.archive))
TIMEOUT_SECONDS = 30
_BLOCK = 1 << 18
_MAX_UNPACKED = 1 << 30

Progress = Callable[[int, int | None], None]
"""Called with (bytes so far, total bytes or None)."""


class FetchError(Exception):
    """The model could not be installed; nothing has changed. The message says what to do next."""


def fetch(name: str, models_dir: Path, *, source: str, on_progress: Progress) -> bool:
    """Install the model `name` ("2stems") from `source`: a URL, a local archive, or an unpacked folder.

    Return whether it is the official one, byte for byte. Raises `FetchError`.
    """
    spec, release = _released(name)
    incoming = models_dir / ".incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    with _lock(incoming, name), tempfile.TemporaryDirectory(dir=incoming, prefix=f"{name}-") as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        official = True
        if source.startswith(("http://", "https://")):
            archive = incoming / f"{name}.tar.gz.part"
            expected = _expected_digest(name, source, release)
            _download(f"{source.rstrip('/')}/{name}.tar.gz", archive, on_progress)
            found = checksum(archive)
            if found != expected:
                archive.unlink()
                raise FetchError(f"the downloaded {name} is damaged (its checksum differs); please try again")
            official = found == release.sha256
            _unpack(archive, folder, spec)
            archive.unlink()
        elif (local := Path(source).expanduser()).is_dir():
            _copy(local / name if (local / name).is_dir() else local, folder, spec)
            official = model_files.is_official(spec, folder)
        elif local.is_file():
            official = checksum(local) == release.sha256
            _unpack(local, folder, spec)
        else:
            raise FetchError(f"{source} is neither an address nor a file or folder on this machine")
        _install(spec, folder, models_dir)
    return official


def _released(name: str) -> tuple[ModelSpec, Archive]:
    for spec in SPECS.values():
        if spec.folder == name and spec.archive:
            return spec, spec.archive
    raise FetchError(f"there is no official model {name!r}; the names are {', '.join(NAMES)}")


@contextlib.contextmanager
def _lock(incoming: Path, name: str) -> Iterator[None]:
    """Keep other processes from fetching the same model, and remove what a killed one has left."""
    with (incoming / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FetchError(f"{name} is being fetched already") from error
        for left in incoming.glob(f"{name}-*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _install(spec: ModelSpec, folder: Path, models_dir: Path) -> None:
    """Seal and read the whole model, convert it for the engine, then rename it to its final place."""
    try:
        model_files.seal(spec, folder)
        registry.prepare(spec, folder.parent)
    except (ModelUnavailable, OSError, ValueError) as error:
        raise FetchError(f"what arrived is not the model {spec.folder}: {error}") from error
    target = models_dir / spec.folder
    if target.exists():
        target.rename(folder.parent / "replaced")
    folder.rename(target)


def _expected_digest(name: str, source: str, release: Archive) -> str:
    """Return the archive's SHA-256: known for the official address, stated by a mirror for its own."""
    if f"{source.rstrip('/')}/{name}.tar.gz" == release.url:
        return release.sha256
    with _open(f"{source.rstrip('/')}/checksum.json") as answer:
        try:
            index = json.loads(answer.read(1 << 20))
            return str(index[name]).lower()
        except (OSError, http.client.HTTPException) as error:
            raise FetchError(f"{source} broke off while it stated its checksums; please try again") from error
        except (ValueError, KeyError, TypeError) as error:
            raise FetchError(f"{source} does not state a checksum for {name}") from error


def _open(url: str, start: int = 0) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})  # noqa: S310 (http and https only, see fetch)
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _open(url)
        raise FetchError(f"{url} answers {error.code} {error.reason}") from error
    except (urllib.error.URLError, OSError) as error:
        raise FetchError(f"cannot reach {url}: {getattr(error, 'reason', error)}") from error
    return answer


def _download(url: str, path: Path, on_progress: Progress) -> None:
    """Download `url` to `path`, resuming an earlier attempt; what has arrived is kept after an error."""
    start = path.stat().st_size if path.exists() else 0
    with _open(url, start) as answer:
        resumed = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        start = start if resumed else 0
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else None
        with path.open("ab" if resumed else "wb") as file:
            done = start
            on_progress(done, total)
            for block in _blocks(answer):
                file.write(block)
                done += len(block)
                on_progress(done, total)
    if total is not None and done < total:
        raise FetchError(f"the connection ended after {done} of {total} bytes; run it again to go on")


def _blocks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while block := answer.read1(_BLOCK):
            yield block
    except (OSError, http.client.HTTPException) as error:
        raise FetchError("the connection broke; run it again to go on where it stopped") from error


def _unpack(archive: Path, folder: Path, spec: ModelSpec) -> None:
    """Extract the files of `spec`, and no others, from anywhere in `archive`."""
    wanted = {file.name for file in spec.files}
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                name = Path(member.name).name
                if not member.isfile() or name not in wanted:
                    continue
                if member.size > _MAX_UNPACKED:
                    raise FetchError(f"{archive.name} holds more than a model")
                content = tar.extractfile(member)
                assert content is not None  # noqa: S101 (a regular file always has content)
                with content, (folder / name).open("wb") as file:
                    shutil.copyfileobj(content, file, _BLOCK)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise FetchError(f"{archive.name} is not a whole archive: {error}") from error


def _copy(source: Path, folder: Path, spec: ModelSpec) -> None:
    for file in spec.files:
        if not (source / file.name).is_file():
            raise FetchError(f"{source} holds no {file.name}")
        shutil.copyfile(source / file.name, folder / file.name)
