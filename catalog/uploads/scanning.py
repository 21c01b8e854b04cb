"""Scan folder trees for music: which files are candidates, and why others are skipped."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from audio.formats import EXTENSIONS
from catalog.models import Track

SUFFIXES = frozenset(f".{extension}" for extension in EXTENSIONS)
# Sound that is not accepted, and reported as such.
OTHER_SOUND = frozenset(
    f".{extension}"
    for extension in (  # noqa: SIM905  # a list takes one line for each
        "3g2 3gp aa aax amr avi awb dff dts flv gsm it kar m2ts m4p mid midi mlp mod mpeg mpg mts ofr ra ram rm s3m "
        "shn sid spx tak thd ts tta vob voc vqf xm"
    ).split()
)
# Why something was skipped.
SKIPPED: dict[str, Promise] = {
    "outside": _("A link that leads out of the folder."),
    "own_folder": _("Stemoteca keeps its own files there."),
    "other_sound": _("Files of this kind are not taken."),
}


@dataclass(frozen=True)
class Outcome:
    """The outcome of a file: ``new``, ``known``, ``unchanged``, one of ``SKIPPED``, or the code of an error."""

    path: Path
    code: str
    detail: str = ""
    track: Track | None = None

    @property
    def is_refused(self) -> bool:
        return self.code not in {"new", "known", "unchanged"} and not self.is_skipped

    @property
    def is_skipped(self) -> bool:
        return self.code in SKIPPED


class Skipped:
    """Count skipped files by reason, and describe them."""

    def __init__(self) -> None:
        self.count = 0
        self._reasons: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count ``outcome``, if it is one."""
        if outcome.is_skipped:
            self.count += 1
            self._reasons[outcome.code] += 1
            if outcome.code == "other_sound":
                self._kinds[outcome.path.suffix.lower()] += 1

    def __str__(self) -> str:
        """``"Skipped: 2 links that lead out of the folder; 3 files of other kinds (.mid, .avi)."``, or nothing."""
        parts = []
        if links := self._reasons["outside"]:
            sentence = ngettext(
                "%(n)d link that leads out of the folder", "%(n)d links that lead out of the folder", links
            )
            parts.append(sentence % {"n": links})
        if self._reasons["own_folder"]:
            parts.append(gettext("the folder in which Stemoteca keeps its own files"))
        if files := self._reasons["other_sound"]:
            sentence = ngettext(
                "%(n)d file of a kind that is not taken (%(kinds)s)",
                "%(n)d files of kinds that are not taken (%(kinds)s)",
                files,
            )
            parts.append(
                sentence % {"n": files, "kinds": ", ".join(kind for kind, _n in self._kinds.most_common(12))}
            )
        return gettext("Skipped: %(what)s.") % {"what": "; ".join(parts)} if parts else ""


def songs_in(folder: Path) -> Iterator[Path | Outcome]:
    """Yield possible music files, folder by folder in the order of names, and the outcomes of skipped ones.

    Links are followed within ``folder``, and never to where Stemoteca keeps its own files. Hidden files are passed
    over; a folder that links lead to twice is looked into once.
    """
    bounds = _Bounds(folder.resolve(), Path(settings.DATA_DIR).resolve())
    seen: set[tuple[int, int]] = set()
    folders = [folder]
    while folders:
        inner = folders.pop()
        try:
            about = inner.stat()
            if (about.st_dev, about.st_ino) in seen:
                continue
            seen.add((about.st_dev, about.st_ino))
            with os.scandir(inner) as entries:
                named = sorted((entry.name, entry) for entry in entries if not entry.name.startswith("."))
        except OSError as error:
            yield Outcome(inner, "unreadable", error.strerror or str(error))
            continue
        below = []
        for name, entry in named:
            path = inner / name
            try:
                found = _classify(path, entry, bounds)
            except OSError as error:  # such as a link to itself
                found = Outcome(path, "unreadable", error.strerror or str(error))
            if isinstance(found, Outcome):
                yield found
            elif found == "folder":
                below.append(path)
            elif found == "file":
                yield path
        folders += reversed(below)


@dataclass(frozen=True)
class _Bounds:
    """The folders that links may lead to: within ``folder``, and never into ``data``."""

    folder: Path
    data: Path

    def broken_by(self, target: Path) -> str:
        """Return why ``target``, without links, is skipped; nothing if it is not."""
        if target.is_relative_to(self.data):
            return "own_folder"
        return "" if target.is_relative_to(self.folder) else "outside"


def _classify(path: Path, entry: "os.DirEntry[str]", bounds: _Bounds) -> Outcome | str:
    """Return ``"folder"``, ``"file"``, nothing, or why it is skipped. Raises ``OSError``."""
    suffix = path.suffix.lower()
    is_folder = entry.is_dir()
    if not is_folder and suffix not in SUFFIXES | OTHER_SOUND:
        return ""
    if entry.is_symlink() or is_folder:
        reason = bounds.broken_by(path.resolve(strict=True))
        if reason:
            return Outcome(path, reason, str(SKIPPED[reason]))
    if is_folder:
        return "folder"
    if not entry.is_file():
        return ""
    return "file" if suffix in SUFFIXES else Outcome(path, "other_sound", str(SKIPPED["other_sound"]))
