"""Read a network from a file of Demucs' release: a ``.th`` package, or safetensors as at Hugging Face.

Either holds the class of the network, the arguments of its constructor, and its weights, mostly in float16.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np

from separation.engines import model_files
from separation.engines.demucs.architecture import Architecture, Kind, read_architecture
from separation.engines.demucs.nodes import Array
from separation.engines.demucs.settings import DemucsSpec, Network
from separation.engines.demucs.shapes import weight_shapes
from separation.engines.descriptors import ModelUnavailable
from separation.engines.weightfiles.errors import WeightFileError
from separation.engines.weightfiles.safetensors import read_safetensors
from separation.engines.weightfiles.torch_file import Tensor, as_state, read_torch_file
from separation.engines.weightfiles.unpickling import Name

_CLASSES: dict[str, Kind] = {"demucs.htdemucs.HTDemucs": "HTDemucs", "demucs.hdemucs.HDemucs": "HDemucs"}


@dataclass(frozen=True, slots=True)
class Package:
    """A network: its shape, and its weights as they are in the file."""

    architecture: Architecture
    arguments: Mapping[str, Any]
    """Those of the original's constructor."""
    tensors: dict[str, Tensor]

    def weights(self) -> Mapping[str, Array]:
        """Return the weights; each is converted to float32 when it is taken, so that not all are kept."""
        return _Converted(self.tensors)


class _Converted(Mapping[str, Array]):
    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self._tensors = tensors

    def __getitem__(self, name: str) -> Array:
        return self._tensors[name].astype(np.float32)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def read_package(path: Path) -> Package:
    """Map the file `path`, check that it holds a network as published, and return it.

    Raises `WeightFileError` and OSError.
    """
    name, arguments, tensors = _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    kind = _CLASSES.get(name)
    if kind is None:
        raise WeightFileError(f"the file holds a network of another kind: {name[:80]}")
    architecture = read_architecture(kind, arguments)
    _check(tensors, architecture)
    return Package(architecture, arguments, tensors)


def load_package(spec: DemucsSpec, part: Network, models_dir: Path) -> Package:
    """Return the network `part` of `spec`, verified, and of the shape that `spec` says. Raises `ModelUnavailable`."""
    folder = model_files.verified(spec, models_dir, part.file)
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


def _torch(path: Path) -> tuple[str, dict[str, Any], dict[str, Tensor]]:
    package = read_torch_file(path, classes=_CLASSES)
    match package:
        case {"klass": Name(dotted=name), "args": (), "kwargs": dict(arguments), "state": state}:
            return name, arguments, as_state(state)
    raise WeightFileError("the file is not a package of Demucs")


def _safetensors(path: Path) -> tuple[str, dict[str, Any], dict[str, Tensor]]:
    file = read_safetensors(path)
    try:
        arguments = json.loads(file.metadata["kwargs"], object_hook=_fraction)
        if not isinstance(arguments, dict) or json.loads(file.metadata["args"]) != []:
            raise WeightFileError("the file is not a package of Demucs")
        return file.metadata["klass"], arguments, file.tensors
    except (KeyError, RecursionError, ValueError, TypeError, ZeroDivisionError) as error:
        raise WeightFileError("the file is not a package of Demucs") from error


def _fraction(value: dict[str, Any]) -> Any:
    if value.get("_type") == "fraction":
        return Fraction(cast("int", value["numerator"]), cast("int", value["denominator"]))
    return value


def _check(tensors: dict[str, Tensor], architecture: Architecture) -> None:
    """Raise `WeightFileError` unless `tensors` are those of `architecture`, in shape and type, and finite."""
    expected = weight_shapes(architecture)
    for name in expected.keys() ^ tensors.keys():
        raise WeightFileError(
            f"the file {'lacks' if name in expected else 'has unknown'} weights: {name[:80]}"
        )
    for name, tensor in tensors.items():
        if tensor.shape != expected[name] or tensor.dtype.kind != "f":
            raise WeightFileError(
                f"the weights {name} are {tensor.dtype} {tensor.shape}, not as they should be"
            )
        if not np.isfinite(tensor).all():
            raise WeightFileError(f"the weights {name} are not finite")
