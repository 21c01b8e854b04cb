"""Import a folder tree of music: in parallel, and from where an earlier run stopped.

The outcome of each file is stored (``ImportedFile``) for its owner, with size and time: their next run skips it.
Outcomes that may change (a full disk, a full quota) are not stored.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, get_ident

from django.db import connections

from accounts.models import User
from audio.errors import AudioError
from audio.probe import picture
from audio.tags import text_encodings
from catalog.errors import CatalogError
from catalog.models import Album, ImportedFile, Track, Visibility
from catalog.storage.covers import store_cover
from catalog.uploads.ingest import ingest
from catalog.uploads.scanning import Outcome

COVERS = ("cover", "folder", "front", "albumart")
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
MOST_COVER_BYTES = 32 << 20
# Refusals that say something about this moment, not about the file.
TRANSIENT = frozenset({"no_space", "quota_exceeded", "probe_failed", "unreadable", "failed"})
JOB_BYTES = 700_000_000  # a decoder at most, and what comes with it


@dataclass
class Import:
    """One run over a folder. ``on_song`` is called with every song that is in the catalogue afterwards."""

    owner: User
    visibility: Visibility = Visibility.SHARED
    again: bool = False
    on_song: Callable[[Track, User], None] | None = None
    stopped: bool = False
    _covers: dict[Path, str] = field(default_factory=dict)
    _covers_lock: Lock = field(default_factory=Lock)

    def run(self, paths: Iterator[Path | Outcome], jobs: int) -> Iterator[Outcome]:
        """Yield the outcomes as they come. Ends early where ``stopped`` is set, or the generator is closed."""
        if jobs == 1:
            for path in paths:
                if self.stopped:
                    return
                yield path if isinstance(path, Outcome) else self.import_file(path)
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
            return self.import_file(path)
        finally:
            if get_ident() != starter:
                connections.close_all()

    def import_file(self, path: Path) -> Outcome:
        """Import one file; return its outcome, also for errors."""
        try:
            outcome = self._import_file(path)
        except CatalogError as error:
            outcome = Outcome(path, error.code, str(error.detail))
        except OSError as error:
            outcome = Outcome(path, "unreadable", error.strerror or str(error))
        except Exception as error:  # noqa: BLE001  # one file never ends the run
            outcome = Outcome(path, "failed", f"{type(error).__name__}: {error}"[:500])
        # After Ctrl-C decoders die with us; that says nothing about the file.
        if outcome.is_refused and not self.stopped and outcome.code not in TRANSIENT:
            with suppress(OSError):
                self._store_outcome(path, path.stat(), outcome)
        return outcome

    def _import_file(self, path: Path) -> Outcome:
        status = path.stat()
        known = None if self.again else self._find(path)
        if known and (known.size, known.modified) == (status.st_size, status.st_mtime):
            track = known.track if known.track_id else None
            if track is not None and self.on_song is not None:
                self.on_song(track, self.owner)
            return Outcome(path, "unchanged", known.outcome, track)
        result = ingest(path, filename=decode_name(path.name), user=self.owner, visibility=self.visibility)
        if result.created and not result.track.cover:
            self._add_cover(result.track, path.parent)
        outcome = Outcome(path, "new" if result.created else "known", track=result.track)
        self._store_outcome(path, status, outcome)
        if self.on_song is not None:
            self.on_song(result.track, self.owner)
        return outcome

    def _find(self, path: Path) -> ImportedFile | None:
        return ImportedFile.objects.filter(owner=self.owner, path=key_of(path)).first()

    def _store_outcome(self, path: Path, status: os.stat_result, outcome: Outcome) -> None:
        ImportedFile.objects.update_or_create(
            owner=self.owner,
            path=key_of(path),
            defaults={
                "size": status.st_size,
                "modified": status.st_mtime,
                "outcome": outcome.code[:40],
                "track": outcome.track,
            },
        )

    def _add_cover(self, track: Track, folder: Path) -> None:
        """Give a song without a cover the picture in its folder."""
        with self._covers_lock:
            if folder not in self._covers:
                self._covers[folder] = _cover_in(folder)
        if not (cover := self._covers[folder]):
            return
        Track.objects.filter(pk=track.pk, cover="").update(cover=cover)
        if track.album_id and track.visibility == Visibility.SHARED:
            Album.objects.filter(pk=track.album_id, cover="").update(cover=cover)


def decode_name(name: str) -> str:
    """Return a file's name as text; one that is not UTF-8 is most likely in an old Windows encoding."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return text_encodings.decode(raw := os.fsencode(name), text_encodings.detect([raw]))
    return name


def key_of(path: Path) -> str:
    """Return the key of a file: its path as text that fits the database column."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    if len(text) > 1_000:
        return f"{text[:900]} {hashlib.sha256(text.encode()).hexdigest()}"
    return text


def jobs_for_this_machine() -> int:
    """Return how many files are probed at once: one for each processor, as far as memory allows."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    return max(1, min(len(os.sched_getaffinity(0)), memory // JOB_BYTES))


def _cover_in(folder: Path) -> str:
    """Store the picture in a folder, converted in the sandbox; return its key, empty without one."""
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
