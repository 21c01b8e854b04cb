"""Which software runs a network here, and a network loaded into it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from separation.engines import weights
from separation.engines.memory import EngineKind
from separation.engines.modelspec import ModelSpec
from separation.engines.native import engine as native_engine
from separation.engines.native import library
from separation.engines.openvino import weights as openvino_weights
from separation.engines.protocol import Engine

EngineName = Literal["auto", EngineKind]


def choose(name: EngineName) -> EngineKind:
    """The engine that "auto" stands for here: TensorFlow on a CUDA GPU, else see `on_processors`."""
    return "tensorflow" if name == "auto" and _sees_gpu() else on_processors(name)


def on_processors(name: EngineName) -> EngineKind:
    """The same without looking for a GPU: our own where it is built, else OpenVINO where it is installed."""
    if name != "auto":
        return name
    if library.is_built():
        return "native"
    return "tensorflow" if find_spec("openvino") is None else "openvino"


def _sees_gpu() -> bool:
    """Whether TensorFlow can compute on a GPU. Costs nothing where there is no NVIDIA device."""
    if not any(Path("/dev").glob("nvidia[0-9]*")) or find_spec("tensorflow") is None:
        return False
    import tensorflow  # noqa: ICN001 (seconds, but it will be used)

    return bool(tensorflow.config.list_physical_devices("GPU"))


def load_engine(
    spec: ModelSpec,
    models_dir: Path,
    *,
    name: EngineName = "auto",
    threads: int = 1,
) -> Engine:
    """Load `spec` into the engine called `name`, see `choose`.

    Raises `ModelUnavailable` before any engine is imported, ImportError when the engine is not installed, and
    `NotBuilt`.
    """
    kind = choose(name)
    if kind == "native":
        return native_engine.NativeEngine(spec, native_engine.load(spec, models_dir), threads=threads)
    if kind == "openvino":
        loaded = openvino_weights.load(spec, models_dir)
        from separation.engines.openvino.engine import OpenVinoEngine  # noqa: PLC0415 (heavy)

        return OpenVinoEngine(spec, loaded, threads=threads)
    variables = weights.load(spec, models_dir)
    from separation.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415 (heavy)

    return TensorFlowEngine(spec, variables, threads=threads)


def prepare(spec: ModelSpec, models_dir: Path) -> None:
    """Read the whole model once, and convert it for the engine that will run it. Raises as `load_engine`."""
    match choose("auto"):
        case "native":
            native_engine.load(spec, models_dir)
        case "openvino":
            openvino_weights.load(spec, models_dir)
        case "tensorflow":
            weights.load(spec, models_dir)
