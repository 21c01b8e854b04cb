"""The chunks in which a song goes through a network, and how the stems of the chunks become those of the song.

A chunk begins each `stride` samples. Its neighbours overlap, and there the stems are added: either weighted, and
divided by the sum of the weights (Demucs), or as they are, where they are partial sums already (Spleeter's
overlap-add of spectra). Nothing here depends on the length of the song.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Chunking:
    """What a network is given. Chunk number k begins at sample ``k * stride - lead`` of the song."""

    length: int
    """Samples of a chunk."""
    stride: int
    """Samples from the beginning of a chunk to that of the next one."""
    lead: int = 0
    """Zeros before the first sample of the song."""
    window: Audio | None = None
    """Weight of each sample of a chunk's stems, [length], above zero; None if the stems add up as they are."""
    context: int = 0
    """Samples at each end of a chunk that the network sees, and whose stems are not used.

    The first chunk is used from its beginning and the last one to its end.
    """
    short_ends: Literal["zeros", "centred", "short"] = "zeros"
    """What a chunk that reaches beyond the end of the song becomes.

    zeros: it is filled with zeros. centred: the network is given `length` samples with what is left in the middle:
    before it the song, after it zeros (Demucs' ``TensorChunk.padded``). short: it stays as short as it is.
    """
    normalise: bool = False
    """Whether the network expects songs with mean 0 and deviation 1, see `streaming.measure`."""

    def __post_init__(self) -> None:
        if not 0 < self.stride <= self.length - 2 * self.context or self.context < 0:
            raise ValueError("the used parts of the chunks leave gaps between them")
        if not 0 <= self.lead < self.length:
            raise ValueError("the first chunk holds no sample of the song")
        if self.window is not None and (self.window.shape != (self.length,) or not (self.window > 0).all()):
            raise ValueError("the window must have a weight above zero for each sample of a chunk")

    @property
    def overlap(self) -> int:
        """Return the samples that the used parts of two neighbours share."""
        return self.length - 2 * self.context - self.stride


def triangle(length: int) -> Audio:
    """Return weights that grow from the ends of a chunk to its middle, where they are 1, [length]."""
    weights = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1))
    return np.asarray(weights / weights.max(), dtype=np.float32)


def as_demucs(length: int, short_ends: Literal["centred", "short"]) -> Chunking:
    """Return the chunks in which ``apply_model`` of the package `demucs` separates a song.

    A quarter of each overlaps the next one, with triangular weights.
    """
    stride = int(0.75 * length)
    return Chunking(length, stride, window=triangle(length), short_ends=short_ends, normalise=True)


class Chunk(NamedTuple):
    """What a network is given."""

    samples: Audio
    """[2, length], or shorter at the end of a song, see `Chunking.short_ends`."""
    begin: int
    """Index in `samples` at which the chunk begins; what comes before it is there to be seen only."""
    is_first: bool
    is_last: bool


def cut(blocks: Iterable[Audio], chunking: Chunking) -> Iterator[Chunk]:
    """Cut the stream `blocks`, [2, n], into chunks, just enough to use every sample once. No samples, no chunk.

    The samples of a chunk must not be changed: the next one is made from them.
    """
    length, stride = chunking.length, chunking.stride
    history = length // 2 if chunking.short_ends == "centred" else 0
    buffer = np.empty((2, history + length), dtype=np.float32)
    buffer[:, : history + chunking.lead] = 0
    filled = chunking.lead
    is_empty, is_first = True, True
    for block in blocks:
        taken = 0
        while taken < block.shape[1]:
            is_empty = False
            count = min(block.shape[1] - taken, length - filled)
            target = buffer[:, history + filled : history + filled + count]
            target[...] = block[:, taken : taken + count]
            filled += count
            taken += count
            if filled == length:
                yield Chunk(np.ascontiguousarray(buffer[:, history:]), 0, is_first=is_first, is_last=False)
                buffer = _shifted(buffer, stride)
                filled -= stride
                is_first = False
    while not is_empty and (is_first or filled > chunking.context):
        samples, begin = _end_of_song(buffer, history, filled, chunking)
        is_last = filled - stride <= chunking.context
        yield Chunk(samples, begin, is_first=is_first, is_last=is_last)
        buffer = _shifted(buffer, stride)
        filled -= stride
        is_first = False


def _shifted(buffer: Audio, stride: int) -> Audio:
    following = np.empty_like(buffer)
    following[:, :-stride] = buffer[:, stride:]
    return following


def _end_of_song(buffer: Audio, history: int, filled: int, chunking: Chunking) -> tuple[Audio, int]:
    """Return the samples of a chunk of which only `filled` are there, and where it begins in them."""
    end = history + filled
    match chunking.short_ends:
        case "zeros":
            buffer[:, end:] = 0
            return buffer, 0
        case "short":
            return np.ascontiguousarray(buffer[:, :end]), 0
        case "centred":
            before = (chunking.length - filled) // 2
            samples = np.zeros((2, chunking.length), dtype=np.float32)
            samples[:, : before + filled] = buffer[:, history - before : end]
            return samples, before


class OverlapAdd:
    """Make the stems of a song from those of its chunks, one after the other."""

    def __init__(self, stems: int, chunking: Chunking) -> None:
        self._chunking = chunking
        self._tail = np.zeros((stems, 2, 0), dtype=np.float32)
        self._weights_of_tail = np.zeros(0, dtype=np.float32)
        self._used_from = 0
        self.position = -chunking.lead
        """Samples of the song that are finished; while it is below zero, they are those of the lead."""

    def add(self, stems: Audio, chunk: Chunk) -> Audio:
        """Add the `stems` [stems, 2, n] of the next `chunk`, which are changed; return the finished samples.

        The result is a view of `stems`. That of the last chunk may reach beyond the end of the song.
        """
        chunking, begin = self._chunking, self._used_from
        aligned = stems[:, :, chunk.begin :]
        end = aligned.shape[2] if chunk.is_last else chunking.length - chunking.context
        used = aligned[:, :, begin:end]
        count = used.shape[2] if chunk.is_last else chunking.stride + chunking.context - begin
        shared = min(self._tail.shape[2], used.shape[2])
        if chunking.window is None:
            used[:, :, :shared] += self._tail[:, :, :shared]
        else:
            weights = chunking.window[begin : begin + used.shape[2]].copy()
            used *= weights
            used[:, :, :shared] += self._tail[:, :, :shared]
            weights[:shared] += self._weights_of_tail[:shared]
            used[:, :, :count] /= weights[:count]
            self._weights_of_tail = weights[count:]
        self._tail = used[:, :, count:].copy()
        self._used_from = chunking.context
        in_lead = min(count, max(0, -self.position))
        self.position += count
        return used[:, :, in_lead:count]
