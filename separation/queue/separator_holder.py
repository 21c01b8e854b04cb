"""The one separator of a worker process: opened for the first song, kept warm, killed when told to stop."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings

from audio.types import Limits
from separation.separator.client import Separator

# A warm model costs memory; it is closed after so long without a song.
IDLE_SECONDS = 600.0


class SeparatorHolder:
    """Holds the separator of this process. ``draining``: the process has been told to stop."""

    def __init__(self) -> None:
        self.draining = False
        self.separator: Separator | None = None
        self.pid = os.getpid()
        self._users = 0
        self._idle_timer: threading.Timer | None = None

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the separator open; may be nested. After the last use it is closed later, unless another song comes."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._close_when_idle()

    def open(self) -> Separator:
        """Return the warm separator, or a new one (never one inherited from the process that forked this one)."""
        if self._idle_timer:
            self._idle_timer.cancel()
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
        """Kill the separator process at once. Safe in a signal handler and in another thread."""
        pid = self.separator.pid if self.separator and self.pid == os.getpid() else None
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        if self._idle_timer:
            self._idle_timer.cancel()
        if self.separator:
            self.separator.close()

    def _close_when_idle(self) -> None:
        if self.separator:
            self._idle_timer = threading.Timer(IDLE_SECONDS, self.separator.close)
            self._idle_timer.daemon = True
            self._idle_timer.start()


holder = SeparatorHolder()


def drain() -> None:
    """Stop soon: the current song is handed back at once, and no other is claimed."""
    holder.draining = True
    holder.kill()
