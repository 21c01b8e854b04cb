"""Two songs: one after the other, one between the chunks of the other, and both at once."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks import songs
from benchmarks.measure import Cost, typical, watched
from separation.separator.client import Separator

_LONG_SECONDS, _SHORT_SECONDS = 300, 120


def compare(cache: Path, models_dir: Path, slug: str, rounds: int) -> dict[str, Cost]:
    """CPU and wall seconds of each arrangement, on two cores; all separators are warm."""
    long, short = (songs.ensure(cache, seconds) for seconds in (_LONG_SECONDS, _SHORT_SECONDS))
    costs: dict[str, list[Cost]] = {"one after the other": [], "one in between": [], "both at once": []}
    with ExitStack() as stack:
        wide = stack.enter_context(Separator(models_dir=models_dir, threads=2))
        narrow = [stack.enter_context(Separator(models_dir=models_dir, threads=1)) for _ in range(2)]
        for separator in (wide, *narrow):
            _separate(separator, songs.ensure(cache, 30), slug)
        for _ in range(rounds):
            costs["one after the other"].append(
                watched(lambda: wide.pid, lambda: _both(wide, long, short, slug))
            )
            costs["one in between"].append(
                watched(lambda: wide.pid, lambda: _between(wide, long, short, slug))
            )
            with ThreadPoolExecutor(2) as pool:
                parts = list(pool.map(partial(_alone, slug=slug), narrow, (long, short)))
            costs["both at once"].append(
                Cost(
                    sum(part.cpu for part in parts),
                    max(part.wall for part in parts),
                    sum(part.peak for part in parts),
                )
            )
    return {kind: typical(values) for kind, values in costs.items()}


def _alone(separator: Separator, song: Path, *, slug: str) -> Cost:
    return watched(lambda: separator.pid, lambda: _separate(separator, song, slug))


def _separate(separator: Separator, song: Path, slug: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        separator.separate(song, slug, Path(folder), on_progress=_ignored)


def _both(separator: Separator, long: Path, short: Path, slug: str) -> None:
    _separate(separator, long, slug)
    _separate(separator, short, slug)


def _between(separator: Separator, long: Path, short: Path, slug: str) -> None:
    done: list[float] = []

    def progress(fraction: float) -> None:
        if fraction > 0 and not done:
            done.append(fraction)
            _separate(separator, short, slug)

    with tempfile.TemporaryDirectory() as folder:
        separator.separate(long, slug, Path(folder), on_progress=progress)


def _ignored(fraction: float) -> None:
    """Progress that nobody follows."""
