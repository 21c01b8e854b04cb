"""The client of the fork server, a process that has imported everything once and forks the sandboxed children.

Python, NumPy and FFmpeg take a third of a second to load, longer than most songs take to decode. The fork server
(``python -m audio.sandbox.worker DESCRIPTOR``) loads them once. It never reads a byte of what people send: it
receives descriptors and forks, and the child closes its sandbox before it reads. ``multiprocessing``'s fork server
passes pickles and inherits the environment; this one passes JSON and starts with an empty one.

Each process that probes has one, from its first request on. Its children die with it, and it ends when the
last holder of the other end of its socket is gone.
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

ANSWER_SECONDS = 30.0
"""A fork takes milliseconds, and the first one less than a second: one that takes longer is stuck, and is replaced."""
CANNOT_START = "Audio cannot be read on this server at the moment."
ROOT = Path(__file__).resolve().parents[2]
_KEPT_ENVIRONMENT = ("LD_LIBRARY_PATH", "TMPDIR")
_PIPE_BYTES = 1 << 18
"""Room for a few blocks: with the usual 64 KiB, half the time of sending goes to waking each other up."""


@dataclass(frozen=True, slots=True)
class ForkedChild:
    """A child, and the end of the pipe into which it writes."""

    pid: int
    pipe: int
    parent: int
    """Process id of the fork server that made it: after that one's end the child's own id may be reused."""


class ForkServer:
    """This process's handle on its fork server, for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._inherited: list[_Process] = []
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._leave)

    def spawn(self, task: str, source: int, limits: Limits) -> ForkedChild:
        """Start a child on the descriptor ``source``. Raises ``ProbeFailed`` if there can be none."""
        request = {"task": task, "limits": asdict(limits)}
        for _ in range(2):  # it may have been killed since the last request
            pipe, writable = _pipe()
            try:
                with self._lock:
                    process = self._process = self._process or _Process()
                    answer = self._request(process, request, source, writable)
                if answer.isdigit():
                    return ForkedChild(int(answer), pipe, process.pid)
            finally:
                os.close(writable)
            os.close(pipe)
        logger.error(
            "The fork server of the audio sandbox failed: %s", answer.decode() or "it ended or was stuck"
        )
        raise ProbeFailed(CANNOT_START)

    def reap(self, child: ForkedChild) -> None:
        """Kill the child if it lives, and have it reaped: until then, nobody else gets its process id."""
        with self._lock:
            if self._process is not None and self._process.pid == child.parent:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
                self._request(self._process, {"reap": child.pid})
        os.close(child.pipe)

    def close(self) -> None:
        """End the fork server and all its children."""
        with self._lock:
            if self._process is not None:
                self._process.end()
                self._process = None

    def _request(self, process: "_Process", request: dict[str, Any], *descriptors: int) -> bytes:
        """Return the answer; empty if the fork server ended or is stuck: the next request starts another."""
        answer = process.request(request, descriptors)
        if not answer:
            process.end()
            self._process = None
        return answer

    def _leave(self) -> None:
        """Close the pipes to the fork server in a fork of this process, or it would live as long."""
        self._lock = threading.Lock()
        if self._process is not None:
            self._process.leave()
            self._inherited.append(self._process)  # its finalizer would wait for its end
            self._process = None


class _Process:
    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(ANSWER_SECONDS)
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

    def request(self, request: dict[str, Any], descriptors: Sequence[int]) -> bytes:
        """Return the answer; empty if none comes within ``ANSWER_SECONDS``."""
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


fork_server = ForkServer()
