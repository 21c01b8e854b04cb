"""How Spleeter cuts a song: frames of the short-time Fourier transform, and windows of frames for the network.

A window is FRAMES frames of FRAME_LENGTH samples, HOP apart: WINDOW samples, plus OVERLAP of the next one.
"""

import numpy as np
import numpy.typing as npt

from separation.engines.modelspec import FRAME_LENGTH
from separation.engines.protocol import FRAMES

HOP = 1024
WINDOW = FRAMES * HOP
OVERLAP = FRAME_LENGTH - HOP
CARRY = OVERLAP // HOP
"""Hops by which the last frame of a window reaches into the next one."""

Audio = npt.NDArray[np.float32]


def _hann() -> Audio:
    """The periodic window, with TensorFlow's roundings."""
    angle = np.float32(2 * np.pi) * np.arange(FRAME_LENGTH, dtype=np.float32) / np.float32(FRAME_LENGTH)
    window: Audio = np.float32(0.5) - np.float32(0.5) * np.cos(angle)
    return window


def _covered() -> Audio:
    covered = np.zeros(WINDOW + OVERLAP, dtype=np.float32)
    for start in range(0, WINDOW, HOP):
        covered[start : start + FRAME_LENGTH] += ANALYSIS * SYNTHESIS
    return covered


ANALYSIS = _hann()
SYNTHESIS = (ANALYSIS * np.float32(2 / 3)).astype(np.float32)
COVERED = _covered()
"""How much of each of a window's samples there is in its frames: one, but for those shared with neighbours."""
