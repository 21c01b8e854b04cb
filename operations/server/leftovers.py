"""Temporary files of uploads that a killed process has left behind."""

import os
from pathlib import Path


def remove_leftovers(folder: Path) -> None:
    """Remove the files in ``folder`` whose names begin with the id of this process or of one that has ended."""
    for path in folder.iterdir():
        pid = path.name.partition("-")[0]
        if pid.isdecimal() and not (int(pid) != os.getpid() and _runs(int(pid))):
            path.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
