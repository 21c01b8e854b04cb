"""Where the sandbox's children come from: a process that has imported everything once, and forks.

Python, NumPy and FFmpeg take a third of a second to be ready, more than it takes to decode most songs. The
nursery (``python -m audio.sandbox.worker DESCRIPTOR``) pays for that once. It never sees a byte of what people
send: it is handed descriptors, forks, and the child closes its sandbox before it reads.

There is one for each process that asks, from its first question to its end. Its children die with it, and it
ends when nobody holds the other end of its socket any more, however that came about.
"""

import atexit
import contextlib
import fcntl
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audio.errors import ProbeFailed
from audio.types import Limits

logger = logging.getLogger(__name__)

CANNOT_START = "Audio cannot be read on this server at the moment."
ROOT = Path(__file__).resolve().parents[2]
_KEPT_ENVIRONMENT = ("LD_LIBRARY_PATH", "TMPDIR")
_PIPE_BYTES = 1 << 18
"""Room for a few blocks: with the usual 64 KiB, half the time of sending goes to waking each other up."""


@dataclass(frozen=True, slots=True)
class Newborn:
    """A child, and the end of the pipe into which it writes."""

    pid: int
    pipe: int
    nursery: int
    """Process id of its parent, since process ids of children are used again after its end."""


class Nursery:
    """This process's handle on its nursery, for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._inherited: list[_Process] = []
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._leave)

    def bear(self, task: str, source: int, limits: Limits) -> Newborn:
        """A child at work on the descriptor ``source``. Raises ``ProbeFailed`` if there can be none."""
        request = {"task": task, "limits": asdict(limits)}
        for _ in range(2):  # the nursery may have been killed since it was last asked
            pipe, writable = _pipe()
            try:
                with self._lock:
                    process = self._process = self._process or _Process()
                    answer = self._ask(process, request, source, writable)
                if answer.isdigit():
                    return Newborn(int(answer), pipe, process.pid)
            finally:
                os.close(writable)
            os.close(pipe)
        logger.error("The nursery of sandboxed children does not work: %s", answer.decode() or "it died")
        raise ProbeFailed(CANNOT_START)

    def bury(self, child: Newborn) -> None:
        """Kill the child if it lives, and have it reaped: until then, nobody else gets its process id."""
        with self._lock:
            if self._process is not None and self._process.pid == child.nursery:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
                self._ask(self._process, {"reap": child.pid})
        os.close(child.pipe)

    def close(self) -> None:
        """End the nursery and all its children."""
        with self._lock:
            if self._process is not None:
                self._process.end()
                self._process = None

    def _ask(self, process: "_Process", request: dict[str, Any], *descriptors: int) -> bytes:
        """The nursery's answer; nothing if it died, upon which it is done with."""
        answer = process.ask(request, descriptors)
        if not answer:
            process.end()
            self._process = None
        return answer

    def _leave(self) -> None:
        """In a fork of this process: the nursery is not ours, and must not live as long as we do."""
        self._lock = threading.Lock()
        if self._process is not None:
            self._process.leave()
            self._inherited.append(self._process)  # whoever forgets it would wait for its end
            self._process = None


class _Process:
    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        # One thread per library: the filter forbids starting any, and so does the memory limit.
        environment |= {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-E", "-s", "-m", "audio.sandbox.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # FFmpeg and hostile tags have nothing to say to our log
                cwd=ROOT,
                env=environment,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: dict[str, Any], descriptors: Sequence[int]) -> bytes:
        """The answer; nothing from the dead."""
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
            return self._socket.recv(1 << 16)
        except OSError:
            return b""

    def end(self) -> None:
        self._socket.close()
        self._process.kill()  # its children die with it
        self._process.wait()

    def leave(self) -> None:
        self._socket.close()


def _pipe() -> tuple[int, int]:
    pipe, writable = os.pipe()
    with contextlib.suppress(AttributeError, OSError):  # other systems; a user who has many pipes
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return pipe, writable


nursery = Nursery()
