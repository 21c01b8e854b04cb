"""Which of the three engines runs Spleeter's networks on this machine. PyTorch, which is none of them, means "auto"."""

from importlib.util import find_spec
from pathlib import Path

from separation.engines.protocol import EngineKind, EngineName
from separation.engines.spleeter.native import build

_OURS = ("auto", "torch")
"""Settings that leave the choice to this family."""


def choose(name: EngineName) -> EngineKind:
    """Resolve "auto": TensorFlow if it sees a CUDA GPU, else as `on_processors`. May import TensorFlow."""
    return "tensorflow" if name in _OURS and _sees_gpu() else on_processors(name)


def expected(name: EngineName) -> EngineKind:
    """Resolve "auto" without asking TensorFlow whether it can use the GPU that is there."""
    return "tensorflow" if name in _OURS and _may_see_gpu() else on_processors(name)


def on_processors(name: EngineName) -> EngineKind:
    """Resolve "auto" without looking for a GPU: native if it is built, else OpenVINO if installed, else TensorFlow."""
    match name:
        case "native" | "openvino" | "tensorflow":
            return name
    if build.is_built():
        return "native"
    return "tensorflow" if find_spec("openvino") is None else "openvino"


def describe(name: EngineName) -> str:
    """Say which engine separates here, and why it is not the native one, for the log."""
    kind = expected(name)
    if kind == "native":
        library = build.find()
        origin = "prebuilt" if library and library.parent == build.PREBUILT else "compiled here"
        return f"the native engine ({build.target()}, {origin}: {library})"
    if name in _OURS and not build.is_built():
        return f"{kind}: the native engine is not built (python -m separation.engines.spleeter.native)"
    return kind


def _may_see_gpu() -> bool:
    return any(Path("/dev").glob("nvidia[0-9]*")) and find_spec("tensorflow") is not None


def _sees_gpu() -> bool:
    """Return whether TensorFlow can compute on a GPU. Imports it only where there is an NVIDIA device."""
    if not _may_see_gpu():
        return False
    import tensorflow  # noqa: ICN001 (seconds, but it will be used)

    return bool(tensorflow.config.list_physical_devices("GPU"))
