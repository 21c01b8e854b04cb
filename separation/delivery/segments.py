"""The pieces that players fetch: slices of the stored stems, which tell themselves where to cut."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from audio.decoding.decode import decode, read_stored
from audio.encoding.encode import to_int16
from audio.errors import AudioError
from audio.flac import HEAD_BYTES, SEGMENT_SAMPLES, Layout
from audio.formats import STEREO_RATE
from audio.types import Limits
from catalog.errors import CatalogError
from catalog.models import AudioFile
from catalog.storage import backend
from separation.models import Stem


@dataclass(frozen=True, slots=True)
class Segment:
    """A FLAC of its own. Divided by ``gain`` its samples are as loud as the song's."""

    data: bytes
    gain: float


def no_segment() -> CatalogError:
    """The refusal for a number beyond the end."""
    return CatalogError("no_segment", _("The stem ends before this segment."), status=404)


def segment_count(samples: int) -> int:
    """How many segments a stem of ``samples`` has; the last one is shorter."""
    return -(-samples // SEGMENT_SAMPLES)


def segment(stem: Stem, n: int) -> Segment:
    """Samples ``[n * 524288, (n + 1) * 524288)`` of ``stem`` as a FLAC of its own, bit for bit.

    Raises ``CatalogError``: ``no_segment`` (404) beyond the end, ``file_missing``.
    """
    audio = stem.audio
    if not 0 <= n < segment_count(audio.frames):
        raise no_segment()
    try:
        layout = None if _is_brought(audio) else _layout(audio.key, audio.size)
        if layout is None:
            data = _encoded(audio, n)
        else:
            start, stop = layout.span(n, audio.size)
            data = layout.segment(n, backend.read(audio.key, start, stop, size=audio.size))
    except AudioError as error:
        raise backend.file_missing(audio.key) from error
    return Segment(data, stem.separation.gain)


@lru_cache(maxsize=256)
def _layout(key: str, size: int) -> Layout | None:
    """How the stored file is laid out; it never changes. None when it does not say."""
    layout = Layout.of(backend.read(key, 0, HEAD_BYTES, size=size))
    return layout if layout.is_indexed else None


def _is_brought(audio: AudioFile) -> bool:
    """Whether somebody has brought this very file. Once in a blue moon (ten seconds of silence) that has the
    same audio as a stem; what it consists of is then not of our making."""
    return audio.uploads.filter(checksum=audio.checksum).exists()


def _encoded(audio: AudioFile, n: int) -> bytes:
    """A segment of a file that does not say where its segments are."""
    start = n * SEGMENT_SAMPLES
    with backend.whole_copy(audio.key, audio.size) as path:
        blocks = list(_samples(audio, path, start, start + SEGMENT_SAMPLES))
    file = io.BytesIO()
    samples = to_int16(np.concatenate(blocks, axis=1))
    soundfile.write(file, samples, STEREO_RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _samples(audio: AudioFile, path: Path, start: int, stop: int) -> Iterator[NDArray[np.float32]]:
    """Samples ``[start, stop)``; those of a file that somebody brought are decoded in the sandbox."""
    if not _is_brought(audio):
        yield from read_stored(path, start, stop)
        return
    position = 0
    for block in decode(path, Limits(max_seconds=audio.duration + 60, max_bytes=audio.size)):
        first, last = max(start - position, 0), stop - position
        if first < block.shape[1]:
            yield block[:, first:last]
        position += block.shape[1]
        if position >= stop:
            return
