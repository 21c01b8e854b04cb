"""Separate a whole song chunk by chunk, in memory that does not depend on its length.

The result equals, sample by sample, ``spleeter.separator.Separator.separate`` of the whole song: Spleeter
prepends one frame of zeros, cuts the spectrogram into pieces of 512 frames that the network sees one at a
time, and overlap-adds all frames. Here the pieces are chunks that are read, separated and overlap-added as
they come.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from weakref import WeakKeyDictionary

import numpy as np

from separation.engines.modelspec import FRAME_LENGTH
from separation.engines.protocol import Engine, WorkerSlot
from separation.engines.spleeter.stft_params import CHUNK, OVERLAP, STRIDE, Audio

_LIMIT = np.float32(1e6)
"""Samples are clipped at 120 dB over full scale: the squares of louder ones' spectra would overflow float32."""

_idle_slots: WeakKeyDictionary[Engine, "SimpleQueue[WorkerSlot]"] = WeakKeyDictionary()
"""The worker slots of each engine that are free now. Two songs may take turns on them."""


def separate(blocks: Iterable[Audio], engine: Engine) -> Generator[Audio, None, None]:
    """Separate the stream `blocks`, float32 [2, n], into stems, float32 [stems, 2, m], in the order of the spec.

    As many samples come out, in all, as went in. Closing the generator waits for the chunks in progress.
    Between two results another song may be separated with the same engine.
    """
    idle = _idle_slots_of(engine)
    stem_count = len(engine.spec.stems)

    def run(chunk: Audio) -> Audio:
        slot = idle.get()
        try:
            stems = np.empty((stem_count, 2, CHUNK), dtype=np.float32)
            slot.separate(chunk, stems)
            return stems
        finally:
            idle.put(slot)

    counted = _CountedBlocks(blocks)
    with ThreadPoolExecutor(len(engine.slots), thread_name_prefix="chunk") as pool:
        in_progress: deque[Future[Audio]] = deque()
        overlap_add = _OverlapAdd(stem_count)
        try:
            for chunk in _chunks(counted):
                in_progress.append(pool.submit(run, chunk))
                # One more than there are slots, so that no slot waits while the next chunk is read.
                if len(in_progress) > len(engine.slots):
                    yield overlap_add.add(in_progress.popleft().result())
            while in_progress:
                piece = overlap_add.add(in_progress.popleft().result())
                # Only the last chunk can reach beyond the end of the song.
                yield piece[:, :, : counted.samples - (overlap_add.position - piece.shape[2])]
        finally:
            for future in in_progress:
                future.cancel()


def _idle_slots_of(engine: Engine) -> "SimpleQueue[WorkerSlot]":
    idle = _idle_slots.get(engine)
    if idle is None:
        idle = _idle_slots[engine] = SimpleQueue()
        for slot in engine.slots:
            idle.put(slot)
    return idle


class _CountedBlocks:
    """Clip blocks and count their samples on the way."""

    def __init__(self, blocks: Iterable[Audio]) -> None:
        self._blocks = blocks
        self.samples = 0

    def __iter__(self) -> Iterator[Audio]:
        for block in self._blocks:
            self.samples += block.shape[1]
            yield np.clip(block, -_LIMIT, _LIMIT)


def _chunks(blocks: Iterable[Audio]) -> Iterator[Audio]:
    """Cut the stream, with one frame of zeros before it, into chunks [2, CHUNK], STRIDE apart.

    There are just enough of them for every frame that starts within the song; the last one is padded with
    zeros.
    """
    chunk = np.empty((2, CHUNK), dtype=np.float32)
    chunk[:, :FRAME_LENGTH] = 0
    filled = FRAME_LENGTH
    for block in blocks:
        taken = 0
        while taken < block.shape[1]:
            count = min(block.shape[1] - taken, CHUNK - filled)
            chunk[:, filled : filled + count] = block[:, taken : taken + count]
            filled += count
            taken += count
            if filled == CHUNK:
                yield chunk
                chunk = _next_chunk(chunk)
                filled = OVERLAP
    while filled > 0:
        chunk[:, filled:] = 0
        yield chunk
        chunk = _next_chunk(chunk)
        filled -= STRIDE


def _next_chunk(chunk: Audio) -> Audio:
    following = np.empty_like(chunk)
    following[:, :OVERLAP] = chunk[:, STRIDE:]
    return following


class _OverlapAdd:
    """Add up the stems of successive chunks, and drop the frame of zeros that was prepended."""

    def __init__(self, stems: int) -> None:
        self._tail = np.zeros((stems, 2, OVERLAP), dtype=np.float32)
        self.position = -FRAME_LENGTH
        """Samples of the song finished so far."""

    def add(self, stems: Audio) -> Audio:
        """Add the next chunk's `stems` [stems, 2, CHUNK]; return the finished samples, a view of at most STRIDE."""
        stems[:, :, :OVERLAP] += self._tail
        self._tail = stems[:, :, STRIDE:].copy()
        begin = max(0, -self.position)
        self.position += STRIDE
        return stems[:, :, begin:STRIDE]
