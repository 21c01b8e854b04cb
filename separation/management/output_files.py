"""Write stems into a folder of the user's; only files that were made of the same stem are overwritten."""

import itertools
import os
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from audio.checksum import checksum
from audio.errors import AudioError
from audio.probe import probe
from catalog.models import Rendition
from catalog.storage import backend
from separation.models import Stem

Files = Sequence[tuple[Stem, Rendition]]


@dataclass(frozen=True)
class _Place:
    """Where a file goes; ``free`` if there is no file yet."""

    path: Path
    free: bool


def write(files: Files, named: Callable[[Stem], Path], *, ignore_case: bool) -> list[Path]:
    """Copy the renditions of a song's stems to the paths that ``named`` gives; return the paths written.

    If another file has one of these names, all of them get the same number: ``... (2).flac``. A file is replaced only
    if it is a rendition of the same stem, so the same song overwrites its own files, also in another bitrate or with
    other tags.
    With ``ignore_case`` names that differ in case only count as equal, as some systems treat them.

    Raises ``OSError`` and ``CatalogError("file_missing")``.
    """
    for folder in {named(stem).parent for stem, _rendition in files}:
        folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        copies = [_copy(rendition, named(stem).parent, stack) for stem, rendition in files]
        for number in itertools.count(1):
            places = [
                _place(_numbered(named(stem), number), stem, copy, ignore_case=ignore_case)
                for (stem, _rendition), copy in zip(files, copies, strict=True)
            ]
            found = [place for place in places if place is not None]
            if len(found) == len(files) and _put(copies, found):
                return [place.path for place in found]
    raise AssertionError("numbers never end")


def _copy(rendition: Rendition, folder: Path, stack: ExitStack) -> Path:
    """Copy ``rendition`` under a temporary name into ``folder``."""
    copy = stack.enter_context(backend.beside(folder / "stem"))
    with backend.whole_copy(rendition.key, rendition.size) as source:
        shutil.copyfile(source, copy)
    return copy


def _numbered(path: Path, number: int) -> Path:
    return path if number == 1 else path.with_stem(f"{path.stem} ({number})")


def _place(path: Path, stem: Stem, copy: Path, *, ignore_case: bool) -> _Place | None:
    """Return ``path`` if it is free, or the file in its place if ``copy`` may replace that, else None."""
    existing = _existing(path, ignore_case=ignore_case)
    if existing is None:
        return _Place(path, free=True)
    return _Place(existing, free=False) if _is_rendition(existing, stem, copy) else None


def _existing(path: Path, *, ignore_case: bool) -> Path | None:
    if os.path.lexists(path):
        return path
    if ignore_case:
        name = _folded(path.name)
        return next((other for other in path.parent.iterdir() if _folded(other.name) == name), None)
    return None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _is_rendition(path: Path, stem: Stem, copy: Path) -> bool:
    """Whether ``path`` is an ordinary file with the bytes of a rendition of ``stem``, or with the audio of ``copy``.

    Rows of renditions are deleted after a while, and other tags make other bytes.
    """
    if path.is_symlink() or not path.is_file():
        return False
    renditions = Rendition.objects.filter(audio=stem.audio_id, size=path.stat().st_size)
    if renditions.exists() and renditions.filter(checksum=checksum(path)).exists():
        return True
    try:
        return probe(path).audio_digest == probe(copy).audio_digest
    except AudioError:
        return False


def _put(copies: Sequence[Path], places: Sequence[_Place]) -> bool:
    """Rename ``copies`` to their places; False if another process has taken one of the names meanwhile."""
    reserved: list[Path] = []
    try:
        for place in places:
            if place.free:
                place.path.touch(exist_ok=False)
                reserved.append(place.path)
        for copy, place in zip(copies, places, strict=True):
            copy.replace(place.path)
    except FileExistsError:
        return False
    else:
        reserved.clear()
        return True
    finally:
        for path in reserved:
            path.unlink(missing_ok=True)
