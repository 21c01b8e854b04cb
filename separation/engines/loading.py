"""Which software runs a network here, and a network loaded into it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from separation.engines import kernels, weights
from separation.engines.modelspec import ModelSpec
from separation.engines.protocol import Engine

EngineName = Literal["auto", "openvino", "tensorflow"]


def choose(name: EngineName) -> Literal["openvino", "tensorflow"]:
    """The engine that "auto" stands for here: TensorFlow on a CUDA GPU, else OpenVINO where it is installed."""
    if name != "auto":
        return name
    if find_spec("openvino") is None or _sees_gpu():
        return "tensorflow"
    return "openvino"


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

    Raises `ModelUnavailable` before any engine is imported, and ImportError when the engine is not installed.
    """
    if choose(name) == "openvino":
        loaded = kernels.load(spec, models_dir)
        from separation.engines.openvino import OpenVinoEngine  # noqa: PLC0415 (heavy)

        return OpenVinoEngine(spec, loaded, threads=threads)
    variables = weights.load(spec, models_dir)
    from separation.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415 (heavy)

    return TensorFlowEngine(spec, variables, threads=threads)
