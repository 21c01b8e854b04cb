"""Engines whose slots compute something that is known exactly, for the harness around them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from separation.engines import modelspec
from separation.engines.chunking import Chunking

Audio = npt.NDArray[np.float32]

STEMS = ("vocals", "accompaniment")
SPEC = replace(modelspec.get("compact:2stems"), slug="fake:two", family="fake", stems=STEMS)


class FakeEngine:
    """Each slot computes ``compute(chunk)``, and its negative half as the second stem; keeps what it was given."""

    spec = SPEC

    def __init__(self, chunking: Chunking, compute: Callable[[Audio], Audio], *, slots: int = 1) -> None:
        self.chunking = chunking
        self.slots = [_FakeSlot(compute) for _ in range(slots)]

    @property
    def given(self) -> list[Audio]:
        return [chunk for slot in self.slots for chunk in slot.given]


class _FakeSlot:
    def __init__(self, compute: Callable[[Audio], Audio]) -> None:
        self._compute = compute
        self.given: list[Audio] = []

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:  # noqa: ARG002
        assert chunk.flags.c_contiguous
        assert stems.flags.c_contiguous
        assert chunk.dtype == stems.dtype == np.float32
        self.given.append(chunk.copy())
        stems[0] = self._compute(chunk)
        stems[1] = -0.5 * stems[0]


def identity(chunk: Audio) -> Audio:
    return chunk


def smoothed(chunk: Audio, half: int = 3) -> Audio:
    """Each sample becomes a weighted sum of those around it, zeros beyond the ends of the chunk."""
    padded = np.pad(chunk, ((0, 0), (half, half)))
    weights = np.arange(1, 2 * half + 2, dtype=np.float32) / 10
    shifted = (weight * padded[:, k : k + chunk.shape[1]] for k, weight in enumerate(weights))
    return np.asarray(sum(shifted), dtype=np.float32)


def song(samples: int) -> Audio:
    return np.random.default_rng(samples).normal(0.2, 0.4, (2, samples)).astype(np.float32)


def blocks(audio: Audio, generator: np.random.Generator, largest: int = 40) -> Iterator[Audio]:
    """`audio` in blocks of random sizes, some of them empty."""
    position = 0
    while position < audio.shape[1]:
        count = int(generator.integers(0, largest))
        yield audio[:, position : position + count]
        position += count


def joined(pieces: Sequence[Any]) -> Audio:
    result: Audio = np.concatenate(pieces, axis=2)
    return result
