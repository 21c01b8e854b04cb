"""With how many threads a model fits into memory.

Checked before a model is loaded, so that one that is too big is refused with a message; otherwise the kernel
would kill a process of its choice.
"""

from separation.engines.descriptors import ModelSpec
from separation.engines.families import FAMILIES
from separation.engines.protocol import EngineKind

_MB = 1_000_000


class NotEnoughMemory(Exception):  # noqa: N818 (says what is missing)
    """The model does not fit; the message says how much it needs and how much there is."""


def needed_bytes(spec: ModelSpec, threads: int, engine: EngineKind) -> int:
    """Return the most memory that separating with `spec` takes, decoder included, at any length of the song."""
    return FAMILIES[spec.family].needed_bytes(spec, threads, engine)


def fitting_threads(spec: ModelSpec, wanted: int, engine: EngineKind, available: int) -> int:
    """Return `wanted`, or as many threads as fit into `available` bytes. Raises `NotEnoughMemory` if none does."""
    for threads in range(wanted, 0, -1):
        if needed_bytes(spec, threads, engine) <= available:
            return threads
    needed = needed_bytes(spec, 1, engine)
    raise NotEnoughMemory(
        f"{spec.slug} needs {-(-needed // _MB)} MB of memory and {available // _MB} MB are available"
    )
