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
# PyTorch, in a process of its own: htdemucs took 1.2 GB of it.
_TORCH = 400_000_000
_TORCH_SAMPLE_CHANNEL = 36


def choose(name: EngineName, *, look_for_gpu: bool) -> EngineKind:  # noqa: ARG001 (PyTorch is asked for by name)
    """Return PyTorch where it is named, else OpenVINO."""
    return "torch" if name == "torch" else "openvino"


def load(spec: DemucsSpec, models_dir: Path, threads: int, kind: EngineKind) -> Engine:
    """Load `spec`. Raises `ModelUnavailable`, ImportError."""
    if kind == "torch":
        from separation.engines.demucs.torch_engine import TorchDemucsEngine  # noqa: PLC0415 (with the transforms)

        return TorchDemucsEngine(spec, models_dir, threads=threads)
    from separation.engines.demucs.engine import DemucsEngine  # noqa: PLC0415 (heavy)

    return DemucsEngine(spec, models_dir, threads=threads)


def prepare(spec: DemucsSpec, models_dir: Path, kind: EngineKind) -> None:
    """Read the files of `spec` as a whole, and compile its networks. Raises as `load`."""
    load(spec, models_dir, 1, kind)


def needed_bytes(spec: DemucsSpec, threads: int, kind: EngineKind) -> int:
    """Return the most memory that separating with `spec` takes, on processors."""
    settings = spec.settings
    floats = sum(int(np.prod(shape)) for shape in weight_shapes(settings.architecture(spec.stems)).values())
    networks = len(settings.networks) * (_NETWORK + 4 * _COPIES * floats)
    base, sample_channel = (
        (_BASE + _TORCH, _TORCH_SAMPLE_CHANNEL) if kind == "torch" else (_BASE, _SAMPLE_CHANNEL)
    )
    return int(base + networks + threads * _THREAD + sample_channel * settings.samples * settings.channels)
