"""A model's weights as our network wants them: kernels [out, in, height, width], aligned, and
mapped from a file.

An official checkpoint is converted once, into ``kernels.f32`` beside it: the arrays one after the other in the
order of ``weights.shapes``. Mapped instead of read, they cost no memory of their own: OpenVINO packs each kernel
for the processor at hand, after which `Kernels.drop_pages` gives back what was read from the file.
"""

import json
import mmap
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from catalog.audio.identity import checksum
from separation.engines import modelspec, weights
from separation.engines.modelspec import ModelSpec, ModelUnavailable
from separation.engines.weights import Array, Weights

FILE = "kernels.f32"
SEAL = "kernels.json"
_LAYOUT = 6
_ALIGNMENT = 64
_DROP_SECONDS = 0.02


class Kernels(Mapping[str, Array]):
    """Arrays by the names that `weights` gives them."""

    def __init__(self, arrays: dict[str, Array], drop_pages: Callable[[], None]) -> None:
        self._arrays = arrays
        self.drop_pages = drop_pages
        """Give back the memory of pages that were read from the file; who looks again reads them again."""

    @contextmanager
    def few_pages(self) -> Iterator[None]:
        """Gives pages back again and again, while they are read one after the other."""
        done = threading.Event()

        def drop() -> None:
            while not done.wait(_DROP_SECONDS):
                self.drop_pages()

        dropper = threading.Thread(target=drop, name="kernels")
        dropper.start()
        try:
            yield
        finally:
            done.set()
            dropper.join()
            self.drop_pages()

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def load(spec: ModelSpec, models_dir: Path) -> Kernels:
    """The weights of `spec`, verified by checksum and arranged. Raises `ModelUnavailable` as `weights.load`."""
    if spec.bundled:
        return arranged(weights.load(spec, models_dir))
    folder = models_dir / spec.weights
    digests = modelspec.read_seal(folder)
    if digests is None:
        raise ModelUnavailable(f"{spec.slug} is not installed")
    with suppress(OSError, ValueError, KeyError, TypeError):  # not converted yet, or by another release
        if _is_conversion_of(folder, digests):
            return _mapped(spec, folder / FILE)
    loaded = weights.load(spec, models_dir)
    try:
        _convert(spec, loaded, folder, digests)
        return _mapped(spec, folder / FILE)
    except OSError:  # a read-only or full disk
        return arranged(loaded)


def arranged(loaded: Weights) -> Kernels:
    """The same weights in memory."""
    return Kernels({name: _arranged(array) for name, array in loaded.items()}, lambda: None)


def _arranged(array: Array) -> Array:
    """TensorFlow's [height, width, in, out] (transposed: [.., out, in]) to [out, in, ..] ([in, out, ..])."""
    if array.ndim != 4:
        return np.array(array, dtype=np.float32)  # which may be written to: OpenVINO asks for such
    return np.array(array.transpose(3, 2, 0, 1), dtype=np.float32, order="C")


def _arranged_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) != 4:
        return shape
    return shape[3], shape[2], shape[0], shape[1]


def _offsets(spec: ModelSpec) -> tuple[dict[str, tuple[int, tuple[int, ...]]], int]:
    """Where each array lies: {name: (byte offset, shape)}, and the size of the file."""
    offsets, end = {}, 0
    for name, shape in weights.shapes(spec).items():
        offsets[name] = end, _arranged_shape(shape)
        end += -(-4 * int(np.prod(offsets[name][1])) // _ALIGNMENT) * _ALIGNMENT
    return offsets, end


def _mapped(spec: ModelSpec, path: Path) -> Kernels:
    offsets, size = _offsets(spec)
    with path.open("rb") as file:
        # A private map: OpenVINO asks for memory that it could write to, though it does not write.
        pages = mmap.mmap(file.fileno(), size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    arrays = {
        name: np.frombuffer(pages, np.float32, int(np.prod(shape)), offset).reshape(shape)
        for name, (offset, shape) in offsets.items()
    }
    return Kernels(arrays, lambda: pages.madvise(mmap.MADV_DONTNEED))


def _convert(spec: ModelSpec, loaded: Weights, folder: Path, source: dict[str, str]) -> None:
    """Write the arranged weights beside the checkpoint, and a seal that says what they were made from."""
    offsets, size = _offsets(spec)
    descriptor, partial = tempfile.mkstemp(dir=folder, prefix=f".{FILE}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for name, (offset, _shape) in offsets.items():
                file.seek(offset)
                file.write(_arranged(loaded[name]).data)
            file.truncate(size)
            file.flush()
            os.fsync(file.fileno())
        digest = checksum(Path(partial))
        Path(partial).chmod(0o644)  # whoever may read the checkpoint may read this
        Path(partial).replace(folder / FILE)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    seal = {"layout": _LAYOUT, "source": source, "sha256": digest}
    (folder / (SEAL + ".part")).write_text(json.dumps(seal, indent=1))
    (folder / (SEAL + ".part")).replace(folder / SEAL)


def _is_conversion_of(folder: Path, source: dict[str, str]) -> bool:
    """Raises what reading and parsing raise."""
    seal = json.loads((folder / SEAL).read_text())
    if seal["layout"] != _LAYOUT or seal["source"] != source:
        return False
    return bool(checksum(folder / FILE) == seal["sha256"])
