"""Load a model into an engine, whatever its family."""

from pathlib import Path

from separation.engines.descriptors import ModelSpec
from separation.engines.families import FAMILIES
from separation.engines.protocol import Engine, EngineKind, EngineName


def choose(spec: ModelSpec, name: EngineName) -> EngineKind:
    """Return the kind of engine that runs `spec` on this machine. May import TensorFlow to look for a GPU."""
    return FAMILIES[spec.family].choose(name, look_for_gpu=True)


def on_processors(spec: ModelSpec, name: EngineName) -> EngineKind:
    """Return the kind of engine that runs `spec` on this machine where there is no GPU."""
    return FAMILIES[spec.family].choose(name, look_for_gpu=False)


def load_engine(
    spec: ModelSpec,
    models_dir: Path,
    *,
    name: EngineName = "auto",
    threads: int = 1,
) -> Engine:
    """Load `spec` into the engine called `name`, see `choose`.

    Raises `ModelUnavailable`, ImportError when the engine is not installed, and what else the family's ``load``
    raises.
    """
    return FAMILIES[spec.family].load(spec, models_dir, threads, choose(spec, name))


def prepare(spec: ModelSpec, models_dir: Path, name: EngineName = "auto") -> None:
    """Read the whole model once, and convert it for the engine that will run it. Raises as `load_engine`."""
    FAMILIES[spec.family].prepare(spec, models_dir, choose(spec, name))
