"""Taking in a whole folder tree of music: in parallel, and where an earlier run stopped.

What became of each file is remembered (``ImportedFile``) under its path, size and time, so that the next run passes
over it. What may go better another time (a full disk, a full quota) is not remembered.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, get_ident

from django.conf import settings
from django.db import connections
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.audio import encodings
from catalog.audio.codecs import EXTENSIONS
from catalog.audio.errors import AudioError
from catalog.audio.probe import picture
from catalog.covers import store_cover
from catalog.errors import CatalogError
from catalog.ingest import ingest
from catalog.models import Album, ImportedFile, Track, Visibility

SUFFIXES = frozenset(f".{extension}" for extension in EXTENSIONS)
# Sound that is not taken, so that it is told rather than passed over in silence.
OTHER_SOUND = frozenset(
    f".{extension}"
    for extension in (
        *(
            "aa",
            "aax",
            "amr",
            "avi",
            "awb",
            "dff",
            "dts",
            "flv",
            "gsm",
            "it",
            "kar",
            "m4p",
            "mid",
            "midi",
            "mlp",
            "mod",
        ),
        *(
            "mpeg",
            "mpg",
            "mts",
            "m2ts",
            "ofr",
            "ra",
            "ram",
            "rm",
            "s3m",
            "shn",
            "sid",
            "spx",
            "tak",
            "thd",
            "ts",
            "tta",
        ),
        *("3gp", "3g2", "vob", "voc", "vqf", "xm"),
    )
)
COVERS = ("cover", "folder", "front", "albumart")
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
MOST_COVER_BYTES = 32 << 20
# Refusals that say something about this moment, not about the file.
PASSING = frozenset({"no_space", "quota_exceeded", "probe_failed", "unreadable", "failed"})
JOB_BYTES = 700_000_000  # a decoder at most, and what comes with it


# Why something was passed over: a link that leads out of the folder, our own files, sound that is not taken.
SKIPPED: dict[str, Promise] = {
    "outside": _("A link that leads out of the folder."),
    "own_folder": _("Stemoteca keeps its own files there."),
    "other_sound": _("Files of this kind are not taken."),
}


@dataclass(frozen=True)
class Outcome:
    """What became of a file: ``new``, ``known``, ``unchanged``, one of ``SKIPPED``, or the code of a refusal."""

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
    """Counts what was passed over, by reason, and says it."""

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


@dataclass
class Import:
    """One run over a folder. ``taken`` is called with every song that the catalogue has afterwards."""

    owner: User
    visibility: Visibility = Visibility.SHARED
    again: bool = False
    taken: Callable[[Track, User], None] | None = None
    stopped: bool = False
    _covers: dict[Path, str] = field(default_factory=dict)
    _covering: Lock = field(default_factory=Lock)

    def run(self, paths: Iterator[Path | Outcome], jobs: int) -> Iterator[Outcome]:
        """The outcomes, as they come. Ends early where ``stopped`` is set, or the generator is closed."""
        if jobs == 1:
            for path in paths:
                if self.stopped:
                    return
                yield path if isinstance(path, Outcome) else self.take(path)
            return
        with ThreadPoolExecutor(jobs) as pool:
            running: set[Future[Outcome]] = set()
            try:
                for path in paths:
                    if self.stopped:
                        break
                    if isinstance(path, Outcome):
                        yield path
                        continue
                    running.add(pool.submit(self._in_thread, path, get_ident()))
                    if len(running) >= 2 * jobs:
                        done, running = wait(running, return_when=FIRST_COMPLETED)
                        yield from (one.result() for one in done)
                while running and not self.stopped:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (one.result() for one in done)
            finally:
                self.stopped = True
                for one in running:
                    one.cancel()

    def _in_thread(self, path: Path, starter: int) -> Outcome:
        try:
            return self.take(path)
        finally:
            if get_ident() != starter:
                connections.close_all()

    def take(self, path: Path) -> Outcome:
        """Take in one file; whatever goes wrong with it is an outcome, too."""
        try:
            outcome = self._take(path)
        except CatalogError as error:
            outcome = Outcome(path, error.code, str(error.detail))
        except OSError as error:
            outcome = Outcome(path, "unreadable", error.strerror or str(error))
        except Exception as error:  # noqa: BLE001  # one file never ends the run
            outcome = Outcome(path, "failed", f"{type(error).__name__}: {error}"[:500])
        # After Ctrl-C decoders die with us; that says nothing about the file.
        if outcome.is_refused and not self.stopped and outcome.code not in PASSING:
            with suppress(OSError):
                self._remember(path, path.stat(), outcome)
        return outcome

    def _take(self, path: Path) -> Outcome:
        about = path.stat()
        known = None if self.again else ImportedFile.objects.filter(path=key_of(path)).first()
        if known and (known.size, known.modified) == (about.st_size, about.st_mtime):
            track = known.track if known.track_id else None
            if track is not None and self.taken is not None:
                self.taken(track, self.owner)
            return Outcome(path, "unchanged", known.outcome, track)
        result = ingest(path, filename=readable(path.name), user=self.owner, visibility=self.visibility)
        if result.created and not result.track.cover:
            self._dress(result.track, path.parent)
        outcome = Outcome(path, "new" if result.created else "known", track=result.track)
        self._remember(path, about, outcome)
        if self.taken is not None:
            self.taken(result.track, self.owner)
        return outcome

    def _remember(self, path: Path, about: os.stat_result, outcome: Outcome) -> None:
        ImportedFile.objects.update_or_create(
            path=key_of(path),
            defaults={
                "size": about.st_size,
                "modified": about.st_mtime,
                "outcome": outcome.code[:40],
                "track": outcome.track,
            },
        )

    def _dress(self, track: Track, folder: Path) -> None:
        """Give a song without a picture the one that lies beside it."""
        with self._covering:
            if folder not in self._covers:
                self._covers[folder] = _cover_in(folder)
        if not (cover := self._covers[folder]):
            return
        Track.objects.filter(pk=track.pk, cover="").update(cover=cover)
        if track.album_id and track.visibility == Visibility.SHARED:
            Album.objects.filter(pk=track.album_id, cover="").update(cover=cover)


def songs_in(folder: Path) -> Iterator[Path | Outcome]:
    """Files that may be music, folder by folder in the order of their names; what cannot be read, or is skipped.

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
                found = _looked_at(path, entry, bounds)
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
    """Where links may lead: within ``folder``, and never into ``data``."""

    folder: Path
    data: Path

    def broken_by(self, target: Path) -> str:
        """Why ``target``, without links, is not looked at; nothing if it may be."""
        if target.is_relative_to(self.data):
            return "own_folder"
        return "" if target.is_relative_to(self.folder) else "outside"


