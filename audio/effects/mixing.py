"""Several stems as one: added up with a gain for each, stretched, and never clipped."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from audio.decoding.decode import Samples, decode
from audio.effects.time_stretch import stretched
from audio.encoding.encode import encode
from audio.formats import STEREO_RATE
from audio.types import Limits, Tags

BLOCK: Final = 65_536
FULL_SCALE: Final = 32767 / 32768
MOST_SPOOLED: Final = 256 << 20  # bytes, 12 minutes

Report = Callable[[float], None]


@dataclass(frozen=True)
class Part:
    """A stored file of ``seconds``, and what its samples are multiplied by. ``peak``: its largest absolute value."""

    path: Path
    gain: float
    seconds: float
    peak: float


@dataclass(frozen=True)
class Encoding:
    """What is written: ``encode``'s own arguments."""

    codec: str
    bitrate: int | None
    tags: Tags | None = None
    cover: bytes | None = None


@dataclass(frozen=True)
class Motion:
    """``tempo`` 2 is twice as fast; ``semitones`` higher, or lower."""

    tempo: float = 1.0
    semitones: float = 0.0


def render(parts: Sequence[Part], motion: Motion, path: Path, wanted: Encoding, report: Report) -> float:
    """Write the mix of ``parts`` into ``path``; returns the gain it got, 1.0 unless it would have clipped.

    Nobody knows the loudest sample before the end. Where it turns out to be beyond full scale, the mix is written again
    with one gain for all of it: a limiter would change what was asked for, how loud the parts are beside each other.
    What was stretched is kept for that beside ``path`` meanwhile, unless it is long. Each part is decoded in a sandbox
    of its own, and memory does not depend on the length. ``report`` hears how much is done, 0 to 1. Raises
    ``AudioError`` and ``OSError``.
    """
    is_moved = motion != Motion()
    may_clip = is_moved or sum(part.gain * part.peak for part in parts) > FULL_SCALE
    samples = max(part.seconds for part in parts) * STEREO_RATE / motion.tempo
    spool = path.with_suffix(".f32") if is_moved and 8 * samples <= MOST_SPOOLED else None
    share = (0.8 if spool else 0.5) if may_clip else 1.0
    try:
        first = _moved(parts, motion, lambda done: report(share * done))
        with closing(first), _Meter(spool) as meter:
            _encode(meter.watched(first), path, wanted)
        if meter.peak <= 1:
            return 1.0
        gain = FULL_SCALE / meter.peak

        def told(done: float) -> None:
            report(share + (1 - share) * done)

        quieter = [replace(part, gain=gain * part.gain) for part in parts]
        again = reported(_spooled(spool, gain), samples, told) if spool else _moved(quieter, motion, told)
        with closing(again):
            _encode(again, path, wanted)
        return gain
    finally:
        if spool:
            spool.unlink(missing_ok=True)


def _moved(parts: Sequence[Part], motion: Motion, report: Report) -> Generator[Samples, None, None]:
    """The mix as it is, which may be beyond full scale."""
    with ExitStack() as open_parts:
        streams = []
        for part in parts:
            limits = Limits(max_seconds=part.seconds + 60, max_bytes=max(part.path.stat().st_size, 1))
            streams.append((open_parts.enter_context(closing(decode(part.path, limits))), part.gain))
        told = reported(mixed(streams), max(part.seconds for part in parts) * STEREO_RATE, report)
        yield from stretched(told, motion.tempo, motion.semitones)


def _encode(chunks: Iterable[Samples], path: Path, wanted: Encoding) -> None:
    encode(chunks, path, wanted.codec, wanted.bitrate, wanted.tags, wanted.cover)


def mixed(streams: Sequence[tuple[Iterable[Samples], float]]) -> Iterator[Samples]:
    """The sum of streams of ``[2, n]``, each times its gain, in blocks of 65,536; a shorter one ends in silence."""
    readers = [(_Reader(iter(stream)), np.float32(gain)) for stream, gain in streams]
    while True:
        total = np.zeros((2, BLOCK), np.float32)
        longest = 0
        for reader, gain in readers:
            block = reader.read(BLOCK)
            total[:, : block.shape[1]] += block * gain
            longest = max(longest, block.shape[1])
        if longest:
            yield total[:, :longest]
        if longest < BLOCK:
            return


class _Reader:
    """Takes as many samples from a stream of blocks as somebody wants."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._rest: Samples = np.zeros((2, 0), np.float32)

    def read(self, count: int) -> Samples:
        """``count`` samples, fewer at the end only."""
        pieces, there = [self._rest], self._rest.shape[1]
        while there < count and (block := next(self._blocks, None)) is not None:
            pieces.append(block)
            there += block.shape[1]
        whole = np.concatenate(pieces, axis=1) if len(pieces) > 1 else self._rest
        self._rest = whole[:, count:].copy()
        return whole[:, :count]


class _Meter:
    """Remembers the largest absolute value that went by, and in a file what went by, frame by frame."""

    def __init__(self, spool: Path | None) -> None:
        self.peak = 0.0
        self._spool = spool.open("wb") if spool else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._spool:
            self._spool.close()

    def watched(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        for block in blocks:
            if block.size:
                self.peak = max(self.peak, float(block.max()), -float(block.min()))
                if self._spool:
                    self._spool.write(np.ascontiguousarray(block.T).data)
            yield block


def _spooled(path: Path, gain: float) -> Iterator[Samples]:
    with path.open("rb") as file:
        while data := file.read(8 * BLOCK):
            yield np.frombuffer(data, np.float32).reshape(-1, 2).T * np.float32(gain)


def reported(blocks: Iterable[Samples], total: float, report: Report) -> Generator[Samples, None, None]:
    """``blocks`` as they are; ``report`` hears after each how much of ``total`` samples went by, 0 to 1."""
    done = 0
    for block in blocks:
        yield block
        done += block.shape[1]
        report(min(done / max(total, 1), 1.0))
