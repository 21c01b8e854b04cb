"""The interfaces between the streaming harness, the engines that run models, and the families of models."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from separation.engines.chunking import Chunking
from separation.engines.descriptors import ModelSpec

EngineKind = Literal["native", "openvino", "tensorflow", "torch"]
EngineName = Literal["auto", EngineKind]


class WorkerSlot(Protocol):
    """The buffers and the network for one chunk at a time. Slots of one engine may work concurrently."""

    def separate(
        self, chunk: npt.NDArray[np.float32], stems: npt.NDArray[np.float32], *, is_first: bool
    ) -> None:
        """Separate `chunk` [2, length] into `stems` [stems, 2, length], which need not be initialised.

        `is_first` tells that the song begins with this chunk: for networks whose transform mirrors the song there.

        Both are float32 and C-contiguous; `chunk` must not be changed. The length is that of the engine's
        `Chunking`, except at the end of a song where its ``short_ends`` is "short".
        """


class Engine(Protocol):
    """A loaded model. Engines are compared by identity."""

    @property
    def spec(self) -> ModelSpec:
        """The model that this engine runs."""

    @property
    def slots(self) -> Sequence[WorkerSlot]:
        """As many worker slots as may usefully work concurrently; at least one."""

    @property
    def chunking(self) -> Chunking:
        """The chunks that the slots are given, and how their stems become those of the song."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """An engine that is nothing but a model with its slots."""

    spec: ModelSpec
    chunking: Chunking
    slots: Sequence[WorkerSlot]


class Family(Protocol):
    """A kind of network: reads its official files and makes engines of them.

    Most families are `openvino_family.OpenVinoFamily`, which leaves them less to do. What takes long to import is
    imported inside `load` and `prepare`, which only a separator process and the installation of a model call.
    """

    @property
    def SETTINGS(self) -> type[Any]:  # noqa: N802 (a constant of the class)
        """The frozen dataclass of what only this family needs to know of a model, see `descriptors.read`."""

    def choose(self, name: EngineName, *, look_for_gpu: bool) -> EngineKind:
        """Return the kind of engine that runs this family's models where the settings name `name`.

        With `look_for_gpu`, a heavy library may be imported to look for one.
        """

    def load(self, spec: ModelSpec, models_dir: Path, threads: int, kind: EngineKind) -> Engine:
        """Load `spec`, verified and complete.

        Raises `ModelUnavailable`, and ImportError when the engine is not installed.
        """

    def prepare(self, spec: ModelSpec, models_dir: Path, kind: EngineKind) -> None:
        """Read the whole model once, and convert it for `kind`. Raises as `load`, and ValueError."""

    def needed_bytes(self, spec: ModelSpec, threads: int, kind: EngineKind) -> int:
        """Return the most memory that a separation takes, decoder included, at any length of the song."""
