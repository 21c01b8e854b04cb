"""Detect onsets: drums, plucked strings, consonants. Time stretching must not smear them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.decoding.decode import Samples

BLOCK: Final = 256  # samples, 6 ms
_BEFORE: Final = 12  # blocks that an onset is compared with, and the least number between two onsets
_RISE: Final = 3.5  # so many times as strong as before; the pulses of a deep voice stay below
_QUIETEST: Final = 1e-7  # mean square of the difference from sample to sample: 70 dB below full scale


class OnsetDetector:
    """Detect onsets in a stream of float32 ``[2, n]``.

    At an onset the differences from sample to sample, mostly high frequencies, are suddenly larger than in the 70 ms
    before.
    """

    def __init__(self) -> None:
        self._last = np.zeros((2, 1), np.float32)
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)
        self._powers = np.zeros(_BEFORE)
        self._quiet_until = 0
        self.searched = 0
        """Samples that have been searched: no onset before this one will be reported any more."""

    def push(self, block: Samples) -> list[int]:
        """Search ``[2, n]`` more; return the positions of new onsets, in samples from the start, in order."""
        whole = np.concatenate([self._last, block], axis=1)
        self._last = block[:, -1:].copy() if block.shape[1] else self._last
        steps = np.square(np.diff(whole, axis=1)).sum(axis=0)
        steps = np.concatenate([self._rest, steps])
        count = len(steps) // BLOCK
        self._rest = steps[count * BLOCK :].copy()
        blocks = steps[: count * BLOCK].reshape(count, BLOCK)
        powers = np.concatenate([self._powers, blocks.mean(axis=1, dtype=np.float64)])
        sums = np.cumsum(np.concatenate([[0.0], powers]))
        before = (sums[_BEFORE : _BEFORE + count] - sums[:count]) / _BEFORE
        found = []
        for index in np.flatnonzero(powers[_BEFORE:] > _RISE * before + _QUIETEST):
            start = self.searched + int(index) * BLOCK
            if start >= self._quiet_until:
                inside = blocks[index]
                found.append(start + int(np.argmax(inside > 0.25 * inside.max())))
                self._quiet_until = start + _BEFORE * BLOCK
        self._powers = powers[-_BEFORE:].copy()
        self.searched += count * BLOCK
        return found
