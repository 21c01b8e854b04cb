"""Read a stream of blocks in portions of any size."""

from collections.abc import Iterable

import numpy as np

from audio.decoding.decode import Samples


class BlockReader:
    """Read ``[channels, n]`` blocks. ``length``: samples read; ``is_finished``: the stream has ended."""

    def __init__(self, blocks: Iterable[Samples], channels: int = 2) -> None:
        self._blocks = iter(blocks)
        self._block: Samples = np.zeros((channels, 0), np.float32)
        self._position = 0  # in it
        self._channels = channels
        self.length = 0
        self.is_finished = False

    def read(self, count: int) -> Samples:
        """Return ``count`` samples, fewer at the end only."""
        pieces: list[Samples] = [np.zeros((self._channels, 0), np.float32)]
        missing = count
        while missing and not self.is_finished:
            piece = self._block[:, self._position : self._position + missing]
            pieces.append(piece)
            self._position += piece.shape[1]
            missing -= piece.shape[1]
            if missing:
                block = next(self._blocks, None)
                if block is None:
                    self.is_finished = True
                else:
                    self._block, self._position = block, 0
        self.length += count - missing
        return np.concatenate(pieces, axis=1)
