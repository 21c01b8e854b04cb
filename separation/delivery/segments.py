"""Segments of stored stems for players, cut from the FLAC files without decoding by the index in their headers."""

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import soundfile
from django.utils.translation import gettext as _

from audio.encoding.encode import to_int16
from audio.errors import AudioError
from audio.flac import HEAD_BYTES, SEGMENT_SAMPLES, Layout
from audio.formats import STEREO_RATE
from catalog.errors import CatalogError
from catalog.models import AudioFile
from catalog.storage import backend
from catalog.storage.stored_samples import is_uploaded, read_samples
from separation.models import Stem


@dataclass(frozen=True, slots=True)
class Segment:
    """A FLAC of its own. Divided by ``gain`` its samples are as loud as the song's."""

    data: bytes
    gain: float


def no_segment() -> CatalogError:
    """Return the error for a number beyond the end."""
    return CatalogError("no_segment", _("The stem ends before this segment."), status=404)


def segment_count(samples: int) -> int:
    """Count the segments of a stem of ``samples``; the last one is shorter."""
    return -(-samples // SEGMENT_SAMPLES)


def segment(stem: Stem, n: int) -> Segment:
    """Cut samples ``[n * 524288, (n + 1) * 524288)`` of ``stem``, bit for bit, as a FLAC of its own.

    Raises ``CatalogError``: ``no_segment`` (404) beyond the end, ``file_missing``.
    """
    audio = stem.audio
    if not 0 <= n < segment_count(audio.frames):
        raise no_segment()
    try:
        layout = None if is_uploaded(audio) else _layout(audio.key, audio.size)
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
    """Read where the segments of a stored file are, which never changes; None for a file without an index."""
    layout = Layout.of(backend.read(key, 0, HEAD_BYTES, size=size))
    return layout if layout.is_indexed else None


def _encoded(audio: AudioFile, n: int) -> bytes:
    """Decode a segment of a file without an index, and encode it again."""
    start = n * SEGMENT_SAMPLES
    with backend.whole_copy(audio.key, audio.size) as path:
        blocks = list(read_samples(audio, path, start, start + SEGMENT_SAMPLES))
    file = io.BytesIO()
    samples = to_int16(np.concatenate(blocks, axis=1))
    soundfile.write(file, samples, STEREO_RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()
