"""How many processors this process may really use."""

import os
from contextlib import suppress
from pathlib import Path

_MOST = 8
"""More threads than this gain little: a song of three minutes has sixteen windows, and each takes memory."""


def automatic_threads(root: Path = Path("/")) -> int:
    """Threads for a separator that was told no number: the processors it may use, at most 8."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, _MOST, _quota(root)))


def _quota(root: Path) -> int:
    """Whole processors that a container's quota (of control groups 2 or 1) amounts to."""
    groups = root / "sys/fs/cgroup"
    with suppress(OSError, ValueError):
        quota, period = (groups / "cpu.max").read_text().split()  # "max" is no number
        return int(quota) // int(period)
    with suppress(OSError, ValueError):
        quota, period = ((groups / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        if int(quota) > 0:
            return int(quota) // int(period)
    return _MOST
