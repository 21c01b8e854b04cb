"""Listening to a separation before it is finished.

A running separation has no Stem rows yet, but its stems have the ids they will keep, and every complete
segment can be had. Where stored files are ordinary files, it is read from the file that the separator is
writing; elsewhere the worker puts it into storage under a passing name, and takes it away in the end. The row
tells how many there are; the bytes tell their gain, which may change while the work goes on.
"""

import logging
import queue
import threading
from contextlib import suppress
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
from separation.engines.modelspec import SPECS
from separation.models import Separation, SeparationQuerySet, Status

log = logging.getLogger(__name__)


def stem_id(separation: UUID, name: str) -> UUID:
    """The id of the stem called ``name``, from the beginning and for ever."""
    return uuid5(separation, name)


def place(separation: UUID, attempt: int, owner: str) -> str:
    """The name of the folder in which one attempt does its work."""
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
        """Samples that it will have in the end."""
        return self.separation.mixture.frames

    @property
    def segments(self) -> int:
        """How many segments can be had by now."""
        return min(self.separation.segments, segment_count(self.frames))

    @property
    def place(self) -> str:
        return place(self.separation.pk, self.separation.attempts, self.separation.owner)


def live_stems(separation: Separation) -> list[LiveStem]:
    """The stems that a running separation is making."""
    spec = SPECS.get(separation.model)
    if separation.status != Status.RUNNING or spec is None:
        return []
    return [LiveStem(separation, name) for name in spec.stems]


def find(pk: str, separations: SeparationQuerySet) -> LiveStem | None:
    """The stem with this id among ``separations``, if it is being made now."""
    with suppress(ValueError):
        wanted = UUID(pk)
        # There are only as many as workers, and each knows the ids of its stems.
        for separation in separations.filter(status=Status.RUNNING).select_related("mixture"):
            for stem in live_stems(separation):
                if stem.pk == wanted:
                    return stem
    return None


def segment(stem: LiveStem, n: int) -> Segment:
    """Segment ``n`` of a stem that is being made.

    Raises ``CatalogError``: ``no_segment`` (404) beyond the end, ``not_ready`` (409) when it is not complete
    yet, ``try_again`` (503) while the file is on its way to its last place.
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
        raise _on_its_way() from error
    raise CatalogError("not_ready", _("This part is not ready yet."), status=409)


def peaks(stem: LiveStem) -> tuple[bytes, float]:
    """The outline of what is there so far, one byte for each 4096 samples, and what gain it was drawn with."""
    try:
        if backend.is_local():
            path = settings.WORK_DIR / stem.place / f"{stem.name}.flac"
            outline = path.with_suffix(".peaks").read_bytes()
            with path.open("rb") as file:
                return outline, Layout.of(file.read(HEAD_BYTES)).gain
        if not stem.segments:
            return b"", 1.0
        head, outline = _read(_key(stem.place, stem.name, "peaks")).split(b"\n", 1)
        return outline, float(head)
    except (FileNotFoundError, AudioError) as error:
        raise _on_its_way() from error


def _on_its_way() -> CatalogError:
    return CatalogError("try_again", _("Please try again in a moment."), status=503)


def _key(where: str, name: str, what: str) -> str:
    return f"live/{where}/{name}/{what}"


def _read(key: str) -> bytes:
    with file_storage().open(key) as file:
        return bytes(file.read())


class Feed:
    """Makes complete segments of one attempt available; ``segments`` tells how many are.

    Local files are so at once. To other storage a thread copies them, so that neither the work nor the lease
    waits for the network; what cannot be copied is only heard later.
    """

    def __init__(self, folder: Path, stems: tuple[str, ...]) -> None:
        self.segments = 0
        self._folder = folder
        self._stems = stems
        self._complete: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._kept: list[str] = []
        self._thread = None
        if not backend.is_local():
            self._thread = threading.Thread(target=self._copy, daemon=True, name="feed")

    def __enter__(self) -> Self:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and take away what was copied: by now there are stems, or there will be none."""
        if self._thread:
            self._complete.put(None)
            self._thread.join()
            for key in self._kept:
                try:
                    backend.delete(key)
                except Exception as problem:  # noqa: BLE001  # the collector finds it
                    log.warning("%s was not removed: %s", key, problem)
                    break

    def complete(self, segments: int) -> None:
        """So many segments of every stem are complete now."""
        if self._thread:
            self._complete.put(segments)
        else:
            self.segments = segments

    def _copy(self) -> None:
        while (complete := self._complete.get()) is not None:
            try:
                for n in range(self.segments, complete):
                    for name in self._stems:
                        self._keep_segment(name, n)
                    self.segments = n + 1
            except Exception as problem:  # noqa: BLE001  # whatever it was, the work goes on
                log.warning("%s: segments cannot be heard yet: %s", self._folder.name, problem)

    def _keep_segment(self, name: str, n: int) -> None:
        path = self._folder / f"{name}.flac"
        data, gain = read_segment(path, n)
        self._put(_key(self._folder.name, name, f"{n}.flac"), data)
        outline = path.with_suffix(".peaks").read_bytes()
        self._put(_key(self._folder.name, name, "peaks"), f"{gain!r}\n".encode() + outline)

    def _put(self, key: str, data: bytes) -> None:
        if key not in self._kept:
            self._kept.append(key)
        file_storage().save(key, ContentFile(data, name=key))
