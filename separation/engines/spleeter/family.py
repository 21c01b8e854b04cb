"""The family of Spleeter's models, as `separation.engines.protocol.Family` describes it."""

from pathlib import Path

from separation.engines.protocol import Engine, EngineKind, EngineName
from separation.engines.spleeter import engine_choice, memory, weights
from separation.engines.spleeter.native import engine as native_engine
from separation.engines.spleeter.openvino import weights as openvino_weights
from separation.engines.spleeter.settings import SpleeterSettings, SpleeterSpec


class SpleeterFamily:
    """Three engines run its networks, see `engine_choice`."""

    SETTINGS = SpleeterSettings

    def choose(self, name: EngineName, *, look_for_gpu: bool) -> EngineKind:
        """Resolve "auto", see `engine_choice`."""
        return engine_choice.choose(name) if look_for_gpu else engine_choice.on_processors(name)

    def load(self, spec: SpleeterSpec, models_dir: Path, threads: int, kind: EngineKind) -> Engine:
        """Load `spec`. Raises `ModelUnavailable`, ImportError, `NotBuilt`."""
        if kind == "native":
            return native_engine.NativeEngine(spec, native_engine.load(spec, models_dir), threads=threads)
        if kind == "openvino":
            arranged = openvino_weights.load(spec, models_dir)
            from separation.engines.spleeter.openvino.engine import OpenVinoEngine  # noqa: PLC0415 (heavy)

            return OpenVinoEngine(spec, arranged, threads=threads)
        variables = weights.load(spec, models_dir)
        from separation.engines.spleeter.tensorflow import TensorFlowEngine  # noqa: PLC0415 (heavy)

        return TensorFlowEngine(spec, variables, threads=threads)

    def prepare(self, spec: SpleeterSpec, models_dir: Path, kind: EngineKind) -> None:
        """Read the weights of `spec`, and convert them for `kind`. Raises as `load`."""
        match kind:
            case "native":
                native_engine.load(spec, models_dir)
            case "openvino":
                openvino_weights.load(spec, models_dir)
            case "tensorflow":
                weights.load(spec, models_dir)

    def needed_bytes(self, spec: SpleeterSpec, threads: int, kind: EngineKind) -> int:
        """Return the most memory that separating with `spec` takes."""
        return memory.needed_bytes(spec, threads, kind)
