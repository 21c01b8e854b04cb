"""The lock of the data folder, which one supervisor holds while an installation runs.

The kernel releases it when that process ends, however that happens.
"""

import fcntl
import os
import time
from pathlib import Path

LOCK_NAME = "run.lock"
ATTEMPTS = 5
RETRY_SECONDS = 0.1


class DataFolderLock:
    """An exclusive lock on ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._descriptor = -1

    def acquire(self) -> bool:
        """Take the lock; return False when another process has it (see ``holder``)."""
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        for _attempt in range(ATTEMPTS):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(RETRY_SECONDS)  # `is_locked` holds it for a moment
                continue
            os.truncate(self._descriptor, 0)
            os.write(self._descriptor, str(os.getpid()).encode())
            return True
        self.release()
        return False

    def holder(self) -> str:
        """Return the process id of who acquired it last, ``""`` if unknown."""
        try:
            return self._path.read_text()
        except OSError:
            return ""

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_locked(folder: Path) -> bool:
    """Return whether a supervisor runs from this data folder now."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
