"""The progress of all files of a model together."""

from collections.abc import Callable, Iterator
from pathlib import Path

Progress = Callable[[int, int | None], None]
"""Called with (bytes so far, total bytes or None), many times a second; what it raises ends the fetching."""

_BLOCK = 1 << 18


class Meter:
    """Adds up what has arrived of each file, and reports it."""

    def __init__(self, on_progress: Progress, sizes: dict[str, int | None]) -> None:
        self._on_progress = on_progress
        self._sizes = sizes
        self._arrived = dict.fromkeys(sizes, 0)

    def size(self, name: str, size: int | None) -> None:
        """Take note of the size of a file, where it is known."""
        self._sizes[name] = size if size is not None else self._sizes[name]

    @property
    def total(self) -> int | None:
        """Return the size of all files, None while one is unknown."""
        known = [size for size in self._sizes.values() if size is not None]
        return sum(known) if len(known) == len(self._sizes) else None

    def at(self, name: str, arrived: int) -> None:
        """Report that so much of the file is there."""
        self._arrived[name] = arrived
        self.tick()

    def tick(self) -> None:
        """Report the same again, so that whoever listens knows that work goes on."""
        self._on_progress(sum(self._arrived.values()), self.total)


def read_blocks(path: Path, tick: Callable[[], None]) -> Iterator[bytes]:
    """Yield the contents of a file. Raises OSError."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
            tick()
