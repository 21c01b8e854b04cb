"""Spleeter's short-time Fourier transform, and the chunks in which a song goes through the networks.

A chunk is FRAMES frames of FRAME_LENGTH samples, HOP apart: STRIDE samples, and OVERLAP samples that it
shares with the next chunk, where both are added.
"""

import numpy as np

from separation.engines.chunking import Audio, Chunking

FRAME_LENGTH = 4096
FRAMES = 512
"""Spectrogram frames that a network processes at once."""
HOP = 1024
STRIDE = FRAMES * HOP
OVERLAP = FRAME_LENGTH - HOP
CHUNK = STRIDE + OVERLAP
OVERLAP_HOPS = OVERLAP // HOP

CHUNKING = Chunking(length=CHUNK, stride=STRIDE, lead=FRAME_LENGTH)
"""Spleeter prepends one frame of zeros, and adds the frames' partial sums where chunks overlap."""


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
