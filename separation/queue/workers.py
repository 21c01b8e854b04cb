"""Names of worker processes, and whether such a process is still alive."""

import hashlib
import os
import secrets
import socket
from functools import cache
from pathlib import Path

from separation.models import ModelInstallation, Separation, Status


def new_owner() -> str:
    """Make a name for this process and one claim: ``host/pid/start time/nonce``."""
    return f"{host()}/{os.getpid()}/{process_started(os.getpid()) or 0}/{secrets.token_hex(4)}"


def process_of(owner: str) -> str:
    """Return the process part of ``owner``, which is the same for all claims of one process."""
    return owner.rpartition("/")[0]


@cache
def host() -> str:
    """Identify this process table: equal for all processes that see each other's ids."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        table = f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        table = secrets.token_hex(16)  # no table can be identified, so no owner may ever be declared dead
    name = "".join(c for c in socket.gethostname() if c.isalnum() or c in "-.")[:20]
    return f"{hashlib.sha256(table.encode()).hexdigest()[:12]}@{name}"


def process_started(pid: int) -> int | None:
    """Return when process ``pid`` started, in clock ticks since boot; None when there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def busy_workers() -> set[str]:
    """Return the processes, on all machines, that separate or install something; one may work on two songs."""
    separating = Separation.objects.filter(status=Status.RUNNING)
    installing = ModelInstallation.objects.filter(state=ModelInstallation.State.RUNNING)
    owners = [
        *separating.values_list("owner", flat=True),
        *installing.values_list("owner", flat=True),
    ]
    return {process_of(owner) for owner in owners}


def is_dead(owner: str) -> bool:
    """Whether the process behind ``owner`` certainly no longer exists. False also means: unknown from here."""
    node, _, rest = owner.partition("/")
    if not rest or node != host() or process_started(os.getpid()) is None:
        return False
    pid, started, _nonce = rest.split("/")
    return started != "0" and process_started(int(pid)) != int(started)
