"""The one separator of a worker process: opened for the first song, kept warm, killed when told to stop."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings

from audio.types import Limits
from separation.separator.client import Separator

# A warm model costs memory; after so long without a song it goes.
WARM_SECONDS = 600.0


class Desk:
    """The one separator of this process, and whether the process has been told to stop."""

    def __init__(self) -> None:
        self.draining = False
        self.separator: Separator | None = None
        self.pid = os.getpid()
        self._seated = 0
        self._clearing: threading.Timer | None = None

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Somebody works here; a second one may do so in between. When the last one leaves, the desk is
        cleared later, unless another song comes."""
        self._seated += 1
        try:
            yield
        finally:
            self._seated -= 1
            if not self._seated:
                self._leave()

    def open(self) -> Separator:
        """The warm separator, or a new one (never one inherited from the process that forked this one)."""
        if self._clearing:
            self._clearing.cancel()
        if self.separator is None or self.pid != os.getpid():
            self.pid = os.getpid()
            self.separator = Separator(
                models_dir=settings.MODELS_DIR,
                engine=settings.SEPARATOR_ENGINE,
                threads=settings.SEPARATOR_THREADS,
                memory_limit=settings.SEPARATOR_MEMORY,
                limits=Limits(max_seconds=settings.MAX_SECONDS, max_bytes=settings.MAX_UPLOAD_BYTES),
            )
        return self.separator

    def kill(self) -> None:
        """End whatever the separator is doing, at once. Safe in a signal handler and in another thread."""
        pid = self.separator.pid if self.separator and self.pid == os.getpid() else None
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _leave(self) -> None:
        if self.separator:
            self._clearing = threading.Timer(WARM_SECONDS, self.separator.close)
            self._clearing.daemon = True
            self._clearing.start()

    def clear(self) -> None:
        if self._clearing:
            self._clearing.cancel()
        if self.separator:
            self.separator.close()


desk = Desk()


def drain() -> None:
    """Stop soon: the song in work is handed back at once, and no other is taken."""
    desk.draining = True
    desk.kill()
