"""What the child processes that run models have in common: their environment, and that they end with their parent."""

import contextlib
import ctypes
import os
import signal
from pathlib import Path

from separation.engines.spleeter.native.build import data_folder

ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1


def environment() -> dict[str, str]:
    """Return the environment of such a process."""
    return os.environ | {
        "OMP_NUM_THREADS": "1",  # chunks run in parallel, not the loops within one
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "STEMOTECA_DATA": str(data_folder()),  # absolute: the child works in another directory
    }


def end_with(parent: int) -> None:
    """Have this process killed when the thread of `parent` that started it ends, and first where memory is out."""
    libc = ctypes.CDLL(None, use_errno=True)
    with contextlib.suppress(AttributeError):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before prctl
        os._exit(1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # the OOM killer's first choice


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process, 0 if that is unknown."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except OSError:  # it has just ended, or this is no Linux
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
