"""Read a stream of blocks in portions of any size."""

from collections.abc import Iterable

import numpy as np

from audio.decoding.decode import Samples


class BlockReader:
    """Read ``[channels, n]`` blocks. ``length``: samples read; ``is_finished``: the stream has ended."""

    def __init__(self, blocks: Iterable[Samples], channels: int = 2) -> None:
        self._blocks = iter(blocks)
        self._rest: Samples = np.zeros((channels, 0), np.float32)
        self.length = 0
        self.is_finished = False

    def read(self, count: int) -> Samples:
        """Return ``count`` samples, fewer at the end only."""
        pieces, available = [self._rest], self._rest.shape[1]
        while available < count and not self.is_finished:
            block = next(self._blocks, None)
            if block is None:
                self.is_finished = True
            else:
                pieces.append(block)
                available += block.shape[1]
        whole = np.concatenate(pieces, axis=1) if len(pieces) > 1 else self._rest
        self._rest = whole[:, count:].copy()
        self.length += min(count, available)
        return whole[:, :count]
