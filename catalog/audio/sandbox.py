"""Untrusted audio is touched only in a child process that can do nothing but compute.

Parent: ``Child`` starts ``python -m catalog.audio.child TASK`` with the opened file as its standard input,
reads its pipe with a deadline, and kills it. Child: ``enter()`` first, then its imports, then ``seal()``;
only then it reads.

The child dies with the *thread* that started it (``PR_SET_PDEATHSIG``): that thread must live as long as the
work.
"""

import contextlib
import json
import logging
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from catalog.audio import seccomp
from catalog.audio.errors import ProbeFailed
from catalog.audio.facts import Limits

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
STARTING_CPU = 10.0  # seconds, imports included, before a sample has been decoded
READY, READY_WITHOUT_FILTER, NOT_READY = b"R", b"r", b"!"
_PR_SET_PDEATHSIG = 1
_KEPT_ENVIRONMENT = ("LD_LIBRARY_PATH", "TMPDIR")


class Child:
    """A running child. Use as a context manager: leaving kills it."""

    def __init__(self, task: str, source: IO[bytes], limits: Limits) -> None:
        self.limits = limits
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        # One thread per library: the filter forbids starting any, and so does the memory limit.
        environment |= {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-E",
                "-s",
                "-m",
                "catalog.audio.child",
                task,
                str(os.getpid()),
                json.dumps(asdict(limits)),
            ],
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # FFmpeg and hostile tags have nothing to say to our log
            cwd=ROOT,
            env=environment,
            start_new_session=True,
            bufsize=0,
        )
        if self._process.stdout is None:
            raise AssertionError("asked for a pipe")
        self._pipe = self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self.filtered = False

    def wait_until_ready(self, deadline: float) -> None:
        """Wait until the child has closed its sandbox. Raises ``ProbeFailed`` (and logs why) if it cannot."""
        try:
            state = self.read(1, deadline)
        except ProbeFailed:
            state = b""
        if state not in {READY, READY_WITHOUT_FILTER}:
            told = os.read(self._pipe, 1 << 16).decode(errors="replace") if state else "it died"
            logger.error("The sandboxed audio child cannot start: %s", told)
            raise ProbeFailed("Audio cannot be read on this server at the moment.")
        self.filtered = state == READY

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

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
        """Exactly ``size`` bytes; see ``read_into``."""
        data = bytearray(size)
        self.read_into(memoryview(data), deadline)
        return bytes(data)

    def close(self) -> None:
        """Kill the child if it lives, and reap it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def parsed(text: bytes) -> dict[str, Any]:
    """A child's JSON object. Raises ``ProbeFailed`` if it is anything else."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProbeFailed from error
    if not isinstance(answer, dict):
        raise ProbeFailed
    return answer


def enter(parent: int, limits: Limits) -> None:
    """In the child, before its imports: die with the parent, be first to go without memory, accept limits."""
    seccomp.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, int(STARTING_CPU))


def seal() -> bool:
    """In the child, after its imports: from here on no file, socket or process.

    Returns whether the kernel's filter is in force; without it the limits alone still refuse files and
    sockets.
    """
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, 3)  # 0, 1 and 2 are open: no descriptor can be added
    _limit(resource.RLIMIT_NPROC, 0)
    return seccomp.install()


def allow_cpu(seconds: float) -> None:
    """In the child: let it use ``seconds`` of CPU since its start, within the ceiling that the parent set."""
    ceiling = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (min(int(seconds) + 1, ceiling), ceiling))


class BudgetSpent(BaseException):  # so that no library swallows it
    """A step took more CPU than it is worth."""


@contextlib.contextmanager
def cpu_budget(seconds: float) -> Iterator[None]:
    """In the child: raise ``BudgetSpent`` in the block after ``seconds`` of CPU (not within C code)."""

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
