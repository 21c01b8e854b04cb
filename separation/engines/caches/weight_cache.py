"""Cache a model's weights in an engine's own layout, in a file beside the official ones that is mapped into memory.

The map is shared by all processes that use the model, and the system can reclaim its memory without writing
it out.
"""

import mmap
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from separation.engines import model_files
from separation.engines.caches.derived_file import DerivedFile
from separation.engines.descriptors import ModelSpec, ModelUnavailable

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[np.float32]
Weights = Mapping[str, Array]
"""A model's weights as its family reads them: arrays by name."""


@dataclass(frozen=True, slots=True)
class Form:
    """An engine's layout of weights: an array of float32, filled from the weights as they are read."""

    name: str
    """The file is called ``<name>.f32``."""
    layout: str
    """The version of the layout; another one makes the file invalid."""
    floats: Callable[[ModelSpec], int]
    read: Callable[[ModelSpec, Path], Weights]
    """Reads the weights, verified and complete. Raises `ModelUnavailable`."""
    fill: Callable[[ModelSpec, Weights, Floats], None]
    """Writes into an array of zeros."""

    @property
    def file(self) -> DerivedFile:
        """Return the file beside the official ones."""
        return DerivedFile(f"{self.name}.f32", self.layout)


@dataclass(frozen=True, slots=True)
class Converted:
    """Weights in an engine's layout."""

    floats: Floats
    drop_pages: Callable[[], None]
    """Free the memory of pages that were read from the file; they are read again on access."""


def load(spec: ModelSpec, models_dir: Path, form: Form) -> Converted:
    """Load the weights of `spec` as `form`, verified by checksum. Raises `ModelUnavailable`."""
    if spec.bundled:
        return in_memory(spec, form.read(spec, models_dir), form)
    folder = model_files.folder_of(spec, models_dir)
    digests = model_files.read_seal(spec, folder)
    if digests is None:
        raise ModelUnavailable(f"{spec.slug} is not installed")
    if kept := form.file.find(folder, digests):
        with suppress(OSError, ValueError):
            return _mapped(spec, kept, form)
    converted = in_memory(spec, form.read(spec, models_dir), form)
    try:
        return _mapped(spec, form.file.keep(folder, digests, converted.floats.data), form)
    except OSError:  # a read-only or full disk
        return converted


def in_memory(spec: ModelSpec, loaded: Weights, form: Form) -> Converted:
    """Convert weights that are in memory."""
    floats = zeros(form.floats(spec))
    form.fill(spec, loaded, floats)
    return Converted(floats, lambda: None)


def zeros(count: int) -> Floats:
    """Return `count` zeros, float32, page-aligned, whose memory is returned to the system when they are freed."""
    pages = mmap.mmap(-1, max(1, count) * 4)
    if hasattr(mmap, "MADV_HUGEPAGE"):  # Linux; fewer TLB misses save a network 5 % of its time
        with suppress(OSError):  # a kernel without them
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, np.float32, count)


def _mapped(spec: ModelSpec, path: Path, form: Form) -> Converted:
    count = form.floats(spec)
    with path.open("rb") as file:
        # A private map: OpenVINO requires writable memory, though it does not write.
        protection = mmap.PROT_READ | mmap.PROT_WRITE
        pages = mmap.mmap(file.fileno(), count * 4, flags=mmap.MAP_PRIVATE, prot=protection)
    return Converted(np.frombuffer(pages, np.float32), lambda: pages.madvise(mmap.MADV_DONTNEED))
