"""The family of Conv-TasNet's models, as `separation.engines.protocol.Family` describes it."""

from pathlib import Path

import numpy as np

from separation.engines import model_files
from separation.engines.convtasnet.network import Weights, shapes
from separation.engines.convtasnet.settings import ConvTasNetSettings, ConvTasNetSpec
from separation.engines.descriptors import ModelUnavailable
from separation.engines.protocol import Engine, EngineKind, EngineName
from separation.engines.weightfiles.errors import WeightFileError
from separation.engines.weightfiles.states import read_state

SETTINGS = ConvTasNetSettings

_BASE = 270_000_000
_COPIES = 3
"""Of the weights, while they are read and compiled."""


def choose(name: EngineName, *, look_for_gpu: bool) -> EngineKind:  # noqa: ARG001 (there is one)
    """Return OpenVINO, the only engine of this family."""
    return "openvino"


def load(spec: ConvTasNetSpec, models_dir: Path, threads: int, kind: EngineKind) -> Engine:  # noqa: ARG001
    """Load `spec`. Raises `ModelUnavailable`, ImportError."""
    weights = _read(spec, models_dir)
    from separation.engines.convtasnet.engine import ConvTasNetEngine  # noqa: PLC0415 (heavy)

    return ConvTasNetEngine(spec, weights, threads=threads)


def prepare(spec: ConvTasNetSpec, models_dir: Path, kind: EngineKind) -> None:  # noqa: ARG001
    """Read the file of `spec` as a whole. Raises `ModelUnavailable`."""
    _read(spec, models_dir)


def needed_bytes(spec: ConvTasNetSpec, threads: int, kind: EngineKind) -> int:  # noqa: ARG001
    """Return the most memory that separating with `spec` takes."""
    settings, stems = spec.settings, len(spec.stems)
    floats = sum(int(np.prod(shape)) for shape in shapes(settings, stems).values())
    frames = settings.segment // settings.hop
    # At the widest place of the network, with what OpenVINO keeps beside it; and stems that wait to be written.
    widest = frames * (3 * settings.hidden + 2 * settings.bottleneck + settings.filters)
    return _BASE + _COPIES * 4 * floats + threads * 4 * (widest + 3 * 2 * stems * settings.segment)


def _read(spec: ConvTasNetSpec, models_dir: Path) -> Weights:
    folder = model_files.verified(spec, models_dir)
    (file,) = spec.files
    try:
        return read_state(folder / file.name, shapes(spec.settings, len(spec.stems)))
    except (WeightFileError, OSError) as error:
        raise ModelUnavailable(f"{spec.slug}: {error}") from error
