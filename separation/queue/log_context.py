"""Which separation this thread works on, for its log lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

separation_id: ContextVar[str] = ContextVar("separation_id", default="")


@contextmanager
def log_separation(identity: object) -> Iterator[None]:
    """Name the separation ``identity`` in every log line of this block. May be nested."""
    token = separation_id.set(str(identity))
    try:
        yield
    finally:
        separation_id.reset(token)
