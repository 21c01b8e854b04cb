"""Separate a whole song chunk by chunk, in memory that does not depend on its length.

With every family of networks: what differs between them is the engine's `Chunking`.
"""

import math
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from weakref import WeakKeyDictionary

import numpy as np

from separation.engines.chunking import Audio, Chunk, OverlapAdd, cut
from separation.engines.protocol import Engine, WorkerSlot

_LIMIT = np.float32(1e6)
"""Samples are clipped at 120 dB over full scale: the squares of louder ones' spectra would overflow float32."""

_idle_slots: WeakKeyDictionary[Engine, "SimpleQueue[WorkerSlot]"] = WeakKeyDictionary()
"""The worker slots of each engine that are free now. Two songs may take turns on them."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of both channels of a song, mixed to one."""

    mean: float
    deviation: float


def measure(blocks: Iterable[Audio]) -> Statistics:
    """Measure the stream `blocks`, [2, n], for engines whose chunking has `normalise`.

    The deviation is that of a sample (divided by n - 1), as Demucs takes it; 1 where there is none. The sums of the
    blocks are merged as in Chan, Golub and LeVeque, "Updating formulae" (1979), which cancels nothing.
    """
    count, mean, squares = 0, 0.0, 0.0
    for block in blocks:
        if not block.shape[1]:
            continue
        mono = _clipped(block).mean(axis=0, dtype=np.float64)
        own_mean = float(mono.mean())
        difference, total = own_mean - mean, count + mono.size
        squares += float(np.square(mono - own_mean).sum()) + difference**2 * count * mono.size / total
        mean += difference * mono.size / total
        count = total
    return Statistics(mean, math.sqrt(squares / (count - 1)) if squares else 1.0)


def separate(
    blocks: Iterable[Audio], engine: Engine, statistics: Statistics | None = None
) -> Generator[Audio, None, None]:
    """Separate the stream `blocks`, float32 [2, n], into stems, float32 [stems, 2, m], in the order of the spec.

    As many samples come out, in all, as went in. `statistics`, of the same stream, are needed where the engine's
    chunking has `normalise`. Closing the generator waits for the chunks in progress. Between two results another
    song may be separated with the same engine.
    """
    if not engine.chunking.normalise:
        statistics = None
    elif statistics is None:
        raise ValueError(f"{engine.spec.slug} needs the statistics of the song")
    idle = _idle_slots_of(engine)
    stem_count = len(engine.spec.stems)

    def run(chunk: Chunk) -> tuple[Audio, Chunk]:
        slot = idle.get()
        try:
            stems = np.empty((stem_count, *chunk.samples.shape), dtype=np.float32)
            slot.separate(chunk.samples, stems, is_first=chunk.is_first)
            return stems, chunk
        finally:
            idle.put(slot)

    song = _Song(blocks, statistics)
    with ThreadPoolExecutor(len(engine.slots), thread_name_prefix="chunk") as pool:
        in_progress: deque[Future[tuple[Audio, Chunk]]] = deque()
        overlap_add = OverlapAdd(stem_count, engine.chunking)
        try:
            for chunk in cut(song, engine.chunking):
                in_progress.append(pool.submit(run, chunk))
                # One more than there are slots, so that no slot waits while the next chunk is read.
                if len(in_progress) > len(engine.slots):
                    yield song.restored(overlap_add.add(*in_progress.popleft().result()))
            while in_progress:
                piece = overlap_add.add(*in_progress.popleft().result())
                # Only the last chunk can reach beyond the end of the song.
                yield song.restored(piece[:, :, : song.samples - (overlap_add.position - piece.shape[2])])
        finally:
            for future in in_progress:
                future.cancel()
    if song.samples == 0:
        yield np.empty((stem_count, 2, 0), dtype=np.float32)


def _idle_slots_of(engine: Engine) -> "SimpleQueue[WorkerSlot]":
    idle = _idle_slots.get(engine)
    if idle is None:
        idle = _idle_slots[engine] = SimpleQueue()
        for slot in engine.slots:
            idle.put(slot)
    return idle


def _clipped(block: Audio) -> Audio:
    return np.clip(block, -_LIMIT, _LIMIT)


class _Song:
    """Clip and normalise blocks and count their samples on the way; undo the normalisation in the stems."""

    def __init__(self, blocks: Iterable[Audio], statistics: Statistics | None) -> None:
        self._blocks = blocks
        self._statistics = statistics
        self.samples = 0

    def __iter__(self) -> Iterator[Audio]:
        for block in self._blocks:
            self.samples += block.shape[1]
            samples = _clipped(block)
            if self._statistics:
                samples -= np.float32(self._statistics.mean)
                samples /= np.float32(self._statistics.deviation)
            yield samples

    def restored(self, stems: Audio) -> Audio:
        """Return `stems`, which are changed, at the level and the mean of the song."""
        if self._statistics:
            stems *= np.float32(self._statistics.deviation)
            stems += np.float32(self._statistics.mean)
        return stems
