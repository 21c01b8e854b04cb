"""Our separator process under the clock: cold, warm, its memory, and how soon it has something to play."""

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.measure import Cost, peak_mb, watched
from benchmarks.songs import RATE
from separation.separator.client import Separator

SEGMENT = 524_288


class _Enough(Exception):  # noqa: N818 (not an error)
    """What was to be measured is measured."""


class Ours:
    """The separator process as a worker keeps it."""

    def __init__(self, models_dir: Path, *, threads: int = 0) -> None:
        self._separator = Separator(models_dir=models_dir, threads=threads)

    def cold(self, slug: str, song: Path, samples: int) -> Cost:
        """Process start, loading, separating, files written."""
        self._separator.close()
        return self.warm(slug, song, samples)

    def warm(self, slug: str, song: Path, samples: int) -> Cost:
        """The same with what is there: after `cold`, everything but the song."""

        def work() -> None:
            with tempfile.TemporaryDirectory() as folder:
                self._separator.separate(
                    song, slug, Path(folder), on_progress=_ignored, expected_samples=samples
                )

        return watched(lambda: self._separator.pid, work)

    def first_segment(self, slug: str, song: Path, samples: int) -> float:
        """Seconds from the request to the first complete segment; the separation ends there."""
        started = time.perf_counter()
        found = 0.0

        def segments(count: int) -> None:
            nonlocal found
            if count and not found:
                found = time.perf_counter() - started

        with tempfile.TemporaryDirectory() as folder:
            self._separator.separate(
                song,
                slug,
                Path(folder),
                on_progress=_ignored,
                on_segments=segments,
                expected_samples=samples,
            )
        return found

    def peak_until(self, slug: str, song: Path, samples: int, seconds: float) -> float:
        """The most memory, in MB, of a new process until so many seconds of the song are separated."""
        peak = 0.0

        def watch(fraction: float) -> None:
            nonlocal peak
            pid = self._separator.pid
            peak = max(peak, peak_mb(pid)) if pid else peak
            if fraction * samples >= seconds * RATE:
                raise _Enough

        self._separator.close()
        with tempfile.TemporaryDirectory() as folder, suppress(_Enough):
            self._separator.separate(song, slug, Path(folder), on_progress=watch, expected_samples=samples)
        return peak

    def idle_cpu(self, seconds: float) -> float:
        """CPU seconds that the idle process spends in `seconds`."""
        return watched(lambda: self._separator.pid, lambda: time.sleep(seconds)).cpu

    def resident_mb(self) -> float:
        """What the idle process keeps."""
        with suppress(OSError):
            pages = Path(f"/proc/{self._separator.pid}/statm").read_text().split()[1]
            return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
        return 0.0

    def close(self) -> None:
        """End the process."""
        self._separator.close()


def _ignored(fraction: float) -> None:
    """Progress that nobody follows."""
