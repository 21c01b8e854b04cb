"""How much memory a model takes, how much there is, and with how many threads it fits.

Asked before a model is loaded, so that one that is too big is refused with a sentence, instead of the kernel
killing whatever it likes best.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np

from separation.engines import weights
from separation.engines.modelspec import ModelSpec
from separation.engines.native import engine as native_engine

_MB = 1_000_000
# Measured with ``python -m benchmarks memory``, rounded up: process and decoder, weights, and each thread's
# window. Our own engine says itself what its network takes; TensorFlow keeps two copies of the weights.
_BASE = {"native": 90, "openvino": 245, "tensorflow": 750}
_COPIES = {"openvino": 1, "tensorflow": 2}
_THREAD = {"native": 10, "openvino": 60, "tensorflow": 120}
_THREAD_STEM = {"native": 5, "openvino": 15, "tensorflow": 30}
_UNLIMITED = 1 << 60

EngineKind = Literal["native", "openvino", "tensorflow"]


class NotEnoughMemory(Exception):  # noqa: N818 (part of the public vocabulary)
    """The model does not fit; the message says how much it needs and how much there is."""


def needed_bytes(spec: ModelSpec, threads: int, engine: EngineKind) -> int:
    """The most memory that separating with `spec` takes, decoder included, whatever the song's length."""
    window = (_THREAD[engine] + _THREAD_STEM[engine] * len(spec.stems) * spec.bins / 1024) * _MB
    if engine == "native":
        known = native_engine.weights_bytes(spec) + threads * native_engine.lane_bytes(spec)
    else:
        known = _COPIES[engine] * 4 * sum(int(np.prod(shape)) for shape in weights.shapes(spec).values())
    return int(_BASE[engine] * _MB + known + threads * window)


def fitting_threads(spec: ModelSpec, wanted: int, engine: EngineKind, available: int) -> int:
    """`wanted` threads, or as many as fit into `available` bytes. Raises `NotEnoughMemory` if not even one."""
    for threads in range(wanted, 0, -1):
        if needed_bytes(spec, threads, engine) <= available:
            return threads
    needed = needed_bytes(spec, 1, engine)
    raise NotEnoughMemory(
        f"{spec.slug} needs {-(-needed // _MB)} MB of memory and {available // _MB} MB are available"
    )


def available_bytes(limit: int | None = None, root: Path = Path("/")) -> int:
    """Memory that this process may have, counting what it has: of the machine, its containers, and `limit`.

    Where the system tells nothing of this, there is no bound.
    """
    own = _own_bytes(root)
    free = [_machine_bytes(root), *_container_bytes(root)]
    return min([limit if limit is not None else _UNLIMITED, *(own + bound for bound in free)])


def _own_bytes(root: Path) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int((root / "proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _machine_bytes(root: Path) -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return _UNLIMITED


def _container_bytes(root: Path) -> Iterator[int]:
    """What is left in each control group that this process is in, of version 1 or 2.

    Cached files count as used there, though the kernel gives them back when memory ends.
    """
    for folder, maximum, usage, cached in _groups(root):
        with suppress(OSError, ValueError):
            bound = int((folder / maximum).read_text())  # "max" is no number
            used = int((folder / usage).read_text())
            yield max(0, bound - used + _cached_bytes(folder, cached))


def _cached_bytes(folder: Path, cached: str) -> int:
    for line in (folder / "memory.stat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == cached:
            return int(value)
    return 0


def _groups(root: Path) -> Iterator[tuple[Path, str, str, str]]:
    """(folder, limit, usage, name of the cached bytes) of the process's memory groups and those around them."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            top, files = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(top):
                yield folder, *files
