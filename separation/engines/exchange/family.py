"""The family of models in exchange formats, as `separation.engines.protocol.Family` describes it."""

from pathlib import Path
from typing import Any

import numpy as np

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

    try:
        return ExchangeEngine(spec, model, threads=threads)
    except RuntimeError as error:  # OpenVINO's
        raise _unavailable(spec, error) from error


def prepare(spec: ExchangeSpec, models_dir: Path, kind: EngineKind) -> None:
    """Load `spec`, and separate one chunk of noise: no other family runs what nobody here has ever run.

    Raises `ModelUnavailable`, ImportError.
    """
    engine = load(spec, models_dir, 1, kind)
    chunk = np.random.default_rng(1).normal(0, 0.1, (2, spec.settings.length)).astype(np.float32)
    stems = np.empty((len(spec.stems), *chunk.shape), dtype=np.float32)
    try:
        engine.slots[0].separate(chunk, stems, is_first=True)
    except (RuntimeError, ValueError) as error:
        raise _unavailable(spec, error) from error
    if not np.isfinite(stems).all():
        raise _unavailable(spec, ValueError("what the network gives for noise is not finite"))


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
        raise _unavailable(spec, error) from error
    return model


def _unavailable(spec: ExchangeSpec, error: Exception) -> ModelUnavailable:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return ModelUnavailable(f"{spec.slug}: {spec.settings.graph}: {lines[-1]}")


def _check(spec: ExchangeSpec, model: Any) -> None:
    """Give `model` its shape. Raises ValueError where it is not as described, and what OpenVINO raises."""
    settings = spec.settings
    sizes = settings.sizes(outputs(spec))
    if len(model.inputs) != 1:
        raise ValueError(f"the network has {len(model.inputs)} inputs instead of one")
    if model.inputs[0].get_element_type().to_string() != "f32":
        raise ValueError(f"the network takes {model.inputs[0].get_element_type().to_string()} instead of f32")
    if model.get_variables():
        raise ValueError("the network keeps a state from one chunk to the next")
    model.reshape(list(settings.input_layout.shape(sizes)))
    count = 1 if "s" in settings.output_layout.axes else outputs(spec)
    if len(model.outputs) != count:
        raise ValueError(f"the network has {len(model.outputs)} outputs instead of {count}")
    expected = list(settings.output_layout.shape(sizes))
    for output in model.outputs:
        found = output.get_partial_shape()
        if found.is_dynamic or list(found.to_shape()) != expected:
            raise ValueError(f"the network gives {found} instead of {expected}")
        if output.get_element_type().to_string() != "f32":
            raise ValueError(f"the network gives {output.get_element_type().to_string()} instead of f32")
