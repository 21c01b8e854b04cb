"""Mix several stems into one file: each with its gain and pan, stretched and transposed, never clipped."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from audio.decoding.decode import Samples, decode
from audio.effects.block_reader import BlockReader
from audio.effects.clicks import Clicks, add_clicks
from audio.effects.panning import level_matrix, pan_matrix
from audio.effects.time_stretch import Streams, time_stretch
from audio.encoding.encode import encode
from audio.formats import STEREO_RATE
from audio.types import Limits, Tags

BLOCK: Final = 65_536
FULL_SCALE: Final = 32767 / 32768
MOST_SPOOLED: Final = 256 << 20  # bytes, 12 minutes
FADE: Final = 220  # samples, 5 ms

Report = Callable[[float], None]


@dataclass(frozen=True)
class Part:
    """A stored file of ``seconds``, with the gain of its samples. ``peak``: its largest absolute sample.

    One that ``keeps_pitch``, such as drums, is never transposed. ``pan`` from -1 (left) to 1.
    """

    path: Path
    gain: float
    seconds: float
    peak: float
    keeps_pitch: bool = False
    pan: float = 0.0

    @property
    def level(self) -> Samples:
        """Return the gains ``[to, from]`` of both channels."""
        return self.gain * pan_matrix(self.pan)

    @property
    def loudest(self) -> float:
        """Return what no sample of the part exceeds in a mix."""
        return self.peak * float(self.level.sum(axis=1).max())


@dataclass(frozen=True)
class Encoding:
    """The output format: arguments of ``encode``."""

    codec: str
    bitrate: int | None
    tags: Tags | None = None
    cover: bytes | None = None


@dataclass(frozen=True)
class TempoPitch:
    """``tempo`` 2 is twice as fast; positive ``semitones`` are higher."""

    tempo: float = 1.0
    semitones: float = 0.0


@dataclass(frozen=True)
class Cut:
    """Samples ``[start, stop)`` of a song at 44,100 Hz; ``stop`` ``None`` is its end."""

    start: int = 0
    stop: int | None = None

    def length(self, seconds: float) -> float:
        """Return how many samples of a song of ``seconds`` are left."""
        end = seconds * STEREO_RATE
        return min(end, end if self.stop is None else self.stop) - self.start


WHOLE: Final = Cut()


def render(
    parts: Sequence[Part],
    change: TempoPitch,
    path: Path,
    wanted: Encoding,
    report: Report,
    *,
    cut: Cut = WHOLE,
    clicks: Clicks | None = None,
) -> float:
    """Write the mix of ``parts`` into ``path``; returns the gain it got, 1.0 unless it would have clipped.

    The song is cut, then stretched and transposed, then mixed, and faded where the cut has ended it.
    The peak is known at the end only. Where it exceeds full scale, the mix is written again with one gain for all of
    it: a limiter would change the balance of the parts. A stretched mix is kept for that in a file beside ``path``,
    unless it is long. Each part is decoded in a sandbox of its own, and memory does not depend on the length.
    ``report`` is called with the progress, 0 to 1. Raises ``AudioError`` and ``OSError``.
    """
    is_stretched = change != TempoPitch()
    loudest = sum(part.loudest for part in parts) + (clicks.peak if clicks else 0)
    may_clip = is_stretched or loudest > FULL_SCALE
    lead = clicks.lead if clicks else 0
    samples = lead + cut.length(max(part.seconds for part in parts)) / change.tempo
    spool = path.with_suffix(".f32") if is_stretched and 8 * samples <= MOST_SPOOLED else None
    share = (0.8 if spool else 0.5) if may_clip else 1.0
    try:
        first = _open_mix(parts, change, cut, lambda done: report(share * done), clicks)
        with closing(first), _Meter(spool) as meter:
            _encode(meter.measure(first), path, wanted)
        if meter.peak <= 1:
            return 1.0
        gain = FULL_SCALE / meter.peak

        def report_second_pass(done: float) -> None:
            report(share + (1 - share) * done)

        quieter = [replace(part, gain=gain * part.gain) for part in parts]
        again = (
            with_progress(_read_spool(spool, gain), samples, report_second_pass)
            if spool
            else _open_mix(quieter, change, cut, report_second_pass, clicks and clicks.at_gain(gain))
        )
        with closing(again):
            _encode(again, path, wanted)
        return gain
    finally:
        if spool:
            spool.unlink(missing_ok=True)


def _open_mix(
    parts: Sequence[Part], change: TempoPitch, cut: Cut, report: Report, clicks: Clicks | None
) -> Generator[Samples, None, None]:
    """Yield the mix, which may exceed full scale."""
    samples = cut.length(max(part.seconds for part in parts)) / change.tempo
    with ExitStack() as open_parts:
        pitched: list[tuple[Iterable[Samples], Samples]] = []
        fixed: list[tuple[Iterable[Samples], Samples]] = []
        for part in parts:
            limits = Limits(max_seconds=part.seconds + 60, max_bytes=max(part.path.stat().st_size, 1))
            decoded = open_parts.enter_context(closing(decode(part.path, limits)))
            group = fixed if part.keeps_pitch and change.semitones else pitched
            group.append((excerpt(decoded, cut.start, cut.stop), part.level))
        music = mix(
            [*_stretched(pitched, change.tempo, change.semitones), *_stretched(fixed, change.tempo, 0.0)]
        )
        if cut != WHOLE:
            end = None if cut.stop is None else round((cut.stop - cut.start) / change.tempo)
            music = fade(music, fades_in=cut.start > 0, end=end)
        progress = with_progress(music, samples, report)
        yield from add_clicks(progress, clicks) if clicks else progress


def _stretched(streams: Streams, tempo: float, semitones: float) -> Streams:
    """Return ``streams`` stretched together, as one; as they are where nothing changes."""
    if not streams or (tempo == 1 and semitones == 0):
        return streams
    return [(time_stretch(streams, tempo, semitones), 1.0)]


def excerpt(chunks: Iterable[Samples], start: int, stop: int | None) -> Iterator[Samples]:
    """Yield samples ``[start, stop)`` of ``[2, n]`` blocks; does not read beyond ``stop``."""
    position = 0
    for block in chunks:
        begin, position = position, position + block.shape[1]
        if position > start:
            yield block[:, max(0, start - begin) : None if stop is None else stop - begin]
        if stop is not None and position >= stop:
            return


def fade(blocks: Iterable[Samples], *, fades_in: bool, end: int | None) -> Iterator[Samples]:
    """Fade the first samples in, and the last ones before sample ``end`` out; ``None`` leaves the end as it is."""
    position = 0
    for block in blocks:
        begin, position = position, position + block.shape[1]
        ramp = np.ones(block.shape[1], np.float32)
        if fades_in and begin < FADE:
            ramp *= np.minimum(np.arange(begin, position) / FADE, 1)
        if end is not None and position > end - FADE:
            ramp *= np.clip((end - 1 - np.arange(begin, position)) / FADE, 0, 1)
        yield block * ramp


def _encode(chunks: Iterable[Samples], path: Path, wanted: Encoding) -> None:
    encode(chunks, path, wanted.codec, wanted.bitrate, wanted.tags, wanted.cover)


def mix(streams: Streams) -> Iterator[Samples]:
    """Yield the sum of streams of ``[2, n]``, each at its level, in blocks; a shorter one ends in silence."""
    readers = [(BlockReader(stream), level_matrix(level)) for stream, level in streams]
    while True:
        total = np.zeros((2, BLOCK), np.float32)
        longest = 0
        for reader, level in readers:
            block = reader.read(BLOCK)
            total[:, : block.shape[1]] += level @ block
            longest = max(longest, block.shape[1])
        if longest:
            yield total[:, :longest]
        if longest < BLOCK:
            return


class _Meter:
    """Measure the peak of a stream, and write the stream into ``spool``, interleaved."""

    def __init__(self, spool: Path | None) -> None:
        self.peak = 0.0
        self._spool = spool.open("wb") if spool else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._spool:
            self._spool.close()

    def measure(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        for block in blocks:
            if block.size:
                self.peak = max(self.peak, float(block.max()), -float(block.min()))
                if self._spool:
                    self._spool.write(np.ascontiguousarray(block.T).data)
            yield block


def _read_spool(path: Path, gain: float) -> Iterator[Samples]:
    with path.open("rb") as file:
        while data := file.read(8 * BLOCK):
            yield np.frombuffer(data, np.float32).reshape(-1, 2).T * np.float32(gain)


def with_progress(blocks: Iterable[Samples], total: float, report: Report) -> Generator[Samples, None, None]:
    """Yield ``blocks``, and call ``report`` after each with the share of ``total`` samples, 0 to 1."""
    done = 0
    for block in blocks:
        yield block
        done += block.shape[1]
        report(min(done / max(total, 1), 1.0))
