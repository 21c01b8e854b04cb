"""Sandboxed child processes: untrusted audio is read only where nothing but computing is possible.

Parent: ``Child`` has the fork server start one with the opened file as its standard input, reads its pipe with a
deadline, and kills it. Child: ``enter()``, then ``seal()``; only then it reads.
"""

import contextlib
import json
import logging
import mmap
import os
import resource
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from audio.errors import ProbeFailed
from audio.sandbox import seccomp
from audio.sandbox.fork_server import CANNOT_START, fork_server
from audio.types import Limits

logger = logging.getLogger(__name__)

STARTING_CPU = 10.0  # seconds, before a sample has been decoded
READY, READY_WITHOUT_FILTER, NOT_READY = b"R", b"r", b"!"
_PR_SET_PDEATHSIG = 1
_ROOM = 8 << 20  # bytes that a child must still be able to take when it begins


class Child:
    """A sandboxed child. Leaving its context kills it."""

    def __init__(self, task: str, source: IO[bytes], limits: Limits) -> None:
        self._child = fork_server.spawn(task, source.fileno(), limits)
        self._pipe = self._child.pipe
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._closed = False
        self.filtered = False

    def wait_until_ready(self, deadline: float) -> None:
        """Wait until the child has closed its sandbox. Raises ``ProbeFailed`` (and logs why) if it cannot."""
        try:
            state = self.read(1, deadline)
        except ProbeFailed:
            state = b""
        if state not in {READY, READY_WITHOUT_FILTER}:
            reason = os.read(self._pipe, 1 << 16).decode(errors="replace") if state else "it died"
            logger.error("The sandboxed audio child cannot start: %s", reason)
            raise ProbeFailed(CANNOT_START)
        self.filtered = state == READY

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._child.pid

    def read_into(self, target: memoryview, deadline: float) -> None:
        """Fill ``target`` (bytes) from the child before ``deadline`` (``time.monotonic()``).

        Raises ``ProbeFailed`` when it ends early, is killed by a limit, or is late.
        """
        done = 0
        while done < len(target):
            wait = deadline - time.monotonic()
            if wait <= 0 or not self._poll.poll(wait * 1000):
                raise ProbeFailed
            count = os.readv(self._pipe, [target[done:]])
            if not count:
                raise ProbeFailed
            done += count

    def read(self, size: int, deadline: float) -> bytes:
        """Return exactly ``size`` bytes; see ``read_into``."""
        data = bytearray(size)
        self.read_into(memoryview(data), deadline)
        return bytes(data)

    def close(self) -> None:
        """Kill the child if it lives, and reap it."""
        if not self._closed:
            self._closed = True
            fork_server.reap(self._child)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def parse_answer(text: bytes) -> dict[str, Any]:
    """Parse a child's JSON object. Raises ``ProbeFailed`` if it is anything else."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProbeFailed from error
    if not isinstance(answer, dict):
        raise ProbeFailed
    return answer


def enter(parent: int, limits: Limits) -> None:
    """Prepare the child: end with the parent, be the first that the kernel kills without memory, accept limits.

    Raises ``OSError`` where the limit leaves no memory to work with.
    """
    os.setsid()
    seccomp.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, int(STARTING_CPU))
    mmap.mmap(-1, _ROOM).close()


def seal() -> bool:
    """Seal the sandbox from inside the child: from here on, no file, socket or process can be opened.

    Returns whether the kernel's filter is in force; without it the limits alone still refuse files and
    sockets.
    """
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, 3)  # 0, 1 and 2 are open: no descriptor can be added
    _limit(resource.RLIMIT_NPROC, 0)
    return seccomp.install()


def allow_cpu(seconds: float) -> None:
    """Allow the child ``seconds`` of CPU since its start, within the limit that the parent set."""
    ceiling = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (min(int(seconds) + 1, ceiling), ceiling))


class BudgetSpent(BaseException):  # so that no library swallows it
    """A step exceeded its CPU time."""


@contextlib.contextmanager
def cpu_budget(seconds: float) -> Iterator[None]:
    """Raise ``BudgetSpent`` in the child's block after ``seconds`` of CPU (not within C code)."""

    def spent(_number: int, _frame: object) -> None:
        raise BudgetSpent

    previous = signal.signal(signal.SIGPROF, spent)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def _limit(kind: int, value: int, soft: int | None = None) -> None:
    """Set a limit, or keep a stricter one that the system has set already."""
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS has no limit on address space
        resource.setrlimit(kind, (value if soft is None else min(soft, value), value))
