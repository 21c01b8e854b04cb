"""Where the files of a model come from: their official addresses, a mirror, this machine, or an upload."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from separation.engines.descriptors import ModelSpec
from separation.engines.download import http
from separation.engines.download.errors import FetchError, no_space
from separation.engines.download.progress import Meter, read_blocks
from separation.engines.download.wanted import Wanted

_MOST_CHECKSUMS = 1 << 20


@dataclass(frozen=True, slots=True)
class Remote:
    """The official addresses, or a mirror: a folder on a server with the files under their names.

    A mirror may have weights of its own and then states their SHA-256 in ``checksum.json``, by file name (an archive
    also without ``.tar.gz``, as in Spleeter's release); without it, it is held to the official digests.
    """

    mirror: str = ""

    def collect(self, files: tuple[Wanted, ...], parts: Path, meter: Meter, reserve: int) -> bool:
        """Download what is missing into `parts`, verified; return whether all are the official files."""
        stated = self._checksums() if self.mirror else {}
        found = [self._fetch(file, parts, meter, stated, reserve) for file in files]
        return all(found)

    def _fetch(self, file: Wanted, parts: Path, meter: Meter, stated: dict[str, str], reserve: int) -> bool:
        url = f"{self.mirror.rstrip('/')}/{file.name}" if self.mirror else file.url
        if not url:
            raise FetchError("no_address", f"no address is known for {file.name}")
        own = stated.get(file.name) or stated.get(file.name.removesuffix(".tar.gz"), "")
        expected = file.sha256 if url == file.url or not own else own.lower()
        if not expected and self.mirror:
            raise FetchError("bad_checksums", f"{self.mirror} does not state a checksum for {file.name}")
        whole, partial = parts / file.name, parts / f"{file.name}.part"
        if not whole.exists():

            def on_start(size: int | None) -> None:
                meter.size(file.name, size)
                if size is not None:
                    # Of all files, as far as that is known: what arrives, the model itself, and what is made of it.
                    there = sum(path.stat().st_size for path in parts.iterdir())
                    check_space(parts, 3 * (meter.total or size) - there, reserve)

            def at(arrived: int) -> None:
                if meter.total is None:  # and so there was nothing to check at the start
                    check_space(parts, 0, reserve)
                meter.at(file.name, arrived)

            size = file.size if expected == file.sha256 else None
            http.download(url, partial, size, on_start, at)
            partial.replace(whole)
        digest = checksum(whole, meter)
        if not digest.startswith(expected):
            whole.unlink()
            raise FetchError(
                "damaged", f"the downloaded {file.name} is damaged (its checksum differs); please try again"
            )
        meter.size(file.name, whole.stat().st_size)
        meter.at(file.name, whole.stat().st_size)
        return url == file.url or bool(file.is_official(digest))

    def _checksums(self) -> dict[str, str]:
        """Return what the mirror states; nothing where it states nothing."""
        text = http.read_text(f"{self.mirror.rstrip('/')}/checksum.json", _MOST_CHECKSUMS)
        if text is None:
            return {}
        try:
            stated = json.loads(text)
            return {str(name): str(digest) for name, digest in stated.items()}
        except (ValueError, AttributeError) as error:
            raise FetchError(
                "bad_checksums", f"{self.mirror} does not state its checksums in a form that can be read"
            ) from error


def is_remote(source: str) -> bool:
    """Return whether `source` is the official addresses ("") or a mirror."""
    return not source or source.startswith(("http://", "https://"))


def find_local(source: str, spec: ModelSpec, files: tuple[Wanted, ...]) -> tuple[Path, bool]:
    """Return where the model is on this machine, and whether that is what is released or the unpacked folder.

    `source` is an archive, a folder with what is released, or one with the model's own files, or the folder
    around that. Raises `FetchError`.
    """
    local = Path(source).expanduser()
    if local.is_file() and len(files) == 1:
        return local, True
    if not local.is_dir():
        raise FetchError("no_source", f"{source} is neither an address nor a file or folder on this machine")
    for folder in (local / spec.folder, local):
        if all((folder / file.name).is_file() for file in files):
            return folder, True
    unpacked = local / spec.folder if (local / spec.folder).is_dir() else local
    for file in spec.files:
        if not (unpacked / file.name).is_file():
            raise FetchError("missing_file", f"{source} holds no {file.name}")
    return unpacked, False


def check_complete(files: tuple[Wanted, ...], folder: Path) -> None:
    """Raise `FetchError` unless all files are in `folder`."""
    for file in files:
        if not (folder / file.name).is_file():
            raise FetchError("missing_file", f"{file.name} has not been uploaded")


def copy(source: Path, target: Path, meter: Meter) -> None:
    """Copy a file, reporting that work goes on. Raises OSError."""
    with target.open("wb") as file:
        for block in read_blocks(source, meter.tick):
            file.write(block)


def checksum(path: Path, meter: Meter) -> str:
    """Return the SHA-256 of a file in hex, reporting that work goes on. Raises OSError."""
    digest = hashlib.sha256()
    for block in read_blocks(path, meter.tick):
        digest.update(block)
    return digest.hexdigest()


def check_space(folder: Path, needed: int, reserve: int) -> None:
    """Raise `FetchError` unless the disk has room for `needed` bytes, and `reserve` bytes more for others."""
    missing = needed + reserve - shutil.disk_usage(folder).free
    if missing > 0:
        raise no_space(missing)
