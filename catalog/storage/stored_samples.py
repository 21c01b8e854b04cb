"""Samples of stored audio in our own format: 16-bit stereo at 44,100 Hz, as stems are."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.decoding.decode import decode, read_stored
from audio.types import Limits
from catalog.models import AudioFile


def is_uploaded(audio: AudioFile) -> bool:
    """Tell whether somebody uploaded this very file: it may have the same audio as a stem (ten seconds of silence).

    Its bytes are then untrusted.
    """
    return audio.uploads.filter(checksum=audio.checksum).exists()


def read_samples(
    audio: AudioFile, path: Path, start: int = 0, stop: int | None = None
) -> Generator[NDArray[np.float32], None, None]:
    """Yield samples ``[start, stop)`` of ``audio``, whose file is at ``path``.

    An uploaded file is decoded in the sandbox. Raises ``AudioError``.
    """
    if not is_uploaded(audio):
        yield from read_stored(path, start, stop)
        return
    position = 0
    for block in decode(path, Limits(max_seconds=audio.duration + 60, max_bytes=audio.size)):
        first = max(start - position, 0)
        if first < block.shape[1]:
            yield block[:, first : None if stop is None else stop - position]
        position += block.shape[1]
        if stop is not None and position >= stop:
            return
