"""The family of models in exchange formats, as `separation.engines.openvino_family` describes it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from separation.engines import model_files
from separation.engines.chunking import Chunking
from separation.engines.descriptors import ModelUnavailable
from separation.engines.exchange.settings import ExchangeSettings, ExchangeSpec, outputs
from separation.engines.exchange.slots import ExchangeSlot
from separation.engines.openvino_family import OpenVinoFamily
from separation.engines.openvino_runtime import compile_requests, import_without_telemetry
from separation.engines.protocol import EngineKind, WorkerSlot

_COPIES = 2
"""Of the weights, while they are read and compiled."""


class ExchangeFamily(OpenVinoFamily[Any]):
    """Any network that OpenVINO reads; the descriptor says what it takes and gives."""

    SETTINGS = ExchangeSettings

    def read(self, spec: ExchangeSpec, models_dir: Path) -> Any:
        """Return the ``openvino.Model`` for chunks as the descriptor says. Raises `ModelUnavailable`."""
        path = model_files.verified(spec, models_dir) / spec.settings.graph
        openvino = import_without_telemetry()
        weights = path.with_suffix(".bin") if path.suffix == ".xml" else None
        try:
            model = openvino.Core().read_model(path, *([weights] if weights else []))
            _check(spec, model)
        except (RuntimeError, ValueError) as error:  # the first is OpenVINO's
            raise _unavailable(spec, error) from error
        return model

    def chunking(self, spec: ExchangeSpec) -> Chunking:
        """Return the chunks that the descriptor asks for."""
        return spec.settings.chunking

    def slots(self, spec: ExchangeSpec, loaded: Any, threads: int) -> Sequence[WorkerSlot]:
        """Compile the network. Raises `ModelUnavailable`."""
        try:
            requests = compile_requests(loaded, threads)
        except RuntimeError as error:  # OpenVINO's
            raise _unavailable(spec, error) from error
        return [ExchangeSlot(spec.settings, request, outputs(spec)) for request in requests]

    def prepare(self, spec: ExchangeSpec, models_dir: Path, kind: EngineKind) -> None:
        """Load `spec`, and separate one chunk of noise: no other family runs what nobody here has ever run.

        Raises `ModelUnavailable`, ImportError.
        """
        engine = self.load(spec, models_dir, 1, kind)
        chunk = np.random.default_rng(1).normal(0, 0.1, (2, spec.settings.length)).astype(np.float32)
        stems = np.empty((len(spec.stems), *chunk.shape), dtype=np.float32)
        try:
            engine.slots[0].separate(chunk, stems, is_first=True)
        except (RuntimeError, ValueError) as error:
            raise _unavailable(spec, error) from error
        if not np.isfinite(stems).all():
            raise _unavailable(spec, ValueError("what the network gives for noise is not finite"))

    def weights_bytes(self, spec: ExchangeSpec) -> int:
        """Return what the files take."""
        return _COPIES * sum(file.size or 0 for file in spec.files)

    def slot_bytes(self, spec: ExchangeSpec) -> int:
        """Return what a chunk takes as the descriptor says, and its stems."""
        settings = spec.settings
        return settings.chunk_mb * 1_000_000 + 3 * 4 * 2 * settings.length * len(spec.stems)


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
