"""The family of models in exchange formats, as `separation.engines.protocol.Family` describes it."""

from pathlib import Path
from typing import Any

from separation.engines import model_files
from separation.engines.descriptors import ModelUnavailable
from separation.engines.exchange.settings import ExchangeSettings, ExchangeSpec, outputs
from separation.engines.openvino_runtime import import_without_telemetry
from separation.engines.protocol import Engine, EngineKind, EngineName

SETTINGS = ExchangeSettings

_BASE = 270_000_000
_COPIES = 2
"""Of the weights, while they are read and compiled."""


def choose(name: EngineName, *, look_for_gpu: bool) -> EngineKind:  # noqa: ARG001 (there is one)
    """Return OpenVINO, the only engine of this family."""
    return "openvino"


def load(spec: ExchangeSpec, models_dir: Path, threads: int, kind: EngineKind) -> Engine:  # noqa: ARG001
    """Load `spec`. Raises `ModelUnavailable`, ImportError."""
    model = _read(spec, models_dir)
    from separation.engines.exchange.engine import ExchangeEngine  # noqa: PLC0415 (heavy)

    return ExchangeEngine(spec, model, threads=threads)


def prepare(spec: ExchangeSpec, models_dir: Path, kind: EngineKind) -> None:  # noqa: ARG001
    """Read the files of `spec`, and compare them with its descriptor. Raises `ModelUnavailable`, ImportError."""
    _read(spec, models_dir)


def needed_bytes(spec: ExchangeSpec, threads: int, kind: EngineKind) -> int:  # noqa: ARG001
    """Return the most memory that separating with `spec` takes."""
    settings = spec.settings
    files = sum(file.size or 0 for file in spec.files)
    stems = 4 * 2 * settings.length * len(spec.stems)
    return _BASE + _COPIES * files + threads * (settings.chunk_mb * 1_000_000 + 3 * stems)


def _read(spec: ExchangeSpec, models_dir: Path) -> Any:
    """Return the ``openvino.Model`` for chunks as the descriptor says."""
    path = model_files.verified(spec, models_dir) / spec.settings.graph
    openvino = import_without_telemetry()
    weights = path.with_suffix(".bin") if path.suffix == ".xml" else None
    try:
        model = openvino.Core().read_model(path, *([weights] if weights else []))
        _check(spec, model)
    except (RuntimeError, ValueError) as error:  # the first is OpenVINO's
        reason = str(error).strip().splitlines()[-1]
        raise ModelUnavailable(f"{spec.slug}: {path.name}: {reason}") from error
    return model


def _check(spec: ExchangeSpec, model: Any) -> None:
    """Give `model` its shape. Raises ValueError where it is not as described, and what OpenVINO raises."""
    settings = spec.settings
    sizes = settings.sizes(outputs(spec))
    if len(model.inputs) != 1:
        raise ValueError(f"the network has {len(model.inputs)} inputs instead of one")
    model.reshape(list(settings.input_layout.shape(sizes)))
    count = 1 if "s" in settings.output_layout.axes else outputs(spec)
    if len(model.outputs) != count:
        raise ValueError(f"the network has {len(model.outputs)} outputs instead of {count}")
    expected = list(settings.output_layout.shape(sizes))
    for output in model.outputs:
        found = output.get_partial_shape()
        if found.is_dynamic or list(found.to_shape()) != expected:
            raise ValueError(f"the network gives {found} instead of {expected}")
