"""Spleeter's short-time Fourier transform, and the chunks in which a song goes through the networks.

A chunk is FRAMES frames of FRAME_LENGTH samples, HOP apart: STRIDE samples, and OVERLAP samples that it
shares with the next chunk, where both are added.
"""

import numpy as np
import numpy.typing as npt

from separation.engines.modelspec import FRAME_LENGTH
from separation.engines.protocol import FRAMES

HOP = 1024
STRIDE = FRAMES * HOP
OVERLAP = FRAME_LENGTH - HOP
CHUNK = STRIDE + OVERLAP
OVERLAP_HOPS = OVERLAP // HOP

Audio = npt.NDArray[np.float32]


def _hann() -> Audio:
    """Return the periodic Hann window, rounded as TensorFlow rounds it."""
    angle = np.float32(2 * np.pi) * np.arange(FRAME_LENGTH, dtype=np.float32) / np.float32(FRAME_LENGTH)
    window: Audio = np.float32(0.5) - np.float32(0.5) * np.cos(angle)
    return window


def _window_sum() -> Audio:
    total = np.zeros(CHUNK, dtype=np.float32)
    for start in range(0, STRIDE, HOP):
        total[start : start + FRAME_LENGTH] += ANALYSIS_WINDOW * SYNTHESIS_WINDOW
    return total


ANALYSIS_WINDOW = _hann()
SYNTHESIS_WINDOW = (ANALYSIS_WINDOW * np.float32(2 / 3)).astype(np.float32)
WINDOW_SUM = _window_sum()
"""[CHUNK]: the product of both windows, overlap-added over a chunk: one, except at the ends of the chunk."""
