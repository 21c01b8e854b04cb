"""Processors and memory that this process may use: of the machine, and of the containers around it.

The only reader of these in Stemoteca. ``root`` is where the system's files are; tests give another one.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_ROOT = Path("/")
_UNLIMITED = 1 << 60


def cores(root: Path = _ROOT) -> int:
    """Return the processors that this process may use; a container's quota is rounded to whole ones."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, _quota(root) or allowed))


def total_memory(root: Path = _ROOT) -> int:
    """Return the bytes of memory of this machine, or of the smallest container around this process."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for limit, _ in _container_memory(root))])


def available_memory(limit: int | None = None, root: Path = _ROOT) -> int:
    """Return the bytes of memory that this process may have in all, including what it has, at most `limit`.

    Where the system tells nothing, there is no bound.
    """
    own = _own_memory(root)
    free = [_machine_available(root), *(free for _, free in _container_memory(root))]
    return min([limit if limit is not None else _UNLIMITED, *(own + bound for bound in free)])


def _quota(root: Path) -> int | None:
    """Return the processors that a container's quota (control groups 2 or 1) amounts to, None without a quota."""
    groups = root / "sys/fs/cgroup"
    with suppress(OSError, ValueError):
        quota, period = (groups / "cpu.max").read_text().split()  # "max" is no number
        return max(1, round(int(quota) / int(period)))
    with suppress(OSError, ValueError):
        quota, period = ((groups / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        if int(quota) > 0:
            return max(1, round(int(quota) / int(period)))
    return None


def _own_memory(root: Path) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int((root / "proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _machine_available(root: Path) -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return _UNLIMITED


def _container_memory(root: Path) -> Iterator[tuple[int, int]]:
    """Yield (limit, free) in bytes for each control group around this process, of version 1 or 2, that has a limit.

    Cached files count as used there, but the kernel frees them when memory is short.
    """
    for folder, maximum, usage, cached in _memory_groups(root):
        with suppress(OSError, ValueError):
            limit = int((folder / maximum).read_text())  # "max" is no number
            used = int((folder / usage).read_text())
            yield limit, max(0, limit - used + _cached_bytes(folder, cached))


def _cached_bytes(folder: Path, cached: str) -> int:
    for line in (folder / "memory.stat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == cached:
            return int(value)
    return 0


def _memory_groups(root: Path) -> Iterator[tuple[Path, str, str, str]]:
    """Yield (folder, limit, usage, name of the cached bytes) of the process's memory groups and those around them."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            top, files = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(top):
                yield folder, *files
