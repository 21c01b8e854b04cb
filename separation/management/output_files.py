"""Write stems into a folder that is not ours, over nothing but what was made of the same stem before."""

import itertools
import os
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from audio import identity
from catalog.models import Rendition
from catalog.storage import backend
from separation.models import Stem

Files = Sequence[tuple[Stem, Rendition]]


@dataclass(frozen=True)
class _Place:
    """Where a file goes; ``free`` when there was none."""

    path: Path
    free: bool


def write(files: Files, named: Callable[[Stem], Path], *, ignore_case: bool) -> list[Path]:
    """Copy the renditions of a song's stems to the paths that ``named`` gives; returns where they are.

    Where another file has one of these names all of them get the same number: ``... (2).flac``. A file may be
    replaced when its bytes are a rendition of this very stem, so the same song again goes to the same place, also
    in another bitrate. With ``ignore_case`` names that differ in case only count as the same, as they are on some
    systems. Raises ``OSError`` and ``CatalogError("file_missing")``.
    """
    for folder in {named(stem).parent for stem, _rendition in files}:
        folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        copies = [_copied(rendition, named(stem).parent, stack) for stem, rendition in files]
        for number in itertools.count(1):
            places = [
                _place(_numbered(named(stem), number), stem, ignore_case=ignore_case)
                for stem, _rendition in files
            ]
            found = [place for place in places if place is not None]
            if len(found) == len(files) and _put(copies, found):
                return [place.path for place in found]
    raise AssertionError("numbers never end")


def _copied(rendition: Rendition, folder: Path, stack: ExitStack) -> Path:
    """The bytes of ``rendition`` under a temporary name in ``folder``."""
    copy = stack.enter_context(backend.beside(folder / "stem"))
    with backend.whole_copy(rendition.key, rendition.size) as source:
        shutil.copyfile(source, copy)
    return copy


def _numbered(path: Path, number: int) -> Path:
    return path if number == 1 else path.with_stem(f"{path.stem} ({number})")


def _place(path: Path, stem: Stem, *, ignore_case: bool) -> _Place | None:
    """``path`` if it is free, or the file in its place if that may be replaced; None where it may not."""
    there = _existing(path, ignore_case=ignore_case)
    if there is None:
        return _Place(path, free=True)
    return _Place(there, free=False) if _is_rendition(there, stem) else None


def _existing(path: Path, *, ignore_case: bool) -> Path | None:
    if os.path.lexists(path):
        return path
    if ignore_case:
        name = _folded(path.name)
        return next((other for other in path.parent.iterdir() if _folded(other.name) == name), None)
    return None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _is_rendition(path: Path, stem: Stem) -> bool:
    """Whether this ordinary file holds exactly what was once made of ``stem``, so that nothing is lost with it."""
    if path.is_symlink() or not path.is_file():
        return False
    made = Rendition.objects.filter(audio=stem.audio_id, size=path.stat().st_size)
    return made.exists() and made.filter(checksum=identity.checksum(path)).exists()


def _put(copies: Sequence[Path], places: Sequence[_Place]) -> bool:
    """Give ``copies`` their names; False when another process has taken one of these in the meantime."""
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
