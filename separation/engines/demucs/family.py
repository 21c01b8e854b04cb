"""The family of Demucs' models, as `separation.engines.protocol.Family` describes it.

The networks are those of the package `demucs`, versions 3 and 4 (https://github.com/facebookresearch/demucs).
"""

from pathlib import Path

import numpy as np

from separation.engines import model_files
from separation.engines.demucs.package import Package, read_package
from separation.engines.demucs.settings import DemucsSettings, DemucsSpec, Network
from separation.engines.demucs.shapes import weight_shapes
from separation.engines.descriptors import ModelUnavailable
from separation.engines.protocol import Engine, EngineKind, EngineName
from separation.engines.weightfiles.errors import WeightFileError

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
    packages = _read(spec, models_dir)
    from separation.engines.demucs.engine import DemucsEngine  # noqa: PLC0415 (heavy)

    return DemucsEngine(spec, packages, threads=threads)


def prepare(spec: DemucsSpec, models_dir: Path, kind: EngineKind) -> None:  # noqa: ARG001
    """Read the files of `spec` as a whole. Raises `ModelUnavailable`."""
    _read(spec, models_dir)


def needed_bytes(spec: DemucsSpec, threads: int, kind: EngineKind) -> int:  # noqa: ARG001
    """Return the most memory that separating with `spec` takes."""
    settings = spec.settings
    floats = sum(int(np.prod(shape)) for shape in weight_shapes(settings.architecture(spec.stems)).values())
    networks = len(settings.networks) * (_NETWORK + 4 * _COPIES * floats)
    return int(_BASE + networks + threads * _THREAD + _SAMPLE_CHANNEL * settings.samples * settings.channels)


def _read(spec: DemucsSpec, models_dir: Path) -> list[Package]:
    folder = model_files.verified(spec, models_dir)
    return [_package(spec, part, folder) for part in spec.settings.networks]


def _package(spec: DemucsSpec, part: Network, folder: Path) -> Package:
    try:
        package = read_package(folder / part.file)
    except (WeightFileError, OSError) as error:
        raise ModelUnavailable(f"{spec.slug}: {part.file}: {error}") from error
    found, settings = package.architecture, spec.settings
    expected = settings.architecture(found.sources)
    if set(found.sources) != set(spec.stems):
        raise ModelUnavailable(f"{spec.slug}: {part.file} separates {', '.join(found.sources)}")
    if weight_shapes(found) != weight_shapes(expected) or found.kind != settings.kind:
        raise ModelUnavailable(f"{spec.slug}: {part.file} holds a network of another shape")
    # The transformer of HTDemucs must be given what it was trained with; HDemucs takes whatever it is given.
    if found.kind == "HTDemucs" and int(found.segment * spec.sample_rate) != settings.samples:
        raise ModelUnavailable(f"{spec.slug}: {part.file} expects {float(found.segment)} s at once")
    return package
