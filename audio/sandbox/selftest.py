"""Try, inside the closed sandbox, what must fail there. Runs in the sandboxed child only."""

import contextlib
import ctypes
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from audio.decoding import reader
from audio.decoding.byte_window import Source
from audio.errors import Unsupported

_EXISTS = str(Path(__file__).resolve())
_WRITABLE = str(Path(tempfile.gettempdir()) / f"sandbox-self-test-{os.getpid()}")
_LIBC = ctypes.CDLL(None, use_errno=True)


def attempts() -> dict[str, bool]:
    """Return ``True`` for each attempt that was refused. Standard input holds an ffconcat script."""
    return {
        "ffconcat": _unsupported(Source(0, 0, os.lseek(0, 0, os.SEEK_END))),
        "open_file": _refused(lambda: os.close(os.open(_EXISTS, os.O_RDONLY))),
        "write_file": _refused(lambda: os.close(os.open(_WRITABLE, os.O_WRONLY | os.O_CREAT))),
        "socket": _refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()),
        "fork": _refused(_fork),
        "exec": _LIBC.execve(b"/nonexistent", None, None) == -1 and ctypes.get_errno() == 1,
    }


def _unsupported(source: Source) -> bool:
    try:
        reader.open_untrusted(source).close()
    except Unsupported:
        return True
    return False


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return True
    return False


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    with contextlib.suppress(OSError):
        os.waitpid(pid, 0)
