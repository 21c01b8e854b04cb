"""The family of Demucs' models, as `separation.engines.protocol.Family` describes it.

The networks are those of the package `demucs`, versions 3 and 4 (https://github.com/facebookresearch/demucs).
"""

from pathlib import Path

import numpy as np

from separation.engines.demucs.settings import DemucsSettings, DemucsSpec
from separation.engines.demucs.shapes import weight_shapes
from separation.engines.protocol import Engine, EngineKind, EngineName

SETTINGS = DemucsSettings

# Measured, rounded up: process and decoder; each network's code; its weights as they are and as
# OpenVINO arranges them; threads; what a network makes of each sample, for each of its first channels.
_BASE = 300_000_000
_NETWORK = 80_000_000
_COPIES = 2
_THREAD = 10_000_000
_SAMPLE_CHANNEL = 24


def choose(name: EngineName, *, look_for_gpu: bool) -> EngineKind:  # noqa: ARG001 (there is one)
    """Return OpenVINO, the only engine of this family."""
    return "openvino"


def load(spec: DemucsSpec, models_dir: Path, threads: int, kind: EngineKind) -> Engine:  # noqa: ARG001
    """Load `spec`. Raises `ModelUnavailable`, ImportError."""
    from separation.engines.demucs.engine import DemucsEngine  # noqa: PLC0415 (heavy)

    return DemucsEngine(spec, models_dir, threads=threads)


def prepare(spec: DemucsSpec, models_dir: Path, kind: EngineKind) -> None:
    """Read the files of `spec` as a whole, and compile its networks. Raises `ModelUnavailable`, ImportError."""
    load(spec, models_dir, 1, kind)


def needed_bytes(spec: DemucsSpec, threads: int, kind: EngineKind) -> int:  # noqa: ARG001
    """Return the most memory that separating with `spec` takes."""
    settings = spec.settings
    floats = sum(int(np.prod(shape)) for shape in weight_shapes(settings.architecture(spec.stems)).values())
    networks = len(settings.networks) * (_NETWORK + 4 * _COPIES * floats)
    return int(_BASE + networks + threads * _THREAD + _SAMPLE_CHANNEL * settings.samples * settings.channels)
