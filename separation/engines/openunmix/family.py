"""The family of Open-Unmix's models, as `separation.engines.protocol.Family` describes it."""

from pathlib import Path

import numpy as np

from separation.engines.openunmix import weights
from separation.engines.openunmix.network import shapes
from separation.engines.openunmix.settings import OpenUnmixSettings, OpenUnmixSpec, networks
from separation.engines.openunmix.slot import chunking
from separation.engines.protocol import Engine, EngineKind, EngineName

SETTINGS = OpenUnmixSettings

_BASE = 270_000_000
_COPIES = 3
"""Of the weights, while they are read, multiplied together and compiled."""
_THREAD = 300_000_000
"""Spectra of a window of the Wiener filter, and what OpenVINO keeps of a chunk."""


def choose(name: EngineName, *, look_for_gpu: bool) -> EngineKind:  # noqa: ARG001 (there is one)
    """Return OpenVINO, the only engine of this family."""
    return "openvino"


def load(spec: OpenUnmixSpec, models_dir: Path, threads: int, kind: EngineKind) -> Engine:  # noqa: ARG001
    """Load `spec`. Raises `ModelUnavailable`, ImportError."""
    loaded = weights.load(spec, models_dir)
    from separation.engines.openunmix.engine import OpenUnmixEngine  # noqa: PLC0415 (heavy)

    return OpenUnmixEngine(spec, loaded, threads=threads)


def prepare(spec: OpenUnmixSpec, models_dir: Path, kind: EngineKind) -> None:  # noqa: ARG001
    """Read the files of `spec` as a whole. Raises `ModelUnavailable`."""
    weights.load(spec, models_dir)


def needed_bytes(spec: OpenUnmixSpec, threads: int, kind: EngineKind) -> int:  # noqa: ARG001
    """Return the most memory that separating with `spec` takes."""
    floats = sum(int(np.prod(shape)) for shape in shapes(spec.settings).values()) * len(networks(spec))
    stems = 4 * 2 * chunking(spec.settings).length * len(spec.stems)
    # Of each slot, the stems of two chunks: one is separated while another is added to its neighbours, in copies.
    return _BASE + _COPIES * 4 * floats + threads * (_THREAD + 4 * stems)
