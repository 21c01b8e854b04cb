"""Download and install an official Spleeter model: verified, resumable, atomic.

A source offers ``2stems.tar.gz`` beside ``checksum.json`` (``{"2stems": "<SHA-256 of the archive>", ...}``), like
Spleeter's own release. The archive is downloaded to ``models_dir/.incoming``, hashed, unpacked there, read once as a
whole, sealed (see ``modelspec.seal``) and only then renamed to its final place.
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
from separation.engines import modelspec, registry
from separation.engines.modelspec import ModelUnavailable

OFFICIAL_URL = "https://github.com/deezer/spleeter/releases/download/v1.4.0"
# SHA-256 of the archives of Spleeter's release v1.4.0, as Spleeter's own tests state them.
OFFICIAL_ARCHIVES = {
    "2stems": "f3a90b39dd2874269e8b05a48a86745df897b848c61f3958efc80a39152bd692",
    "4stems": "3adb4a50ad4eb18c7c4d65fcf4cf2367a07d48408a5eb7d03cd20067429dfaa8",
    "5stems": "25a1e87eb5f75cc72a4d2d5467a0a50ac75f05611f877c278793742513cc7218",
}
NAMES = tuple(OFFICIAL_ARCHIVES)
TIMEOUT_SECONDS = 30
_BLOCK = 1 << 18
_MAX_UNPACKED = 1 << 30

Progress = Callable[[int, int | None], None]
"""Called with (bytes so far, total bytes or None)."""


class FetchError(Exception):
    """The model could not be installed; nothing has changed. The message says what to do next."""


def fetch(name: str, models_dir: Path, *, source: str = OFFICIAL_URL, on_progress: Progress) -> bool:
    """Install the model `name` ("2stems") from `source`: a URL, a local archive, or an unpacked folder.

    Return whether it is the official one, byte for byte. Raises `FetchError`.
    """
    if name not in OFFICIAL_ARCHIVES:
        raise FetchError(f"there is no official model {name!r}; the names are {', '.join(NAMES)}")
    incoming = models_dir / ".incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    with _lock(incoming, name), tempfile.TemporaryDirectory(dir=incoming, prefix=f"{name}-") as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        official = True
        if source.startswith(("http://", "https://")):
            archive = incoming / f"{name}.tar.gz.part"
            expected = _expected_digest(name, source)
            _download(f"{source.rstrip('/')}/{name}.tar.gz", archive, on_progress)
            found = checksum(archive)
            if found != expected:
                archive.unlink()
                raise FetchError(f"the downloaded {name} is damaged (its checksum differs); please try again")
            official = found == OFFICIAL_ARCHIVES[name]
            _unpack(archive, folder)
            archive.unlink()
        elif (local := Path(source).expanduser()).is_dir():
            _copy(local / name if (local / name).is_dir() else local, folder)
            official = modelspec.is_official(folder, name)
        elif local.is_file():
            official = checksum(local) == OFFICIAL_ARCHIVES[name]
            _unpack(local, folder)
        else:
            raise FetchError(f"{source} is neither an address nor a file or folder on this machine")
        _install(name, folder, models_dir)
    return official


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


def _install(name: str, folder: Path, models_dir: Path) -> None:
    """Seal and read the whole model, convert it for the engine, then rename it to its final place."""
    spec = modelspec.get(f"spleeter:{name}")
    try:
        modelspec.seal(folder, name)
        registry.prepare(spec, folder.parent)
    except (ModelUnavailable, OSError, ValueError) as error:
        raise FetchError(f"what arrived is not the model {name}: {error}") from error
    target = models_dir / name
    if target.exists():
        target.rename(folder.parent / "replaced")
    folder.rename(target)


def _expected_digest(name: str, source: str) -> str:
    """Return the archive's SHA-256: known for the official address, stated by a mirror for its own."""
    if source.rstrip("/") == OFFICIAL_URL:
        return OFFICIAL_ARCHIVES[name]
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


def _unpack(archive: Path, folder: Path) -> None:
    """Extract the files of the checkpoint, and no others, from anywhere in `archive`."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                name = Path(member.name).name
                if not member.isfile() or name not in modelspec.CHECKPOINT_FILES:
                    continue
                if member.size > _MAX_UNPACKED:
                    raise FetchError(f"{archive.name} holds more than a model")
                content = tar.extractfile(member)
                assert content is not None  # noqa: S101 (a regular file always has content)
                with content, (folder / name).open("wb") as file:
                    shutil.copyfileobj(content, file, _BLOCK)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise FetchError(f"{archive.name} is not a whole archive: {error}") from error


def _copy(source: Path, folder: Path) -> None:
    for name in modelspec.CHECKPOINT_FILES:
        if not (source / name).is_file():
            raise FetchError(f"{source} holds no {name}")
        shutil.copyfile(source / name, folder / name)
