"""A whole song through an engine, window by window, in memory that does not depend on its length.

Equal, sample by sample, to ``spleeter.separator.Separator.separate`` on the whole song: Spleeter prepends one
frame of zeros, cuts the spectrogram in pieces of 512 frames that the network sees one at a time, and adds all
frames up again. Here the pieces are read and written as they come; a piece's last frames reach three hops
into the next one.
"""

import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from weakref import WeakKeyDictionary

import numpy as np

from separation.engines.modelspec import FRAME_LENGTH
from separation.engines.protocol import Engine, Lane
from separation.engines.stft_params import OVERLAP, WINDOW, Audio

_LOUDEST = np.float32(1e6)
"""Louder samples (120 dB over full scale) are limited: their spectrum, squared, would leave float32."""

_UNUSED = 3
"""References that `sys.getrefcount` counts for an array in a list: the list's, the loop's and its own."""


_idle: WeakKeyDictionary[Engine, "SimpleQueue[Lane]"] = WeakKeyDictionary()
"""The lanes of each engine that nobody uses just now. Two songs may take turns on them."""


def _idle_lanes(engine: Engine) -> "SimpleQueue[Lane]":
    idle = _idle.get(engine)
    if idle is None:
        idle = _idle[engine] = SimpleQueue()
        for lane in engine.lanes:
            idle.put(lane)
    return idle


def separate(chunks: Iterable[Audio], engine: Engine) -> Generator[Audio, None, None]:
    """Stems of the stream `chunks`: float32 [2, n] in, float32 [stems, 2, m] out, in the order of the spec.

    As many samples come out, in all, as went in. Closing the generator waits for the windows in flight. While it
    rests, another song may be separated with the same engine.
    """
    idle = _idle_lanes(engine)

    def run(window: Audio, share: Audio) -> Audio:
        lane = idle.get()
        try:
            lane.separate(window, share)
            return share
        finally:
            idle.put(lane)

    counted = _Counted(chunks)
    shares = _Buffers((len(engine.spec.stems), 2, WINDOW + OVERLAP))
    with ThreadPoolExecutor(len(engine.lanes), thread_name_prefix="window") as pool:
        in_flight: deque[Future[Audio]] = deque()
        assembled = _Assembled(len(engine.spec.stems))
        try:
            for window in _windows(counted):
                in_flight.append(pool.submit(run, window, shares.free()))
                # One more than there are lanes, so that no lane waits while the next window is read.
                if len(in_flight) > len(engine.lanes):
                    yield assembled.add(in_flight.popleft().result())
            while in_flight:
                piece = assembled.add(in_flight.popleft().result())
                # Only the last window can reach beyond the end of the song.
                yield piece[:, :, : counted.samples - (assembled.position - piece.shape[2])]
        finally:
            for future in in_flight:
                future.cancel()


class _Counted:
    """Passes chunks on, limits them, counts samples."""

    def __init__(self, chunks: Iterable[Audio]) -> None:
        self._chunks = chunks
        self.samples = 0

    def __iter__(self) -> Iterator[Audio]:
        for chunk in self._chunks:
            self.samples += chunk.shape[1]
            yield np.clip(chunk, -_LOUDEST, _LOUDEST)


class _Buffers:
    """Arrays of one shape, used again as soon as nobody looks at them any more.

    Fresh memory for each window would cost as many page faults as a window has pages.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._arrays: list[Audio] = []

    def free(self) -> Audio:
        """An array that nobody else holds, nor a view of it; its content is arbitrary."""
        for array in self._arrays:
            if sys.getrefcount(array) == _UNUSED:
                return array
        array = np.empty(self._shape, dtype=np.float32)
        self._arrays.append(array)
        return array


def _windows(chunks: Iterable[Audio]) -> Iterator[Audio]:
    """Cut the stream, with one frame of zeros before it, in [2, WINDOW + OVERLAP] windows, WINDOW apart.

    There are just enough of them for every frame that starts within the song; the last one ends in zeros.
    """
    buffers = _Buffers((2, WINDOW + OVERLAP))
    window = buffers.free()
    window[:, :FRAME_LENGTH] = 0
    filled = FRAME_LENGTH
    for chunk in chunks:
        taken = 0
        while taken < chunk.shape[1]:
            count = min(chunk.shape[1] - taken, WINDOW + OVERLAP - filled)
            window[:, filled : filled + count] = chunk[:, taken : taken + count]
            filled += count
            taken += count
            if filled == WINDOW + OVERLAP:
                yield window
                window = _following(window, buffers)
                filled = OVERLAP
    while filled > 0:
        window[:, filled:] = 0
        yield window
        window = _following(window, buffers)
        filled -= WINDOW


def _following(window: Audio, buffers: _Buffers) -> Audio:
    following = buffers.free()
    following[:, :OVERLAP] = window[:, WINDOW:]
    return following


class _Assembled:
    """Adds up the windows' shares, and drops the frame of zeros that was prepended."""

    def __init__(self, stems: int) -> None:
        self._carry = np.zeros((stems, 2, OVERLAP), dtype=np.float32)
        self.position = -FRAME_LENGTH
        """Samples of the song finished so far."""

    def add(self, share: Audio) -> Audio:
        """Finish WINDOW samples with the next window's `share`; returns those that belong to the song."""
        share[:, :, :OVERLAP] += self._carry
        self._carry = share[:, :, WINDOW:].copy()
        begin = max(0, -self.position)
        self.position += WINDOW
        return share[:, :, begin:WINDOW]
