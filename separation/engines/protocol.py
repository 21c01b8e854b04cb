"""The interface between the signal chain and the software that runs a network."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from separation.engines.modelspec import ModelSpec

FRAMES = 512
"""Spectrogram frames that a network processes at once."""


class WorkerSlot(Protocol):
    """The buffers and the network for one chunk at a time. Slots of one engine may work concurrently."""

    def separate(self, chunk: npt.NDArray[np.float32], stems: npt.NDArray[np.float32]) -> None:
        """Separate `chunk` [2, CHUNK] into `stems` [stems, 2, CHUNK], which need not be initialised.

        Both are float32 and C-contiguous. The first and last OVERLAP samples are partial sums of the
        overlap-add.
        """


class Network(Protocol):
    """A network for one chunk at a time; `stft.StftSlot` makes a worker slot of it."""

    @property
    def magnitude(self) -> npt.NDArray[np.float32]:
        """The input, [2, FRAMES, bins]: write the magnitudes of a chunk here."""

    def masks(self) -> Sequence[npt.NDArray[np.float32]]:
        """Run the network; return a ratio mask [2, FRAMES, bins] for each stem, valid until the next call."""


class Engine(Protocol):
    """A loaded model."""

    @property
    def spec(self) -> ModelSpec:
        """The model that this engine runs."""

    @property
    def slots(self) -> Sequence[WorkerSlot]:
        """As many worker slots as may usefully work concurrently; at least one."""
