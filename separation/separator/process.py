"""Start, talk to and end the separator process (``python -m separation.separator``)."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import Any

from separation.separator import child
from separation.separator.line_reader import LineReader

_EXIT_SECONDS = 2.0


class SeparatorProcess:
    """One child process and its pipes: a fresh interpreter in a session of its own.

    It ends with the thread that started it (``PR_SET_PDEATHSIG``) and when its standard input closes.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "separation.separator", str(self._owner), json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=child.ROOT,
            env=child.environment(),
            start_new_session=True,  # Ctrl-C must not reach it, and the decoder is killed with it
        )
        if not self._process.stdin or not self._process.stdout or not self._process.stderr:
            raise AssertionError("asked for pipes")
        self._input = self._process.stdin
        self._output = LineReader(self._process.stdout, self._process.stderr)

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def is_own_child(self) -> bool:
        """Return False in a fork of the process that started it."""
        return os.getpid() == self._owner

    def is_alive(self) -> bool:
        """Return whether it is running."""
        return self._process.poll() is None

    def send(self, message: dict[str, Any]) -> None:
        """Write one message. Raises OSError if the pipe is closed."""
        self._input.write(json.dumps(message).encode() + b"\n")
        self._input.flush()

    def read(self, timeout: float) -> dict[str, Any] | None:
        """Return the next message, None if none came within `timeout` seconds or the process has ended."""
        line = self._output.read(timeout)
        if line is None:
            if self._output.ended:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout)
            return None
        message: dict[str, Any] = json.loads(line)
        return message

    def resident_bytes(self) -> int:
        """Return its resident memory, 0 if that is unknown."""
        return child.resident_bytes(self.pid)

    def describe_end(self) -> str:
        """Say how it ended, with the last of its standard error."""
        code = self._process.poll()
        if code is None:
            how = "did not answer"
        elif code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        else:
            how = f"ended with status {code}"
        errors = self._output.last_errors()
        return f"the separator process {how}" + (f": {errors}" if errors else "")

    def kill(self) -> None:
        """Kill it and its children, and wait for its end."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()
        self._reap()

    def close(self) -> None:
        """Close its input, upon which it ends; kill it if it does not within two seconds."""
        with contextlib.suppress(OSError):
            self._input.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_SECONDS)
        self.kill()

    def _reap(self) -> None:
        self._process.wait()
        with contextlib.suppress(OSError):
            self._input.close()
        self._output.close()
