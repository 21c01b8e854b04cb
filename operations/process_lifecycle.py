"""Parents and children: nobody outlives the process that is responsible for it. (Linux only.)"""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# Tells a child who its parent is, so that it can see whether that died before it could be watched.
PARENT = "STEMOTECA_PARENT"


def refuse(sentence: str) -> NoReturn:
    """Stop the process with one readable line instead of a traceback."""
    sys.exit(f"stemoteca: {sentence}")


def die_with(parent: int, how: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send ``how`` to this process when ``parent`` ends; at once if it has ended already."""
    _prctl(_PR_SET_PDEATHSIG, int(how))
    if os.getppid() != parent:
        os.kill(os.getpid(), how)


def die_with_starter() -> None:
    """As ``die_with``, for a process that the supervisor started; a process started by hand stays free."""
    parent = os.environ.get(PARENT, "")
    if parent.isdecimal():
        die_with(int(parent))


def tell_starter() -> None:
    """Tell the supervisor, if there is one, that something was put right just now and left work behind."""
    parent = os.environ.get(PARENT, "")
    if parent.isdecimal() and os.getppid() == int(parent):
        os.kill(int(parent), signal.SIGUSR1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children() -> list[int]:
    """Process ids of this process's children."""
    found: list[int] = []
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            found += [int(pid) for pid in task.read_text().split()]
        except OSError:
            continue
    return found


def _prctl(option: int, value: int) -> None:
    try:
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
    except (AttributeError, OSError):
        return
