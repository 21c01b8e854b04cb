"""What the signal chain asks of the software that runs a network."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from separation.engines.modelspec import ModelSpec

FRAMES = 512
"""Spectrogram frames that the network sees at once."""


class Lane(Protocol):
    """A place where one window at a time is separated. Lanes of one engine may work at the same time."""

    def separate(self, window: npt.NDArray[np.float32], share: npt.NDArray[np.float32]) -> None:
        """[2, WINDOW + OVERLAP] samples -> the window's share of the stems, [stems, 2, WINDOW + OVERLAP]."""


class Network(Protocol):
    """A network for one window at a time; `spectral` makes a lane of it."""

    @property
    def magnitude(self) -> npt.NDArray[np.float32]:
        """The input, [2, FRAMES, bins]: write the magnitudes of a window here."""

    def masks(self) -> Sequence[npt.NDArray[np.float32]]:
        """Run the network: for each stem ratio masks [2, FRAMES, bins], valid until this network's next call."""


class Engine(Protocol):
    """A loaded model."""

    @property
    def spec(self) -> ModelSpec:
        """The model this engine runs."""

    @property
    def lanes(self) -> Sequence[Lane]:
        """As many as may usefully work at the same time; at least one."""
