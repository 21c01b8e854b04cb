"""What the signal chain asks of the software that runs a network, and how one is chosen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from separation.engines import weights
from separation.engines.modelspec import ModelSpec

FRAMES = 512
"""Spectrogram frames that the network sees at once."""

EngineName = Literal["auto", "openvino", "tensorflow"]


class Lane(Protocol):
    """A place where one window at a time is processed. Lanes of one engine may work at the same time."""

    @property
    def magnitude(self) -> npt.NDArray[np.float32]:
        """The input, [2, FRAMES, bins]: write the magnitudes of a window here."""

    def masks(self) -> npt.NDArray[np.float32]:
        """Run the network: ratio masks [stems, 2, FRAMES, bins], valid until the next call on this lane."""


class Engine(Protocol):
    """A loaded network."""

    @property
    def spec(self) -> ModelSpec:
        """The model this engine runs."""

    @property
    def lanes(self) -> Sequence[Lane]:
        """As many as may usefully work at the same time; at least one."""


def load_engine(
    spec: ModelSpec,
    models_dir: Path,
    *,
    name: EngineName = "auto",
    threads: int = 1,
) -> Engine:
    """Load `spec` into the engine called `name`; "auto" is OpenVINO where it is installed, else TensorFlow.

    Raises `ModelUnavailable` before any engine is imported, and ImportError when the named engine is not
    installed.
    """
    loaded = weights.load(spec, models_dir)
    if name in {"auto", "openvino"}:
        try:
            from separation.engines.openvino import OpenVinoEngine  # noqa: PLC0415 (heavy)

            return OpenVinoEngine(spec, loaded, threads=threads)
        except ImportError:
            if name == "openvino":
                raise
    from separation.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415 (heavy)

    return TensorFlowEngine(spec, loaded, threads=threads)