def _looked_at(path: Path, entry: "os.DirEntry[str]", bounds: _Bounds) -> Outcome | str:
    """``"folder"``, ``"file"``, nothing, or why it is passed over. Raises ``OSError``."""
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


def readable(name: str) -> str:
    """A file's name as text; one that is not UTF-8 is mostly from an older Windows."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return encodings.decoded(raw := os.fsencode(name), encodings.detect([raw]))
    return name


def key_of(path: Path) -> str:
    """What a file is remembered by: its path, as text that a database takes, and not too long."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    if len(text) > 1_000:
        return f"{text[:900]} {hashlib.sha256(text.encode()).hexdigest()}"
    return text


def jobs_for_this_machine() -> int:
    """As many files at once as there are processors, and as fit the memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    return max(1, min(len(os.sched_getaffinity(0)), memory // JOB_BYTES))


def _cover_in(folder: Path) -> str:
    """The stored picture of a folder, made in the sandbox; empty when there is none."""
    with suppress(OSError, AudioError, CatalogError):
        files = {
            file.stem.lower(): file
            for file in folder.iterdir()
            if file.suffix.lower() in PICTURES and file.resolve().is_relative_to(folder.resolve())
        }
        for name in COVERS:
            file = files.get(name)
            if file and file.is_file() and file.stat().st_size <= MOST_COVER_BYTES:
                made = picture(file)
                return store_cover(made) if made else ""
    return ""
