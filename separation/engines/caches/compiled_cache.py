"""Cache networks as OpenVINO compiles them, in files beside the official ones that are mapped into memory.

To build the graph of a large network and to compile it takes several times as long as to read what came out.
"""

import mmap
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from separation.engines import model_files
from separation.engines.caches.derived_file import DerivedFile
from separation.engines.descriptors import ModelSpec, ModelUnavailable
from separation.engines.openvino_runtime import compile_model, import_without_telemetry


@dataclass(frozen=True, slots=True)
class CachedNetwork:
    """What a compiled network is made from."""

    spec: ModelSpec
    models_dir: Path
    file: str
    """The official file that holds its weights."""
    layout: str
    """The version of the graph, with all that it depends on besides the weights."""
    build: Callable[[], Any]
    """Builds the ``openvino.Model``. Raises `ModelUnavailable`."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A network that is ready to run."""

    model: Any
    """The ``openvino.CompiledModel``."""
    _pages: mmap.mmap | None = None
    """What the model reads some of its weights from; it does not keep them itself."""


def load(network: CachedNetwork, config: Mapping[str, Any]) -> Compiled:
    """Return `network`, from its cache where there is one. Raises as its `build`, and `ModelUnavailable`."""
    folder = model_files.folder_of(network.spec, network.models_dir)
    digests = model_files.read_seal(network.spec, folder)
    if digests is None:
        raise ModelUnavailable(f"{network.spec.slug} is not installed")
    source = {network.file: digests[network.file]}
    file = DerivedFile(f"{Path(network.file).stem}.compiled", f"{network.layout}; {_machine()}")
    if kept := file.find(folder, source):
        with suppress(RuntimeError, OSError, ValueError):  # the first is OpenVINO's
            return _mapped(kept, config)
    model = compile_model(network.build(), config)
    try:
        with model.export_model().getbuffer() as exported:
            kept = file.keep(folder, source, exported)
    except OSError:  # a read-only or full disk
        return Compiled(model)
    del model  # freed before it is there a second time
    return _mapped(kept, config)  # which takes less memory


def _machine() -> str:
    """Return what OpenVINO's code for a network depends on."""
    openvino = import_without_telemetry()
    core = openvino.Core()
    abilities = ", ".join(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    return f"OpenVINO {openvino.get_version()}; {core.get_property('CPU', 'FULL_DEVICE_NAME')}; {abilities}"


def _mapped(path: Path, config: Mapping[str, Any]) -> Compiled:
    openvino = import_without_telemetry()
    with path.open("rb") as file:
        # A private map: OpenVINO requires writable memory, though it does not write.
        pages = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    content = openvino.Tensor(np.frombuffer(pages, np.uint8), shared_memory=True)
    model = openvino.Core().import_model(content, "CPU", dict(config))
    pages.madvise(mmap.MADV_DONTNEED)  # most of it was copied; the rest is read again
    return Compiled(model, pages)
