"""What most families share: weights are read whole, and run in OpenVINO, each chunk in one thread."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from separation.engines.chunking import Chunking
from separation.engines.descriptors import ModelSpec
from separation.engines.protocol import Engine, EngineKind, EngineName, LoadedModel, WorkerSlot

Loaded = TypeVar("Loaded")
"""What `OpenVinoFamily.read` returns, such as weights by name."""

_BASE = 270_000_000
"""Bytes of a separator with OpenVINO and a decoder, before it has weights. Measured, rounded up."""


class OpenVinoFamily(ABC, Generic[Loaded]):
    """A `Family` without another engine. `spec` is always one of its own models."""

    SETTINGS: ClassVar[type[Any]]

    @abstractmethod
    def read(self, spec: ModelSpec, models_dir: Path) -> Loaded:
        """Read the official files, verified, and as the descriptor says. Raises `ModelUnavailable`."""

    @abstractmethod
    def chunking(self, spec: ModelSpec) -> Chunking:
        """Return the chunks that the network is given."""

    @abstractmethod
    def slots(self, spec: ModelSpec, loaded: Loaded, threads: int) -> Sequence[WorkerSlot]:
        """Build the network and compile it, see `openvino_runtime.compile_requests`; return `threads` slots."""

    @abstractmethod
    def weights_bytes(self, spec: ModelSpec) -> int:
        """Return the most memory that the weights take, in all copies that there are of them for a moment."""

    @abstractmethod
    def slot_bytes(self, spec: ModelSpec) -> int:
        """Return the most memory that a slot takes, with the stems of chunks that wait to be added."""

    def choose(self, name: EngineName, *, look_for_gpu: bool) -> EngineKind:  # noqa: ARG002 (there is one)
        """Return OpenVINO, see `Family`."""
        return "openvino"

    def load(self, spec: ModelSpec, models_dir: Path, threads: int, kind: EngineKind) -> Engine:  # noqa: ARG002
        """Load `spec`, see `Family`."""
        slots = self.slots(spec, self.read(spec, models_dir), threads)
        return LoadedModel(spec, self.chunking(spec), slots)

    def prepare(self, spec: ModelSpec, models_dir: Path, kind: EngineKind) -> None:  # noqa: ARG002
        """Read `spec` once, see `Family`."""
        self.read(spec, models_dir)

    def needed_bytes(self, spec: ModelSpec, threads: int, kind: EngineKind) -> int:  # noqa: ARG002
        """Return the most memory that separating with `spec` takes, see `Family`."""
        return _BASE + self.weights_bytes(spec) + threads * self.slot_bytes(spec)
