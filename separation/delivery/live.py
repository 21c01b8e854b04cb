"""Stems of a running separation, for players that do not wait until it is finished.

It has no Stem rows yet, but its stems have the ids they will keep, and every complete segment can be fetched. With
local storage a segment is read from the file that the separator is writing; with other storage the worker copies it
there under a temporary key, and deletes it in the end. The row counts the complete segments; each segment's bytes
carry its gain, which may change during the work.
"""

import logging
import queue
import threading
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID, uuid5

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from audio.errors import AudioError
from audio.flac import HEAD_BYTES, SEGMENT_SAMPLES, Layout, read_segment
from catalog.errors import CatalogError
from catalog.models import file_storage
from catalog.storage import backend
from separation.delivery.segments import Segment, no_segment, segment_count
from separation.display_names import in_order
from separation.engines.modelspec import SPECS
from separation.models import Separation, SeparationQuerySet, Status

log = logging.getLogger(__name__)


def stem_id(separation: UUID, name: str) -> UUID:
    """Derive the id of the stem called ``name``: the same while it is made and when it is stored."""
    return uuid5(separation, name)


def place(separation: UUID, attempt: int, owner: str) -> str:
    """Return the name of the folder in which one attempt works."""
    return f"{separation}-{attempt}-{owner.rpartition('/')[2]}"


@dataclass(frozen=True)
class LiveStem:
    """A stem that is being made."""

    separation: Separation
    name: str

    @cached_property
    def pk(self) -> UUID:
        return stem_id(self.separation.pk, self.name)

    @property
    def frames(self) -> int:
        """Samples of the finished stem."""
        return self.separation.mixture.frames

    @property
    def segments(self) -> int:
        """Number of segments that can be fetched already."""
        return min(self.separation.segments, segment_count(self.frames))

    @property
    def place(self) -> str:
        return place(self.separation.pk, self.separation.attempts, self.separation.owner)


def live_stems(separation: Separation) -> list[LiveStem]:
    """List the stems that a running separation is making; none in any other state."""
    spec = SPECS.get(separation.model)
    if separation.status != Status.RUNNING or spec is None:
        return []
    return [LiveStem(separation, name) for name in in_order(spec.stems)]


def find(pk: str, separations: SeparationQuerySet) -> LiveStem | None:
    """Find the stem with this id among the running ones of ``separations``."""
    with suppress(ValueError):
        stem_pk = UUID(pk)
        # There are no more running separations than workers.
        for separation in separations.filter(status=Status.RUNNING).select_related("mixture"):
            for stem in live_stems(separation):
                if stem.pk == stem_pk:
                    return stem
    return None


def segment(stem: LiveStem, n: int) -> Segment:
    """Read segment ``n`` of a stem that is being made.

    Raises ``CatalogError``: ``no_segment`` (404) beyond the end, ``not_ready`` (409) before it is complete,
    ``try_again`` (503) while the file is being moved into storage.
    """
    if not 0 <= n < segment_count(stem.frames):
        raise no_segment()
    try:
        if backend.is_local():
            data, gain = read_segment(settings.WORK_DIR / stem.place / f"{stem.name}.flac", n)
            # A file that is about to be encoded again ends in the middle of a segment.
            if Layout.of(data[:HEAD_BYTES]).samples >= min(
                SEGMENT_SAMPLES, stem.frames - n * SEGMENT_SAMPLES
            ):
                return Segment(data, gain)
        elif n < stem.segments:
            data = _read(_key(stem.place, stem.name, f"{n}.flac"))
            return Segment(data, Layout.of(data[:HEAD_BYTES]).gain)
    except IndexError:
        pass
    except (FileNotFoundError, AudioError) as error:
        raise (_moving() if n < stem.segments else _not_ready()) from error
    raise _not_ready()


def peaks(stem: LiveStem) -> tuple[bytes, float]:
    """Read the peaks of the complete part, one byte for each 4096 samples, and the gain that they include.

    Raises ``CatalogError``: ``not_ready`` (409) before there is a file, ``try_again`` (503) while it is being moved
    into storage.
    """
    try:
        if backend.is_local():
            path = settings.WORK_DIR / stem.place / f"{stem.name}.flac"
            drawn = path.with_suffix(".peaks").read_bytes()
            with path.open("rb") as file:
                return drawn, Layout.of(file.read(HEAD_BYTES)).gain
        if not stem.segments:
            raise _not_ready()
        gain, drawn = _read(_key(stem.place, stem.name, "peaks")).split(b"\n", 1)
        return drawn, float(gain)
    except (FileNotFoundError, AudioError) as error:
        raise (_moving() if stem.segments else _not_ready()) from error


def _not_ready() -> CatalogError:
    return CatalogError("not_ready", _("This part is not ready yet."), status=409)


def _moving() -> CatalogError:
    return CatalogError("try_again", _("Please try again in a moment."), status=503)


def _key(where: str, name: str, what: str) -> str:
    return f"live/{where}/{name}/{what}"


def _read(key: str) -> bytes:
    with file_storage().open(key) as file:
        return bytes(file.read())


class Feed:
    """Makes the complete segments of one attempt available; ``segments`` counts them.

    Local files are available at once. To other storage a thread copies them, so that neither the work nor the lease
    waits for the network; a segment that cannot be copied is heard only when the separation is finished.
    """

    def __init__(self, folder: Path, stems: tuple[str, ...]) -> None:
        self.segments = 0
        self._folder = folder
        self._stems = stems
        self._complete: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._copied: list[str] = []
        self._thread = None
        if not backend.is_local():
            self._thread = threading.Thread(
                target=copy_context().run, args=[self._copy], daemon=True, name="feed"
            )

    def __enter__(self) -> Self:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and delete the copies: the stems are stored by now, or never will be."""
        if self._thread:
            self._complete.put(None)
            self._thread.join()
            for key in self._copied:
                try:
                    backend.delete(key)
                except Exception as problem:  # noqa: BLE001  # garbage collection finds it
                    log.warning("live segment %s could not be deleted: %s", key, problem)
                    break

    def complete(self, segments: int) -> None:
        """Note that the first ``segments`` segments of every stem are complete."""
        if self._thread:
            self._complete.put(segments)
        else:
            self.segments = segments

    def _copy(self) -> None:
        while (complete := self._complete.get()) is not None:
            try:
                for n in range(self.segments, complete):
                    for name in self._stems:
                        self._copy_segment(name, n)
                    self.segments = n + 1
            except Exception as problem:  # noqa: BLE001  # no failure here may end the work
                log.warning("%s: copying live segments failed: %s", self._folder.name, problem)

    def _copy_segment(self, name: str, n: int) -> None:
        path = self._folder / f"{name}.flac"
        data, gain = read_segment(path, n)
        self._put(_key(self._folder.name, name, f"{n}.flac"), data)
        drawn = path.with_suffix(".peaks").read_bytes()
        self._put(_key(self._folder.name, name, "peaks"), f"{gain!r}\n".encode() + drawn)

    def _put(self, key: str, data: bytes) -> None:
        if key not in self._copied:
            self._copied.append(key)
        file_storage().save(key, ContentFile(data, name=key))
