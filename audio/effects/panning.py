"""Pan of a stereo signal, by the law of the player: that of the Web Audio API's StereoPannerNode for two channels.

https://www.w3.org/TR/webaudio/#stereopanner-algorithm
"""

from math import cos, pi, sin

import numpy as np

from audio.decoding.decode import Samples


def pan_matrix(pan: float) -> Samples:
    """Return the gains ``[to, from]`` of both channels at ``pan``, -1 (left) to 1 (right); 0 changes nothing.

    The side that is turned away from moves over to the other one, which stays as loud as it is.
    """
    kept, moved = cos(abs(pan) * pi / 2), sin(abs(pan) * pi / 2)
    if pan <= 0:
        return np.array([[1, moved], [0, kept]], np.float32)
    return np.array([[kept, 0], [moved, 1]], np.float32)


def level_matrix(level: float | Samples) -> Samples:
    """Return the gains ``[to, from]`` of a level: such a matrix, or a gain for both channels."""
    return level if isinstance(level, np.ndarray) else np.float32(level) * np.eye(2, dtype=np.float32)
