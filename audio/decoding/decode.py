"""Decode audio to float32 ``[2, n]`` at 44,100 Hz, the input of every model."""

import time
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.errors import AudioError, Damaged, ProbeFailed
from audio.formats import STEREO_RATE
from audio.sandbox.process import Child, parse_answer
from audio.types import Limits

Samples = NDArray[np.float32]

_LARGEST_BLOCK = 1 << 23
_SCALE = np.float32(1 / 32768)


def decode(path: Path, limits: Limits | None = None) -> Generator[Samples, None, None]:
    """Decode untrusted audio in a sandboxed child; yields ``[2, n]`` blocks of any n > 0.

    Mono is doubled, more than two channels are mixed down, NaN and infinities become silence. Closing the
    generator kills the child. Raises ``AudioError`` (also after blocks have been yielded) and ``OSError``.
    """
    limits = limits or Limits()
    with path.open("rb") as source, Child("decode", source, limits) as child:
        child.wait_until_ready(time.monotonic() + limits.wall_seconds)
        while True:
            deadline = time.monotonic() + limits.wall_seconds
            count = int.from_bytes(child.read(4, deadline), "little")
            if count == 0:
                break
            if count > _LARGEST_BLOCK:
                raise ProbeFailed
            block = np.empty((2, count), np.float32)
            child.read_into(block.data.cast("B"), deadline)
            yield block
        length = int.from_bytes(child.read(4, deadline), "little")
        if length > _LARGEST_BLOCK:
            raise ProbeFailed
        outcome = parse_answer(child.read(length, deadline))
    if outcome:
        raise AudioError.from_dict(outcome)


def read_stored(
    path: Path, start: int = 0, stop: int | None = None, block: int = 131_072
) -> Iterator[Samples]:
    """Read our own 16-bit stereo FLAC or WAV in this process: ``[2, n]`` float32, samples ``[start, stop)``.

    Seeks to ``start``. Raises ``Damaged`` if the file is not what we wrote or ends too early.
    """
    try:
        with soundfile.SoundFile(str(path)) as file:
            if file.samplerate != STEREO_RATE or file.channels != 2:
                raise Damaged("A stored file is not 44.1 kHz stereo.")
            end = file.frames if stop is None else min(stop, file.frames)
            if start:
                file.seek(min(start, file.frames))
            left = max(0, end - start)
            while left:
                samples = file.read(min(block, left), dtype="int16", always_2d=True)
                if not len(samples):
                    raise Damaged("A stored file ends too early.")
                left -= len(samples)
                yield np.ascontiguousarray(samples.T) * _SCALE
    except soundfile.LibsndfileError as error:
        raise Damaged("A stored file cannot be read.") from error
