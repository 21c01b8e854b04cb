"""Files of uploads that a process could not remove because it was killed."""

import os
from pathlib import Path


def remove_leftovers(folder: Path) -> None:
    """Remove the files in ``folder`` whose names begin with a process that no longer runs, or with this one."""
    for path in folder.iterdir():
        pid = path.name.partition("-")[0]
        if pid.isdecimal() and not (int(pid) != os.getpid() and _runs(int(pid))):
            path.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
