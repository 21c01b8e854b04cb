"""Waveform peaks for drawing: one byte for each 4,096 samples."""

import numpy as np
from numpy.typing import NDArray

SAMPLES_PER_PEAK = 4_096


class Peaks:
    """Compute peaks of a stream: ``add`` blocks of any length, then ``finish`` once."""

    def __init__(self) -> None:
        self._done: list[NDArray[np.uint8]] = []
        self._open = 0.0
        self._filled = 0

    def add(self, block: NDArray[np.float32]) -> None:
        """Add ``[channels, n]`` float32; the loudest channel counts."""
        if not block.shape[1]:
            return
        loud = np.abs(block).max(axis=0)
        if self._filled:
            head = loud[: SAMPLES_PER_PEAK - self._filled]
            self._open = max(self._open, float(head.max()))
            self._filled += len(head)
            loud = loud[len(head) :]
            if self._filled == SAMPLES_PER_PEAK:
                self._done.append(_byte(np.array([self._open], np.float32)))
                self._open, self._filled = 0.0, 0
        whole = len(loud) // SAMPLES_PER_PEAK * SAMPLES_PER_PEAK
        if whole:
            self._done.append(_byte(loud[:whole].reshape(-1, SAMPLES_PER_PEAK).max(axis=1)))
        if whole < len(loud):
            self._open, self._filled = float(loud[whole:].max()), len(loud) - whole

    def finish(self) -> bytes:
        """Return ``ceil(samples / 4096)`` bytes; 255 is full scale and above."""
        if self._filled:
            self._done.append(_byte(np.array([self._open], np.float32)))
            self._open, self._filled = 0.0, 0
        return b"".join(part.tobytes() for part in self._done)


def _byte(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    scaled: NDArray[np.uint8] = np.rint(np.minimum(values, 1.0) * 255).astype(np.uint8)
    return scaled
