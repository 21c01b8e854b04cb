"""Opus segments of stored stems, for players on slow lines: a rendition of all stems of a separation.

The first request for one of them has it made. Segments are delivered as soon as they exist, so that a song which nobody
has played like this is heard at once.
"""

import time
from array import array
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import lru_cache

from audio.encoding.opus_segments import parse_table, read_growing, segment_count, table_size
from audio.errors import AudioError
from catalog.errors import CatalogError
from catalog.models import Rendition
from catalog.storage import backend, encoding_pool
from catalog.storage.encoding_pool import Batch, EncodingPendingError
from catalog.storage.recipes import Recipe
from catalog.storage.renditions import touch
from catalog.storage.segment_pool import segment_pool
from catalog.storage.waiting_requests import waiting
from separation.delivery.segments import Segment, no_segment
from separation.models import Separation, Stem

SHARED_BITRATE, MOST_BITRATE = 320, 128  # kbit/s of all stems together, and of one
WAIT_SECONDS, LOOK_SECONDS = 2.0, 0.05
RETRY_SECONDS = 1


def bitrate(stems: int) -> int:
    """Return the kbit/s of each of so many stems."""
    return min(MOST_BITRATE, SHARED_BITRATE // stems)


def recipe(separation: Separation, stems: Sequence[Stem]) -> Recipe:
    """Return the recipe of the segments of ``stems``, which are all of ``separation``."""
    parts = tuple(stem.audio for stem in stems)
    return Recipe(separation.mixture, "opus", bitrate(len(parts)), segmented_files=parts)


def segment(stem: Stem, n: int, person: str) -> Segment:
    """Read samples ``[n * 131072, (n + 1) * 131072)`` of ``stem`` as an Ogg Opus file.

    ``person`` as ``waiting_requests.requester`` names them. Raises ``CatalogError``: ``no_segment`` (404) beyond the
    end, ``encoding_in_progress`` (503) where it does not exist yet after two seconds, ``busy`` (503), ``file_missing``.
    """
    if not 0 <= n < segment_count(stem.audio.frames):
        raise no_segment()
    stems = list(stem.separation.stems.select_related("audio").defer("peaks").order_by("position"))
    wanted = recipe(stem.separation, stems)
    number = n * len(stems) + stems.index(stem)
    row = Rendition.objects.filter(audio=wanted.audio, recipe=wanted.name).first()
    if row is not None:
        touch(row)
        try:
            return Segment(_read(row, wanted, number), stem.separation.gain)
        except CatalogError:  # its file is lost or damaged: make it again, under the same key
            row.delete()
            backend.delete(row.key)
    return Segment(_obtain(wanted, number, person), stem.separation.gain)


def _obtain(wanted: Recipe, number: int, person: str) -> bytes:
    """Have the rendition made, and return segment ``number`` when it is there."""
    batch = encoding_pool.start([wanted], person, by=segment_pool)
    with ExitStack() as places:
        deadline = time.monotonic() + (WAIT_SECONDS if _may_wait(places, person) else 0)
        while True:
            try:
                return _find(batch, wanted, number)
            except EncodingPendingError as pending:
                if time.monotonic() >= deadline:
                    pending.retry_after = RETRY_SECONDS
                    raise
            time.sleep(LOOK_SECONDS)


def _may_wait(places: ExitStack, person: str) -> bool:
    """Take one of the places of requests that wait, if there is one."""
    try:
        places.enter_context(waiting(person))
    except CatalogError:
        return False
    return True


def _find(batch: Batch, wanted: Recipe, number: int) -> bytes:
    """Read segment ``number`` from the growing file or from the rendition. Raises ``EncodingPendingError``."""
    with suppress(FileNotFoundError):
        data = read_growing(wanted.growing_path, number)
        if data is not None:
            return data
    (row,) = batch.result()
    return _read(row, wanted, number)


def _read(row: Rendition, wanted: Recipe, number: int) -> bytes:
    try:
        offsets = _table(
            row.key, row.size, table_size(len(wanted.segmented_files), wanted.segmented_files[0].frames)
        )
    except AudioError as error:
        raise backend.file_missing(row.key) from error
    return backend.read(row.key, offsets[number], offsets[number + 1], size=row.size)


@lru_cache(maxsize=64)
def _table(key: str, size: int, length: int) -> "array[int]":
    """Read where the segments of a rendition are, which never changes."""
    return parse_table(backend.read(key, 0, length, size=size))
