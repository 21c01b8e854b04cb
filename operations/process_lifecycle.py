"""Parent and child processes: no process outlives the one that started it (Linux only).

No library does it: psutil finds children when asked, but only the kernel (``prctl``) ends them when their parent is
killed with SIGKILL.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# Process id of the supervisor, so that a child notices if that ended before `exit_with_parent` was called.
SUPERVISOR_PID_VARIABLE = "STEMOTECA_PARENT"


def exit_with_error(sentence: str) -> NoReturn:
    """Exit with status 1 and one line on stderr."""
    sys.exit(f"stemoteca: {sentence}")


def exit_with_parent(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send signal ``number`` to this process when ``parent`` ends; at once if it has ended already."""
    _prctl(_PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def exit_with_supervisor() -> None:
    """Call ``exit_with_parent`` if the supervisor started this process; do nothing if it was started by hand."""
    parent = os.environ.get(SUPERVISOR_PID_VARIABLE, "")
    if parent.isdecimal():
        exit_with_parent(int(parent))


def notify_supervisor() -> None:
    """Ask the supervisor, if there is one, for a recovery run at once (SIGUSR1)."""
    parent = os.environ.get(SUPERVISOR_PID_VARIABLE, "")
    if parent.isdecimal() and os.getppid() == int(parent):
        os.kill(int(parent), signal.SIGUSR1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (subreaper)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def child_pids() -> list[int]:
    """Return the process ids of this process's children."""
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
