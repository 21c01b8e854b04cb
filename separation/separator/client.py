"""The parent's handle on the separator process: start it, ask it, watch it, kill it.

The process is a fresh interpreter (never a fork: TensorFlow does not survive one) that keeps its model loaded
between songs. It dies with the thread that started it, and when its pipe closes; whatever happens to it, the
next call starts a new one.
"""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from audio.errors import AudioError
from audio.types import Limits
from separation.engines.modelspec import ModelUnavailable
from separation.engines.processors import automatic_threads
from separation.separator.line_reader import LineReader
from separation.separator.protocol import (
    SeparatedSet,
    SeparatedStem,
    SeparatorCrashed,
    SeparatorError,
    SeparatorInterrupted,
    SeparatorNoSpace,
    SeparatorNotStarted,
    SeparatorStalled,
    SeparatorTooBig,
)

__all__ = [
    "AudioError",
    "ModelUnavailable",
    "SeparatedSet",
    "SeparatedStem",
    "Separator",
    "SeparatorCrashed",
    "SeparatorError",
    "SeparatorInterrupted",
    "SeparatorNoSpace",
    "SeparatorNotStarted",
    "SeparatorStalled",
    "SeparatorTooBig",
]

_ROOT = Path(__file__).resolve().parents[2]
_WATCH_SECONDS = 0.5
_ACCEPT_SECONDS = 30.0
_GOODBYE_SECONDS = 2.0
# A song in between ends at its next chunk.
_STOP_SECONDS = 60.0


class Separator:
    """Separates songs in a warm child process. Calls from several threads wait for each other.

    A call from within ``on_progress`` of another is done in between: the outer song rests meanwhile, and its
    deadline with it.

    `threads` 0 takes every processor this process may use, at most 8; fewer are taken where memory is short.
    `memory_limit` is in bytes of resident memory.
    """

    def __init__(
        self,
        *,
        models_dir: Path,
        engine: str = "auto",
        threads: int = 0,
        memory_limit: int | None = None,
        stall_seconds: float = 600,
        limits: Limits | None = None,
    ) -> None:
        self._memory_limit = memory_limit
        self._stall_seconds = stall_seconds
        self._limits = limits or Limits()
        self._options = {
            "models_dir": str(models_dir.absolute()),
            "engine": engine,
            "threads": threads or automatic_threads(),
            "memory_limit": memory_limit,
        }
        self._child: _Child | None = None
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._inbox: dict[int, list[dict[str, Any]]] = {}
        """What came for a request that rests, by its id."""

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while there is none."""
        child = self._child
        return child.pid if child is not None and child.is_alive() else None

    def separate(
        self,
        mixture: Path,
        spec_slug: str,
        out_dir: Path,
        *,
        on_progress: Callable[[float], None],
        tick_seconds: float = 15,
        deadline_seconds: float | None = None,
        expected_samples: int | None = None,
        on_segments: Callable[[int], None] | None = None,
    ) -> SeparatedSet:
        """Separate the audio file `mixture` with the model `spec_slug` into FLAC files in `out_dir`.

        `on_progress` is called with 0..1 at each chunk and at least every `tick_seconds`; whatever it raises
        kills the child (or, of a song in between, ends that song) and is raised here. `expected_samples` (at
        44.1 kHz) makes the progress a fraction of the song; without it, it only grows. `on_segments` is told how
        many segments of every stem are complete in `out_dir`, before `on_progress` is. On any error, files may
        be left in `out_dir`.

        Raises AudioError, ModelUnavailable, SeparatorNotStarted, SeparatorCrashed, SeparatorStalled,
        SeparatorTooBig, SeparatorNoSpace.
        """
        number = next(self._numbers)
        request = {
            "id": number,
            "mixture": str(mixture.absolute()),
            "model": spec_slug,
            "out_dir": str(out_dir.absolute()),
            "expected_samples": expected_samples,
            "limits": asdict(self._limits),
        }
        started = time.monotonic()
        deadline = started + deadline_seconds if deadline_seconds is not None else None
        with self._lock:
            nested = bool(self._inbox)
            try:
                child = self._accepting_child(request)
                self._inbox[number] = []
                return self._wait(
                    number,
                    child,
                    on_progress=on_progress,
                    on_segments=on_segments,
                    tick_seconds=tick_seconds,
                    deadline=deadline,
                )
            except (AudioError, ModelUnavailable):
                raise  # the child is well: the song, or the model, is not
            except BaseException as error:
                if not (nested and self._left_alone(number, error)):
                    self._kill()
                raise
            finally:
                self._inbox.pop(number, None)

    def close(self) -> None:
        """End the child process. The handle can be used again."""
        with self._lock:
            if self._child is not None and self._child.is_ours():
                self._child.dismiss()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accepting_child(self, request: dict[str, Any]) -> "_Child":
        """A child that has taken the request: the warm one, or a new one if that died in its sleep.

        A child that is busy with another song takes it at its next chunk.
        """
        accepted = {"event": "accepted", "id": request["id"]}
        if self._inbox and self._child is not None:
            try:
                self._child.send(request)
            except OSError as error:
                raise SeparatorCrashed(self._child.end()) from error
            return self._child
        if self._child is not None and self._child.is_ours() and self._child.is_alive():
            with contextlib.suppress(OSError):
                self._child.send(request)
                if self._child.read(_ACCEPT_SECONDS) == accepted:
                    return self._child
        self._kill()
        self._child = child = _Child(self._options)
        try:
            child.send(request)
            reply = child.read(_ACCEPT_SECONDS)
        except OSError as error:
            raise SeparatorNotStarted(child.end()) from error
        if reply != accepted:
            raise SeparatorNotStarted(child.end())
        return child

    def _wait(
        self,
        number: int,
        child: "_Child",
        *,
        on_progress: Callable[[float], None],
        on_segments: Callable[[int], None] | None,
        tick_seconds: float,
        deadline: float | None,
    ) -> SeparatedSet:
        fraction = 0.0
        last_message = last_tick = time.monotonic()
        while True:
            if self._child is not child:
                raise SeparatorInterrupted("the separator process was ended by another song")
            message = self._read(number, child, min(_WATCH_SECONDS, tick_seconds))
            now = time.monotonic()
            match message:
                case {"event": "done", "result": result}:
                    return SeparatedSet.from_json(result)
                case {"event": "failed"}:
                    del self._inbox[number]
                    raise _failure(message)
                case {"event": "progress", "fraction": float(fraction), "segments": int(segments)}:
                    if on_segments:
                        on_segments(segments)
                    on_progress(fraction)
                    # Another song may have been separated meanwhile.
                    last_message = last_tick = time.monotonic()
                    deadline = deadline + last_tick - now if deadline is not None else None
                case _ if not child.is_alive():
                    raise SeparatorCrashed(child.end())
            if deadline is not None and now > deadline:
                raise SeparatorStalled("the separation took too long")
            if now - last_message > self._stall_seconds:
                raise SeparatorStalled(f"no progress for {self._stall_seconds:g} seconds")
            if self._memory_limit is not None and child.resident_bytes() > self._memory_limit:
                raise SeparatorTooBig(f"more than {self._memory_limit >> 20} MiB of memory needed")
            if now - last_tick >= tick_seconds:
                last_tick = now
                on_progress(fraction)

    def _read(self, number: int, child: "_Child", seconds: float) -> dict[str, Any]:
        """The next message to this request; those to others are kept for them. Empty: there was none."""
        if self._inbox[number]:
            return self._inbox[number].pop(0)
        message = child.read(seconds) or {}
        to = message.get("id", number)
        if to == number:
            return message
        if to in self._inbox:
            self._inbox[to].append(message)
        return {}

    def _left_alone(self, number: int, error: BaseException) -> bool:
        """End request `number`, of which `error` came, without its child, which has another song in work.

        False when only killing it helps.
        """
        child = self._child
        if child is None or not child.is_alive():
            return False
        if number not in self._inbox:
            return True  # it has answered: what failed was this song, not the child
        if isinstance(error, SeparatorError):
            return False
        deadline = time.monotonic() + _STOP_SECONDS
        with contextlib.suppress(OSError):
            child.send({"stop": number})
            while time.monotonic() < deadline and child.is_alive():
                if self._read(number, child, _WATCH_SECONDS).get("event") in {"done", "failed"}:
                    return True
        return False

    def _kill(self) -> None:
        if self._child is not None and self._child.is_ours():
            self._child.kill()
        self._child = None


def _failure(message: dict[str, Any]) -> Exception:
    detail = str(message.get("detail", ""))
    match message.get("kind"):
        case "audio":
            return AudioError.from_dict(message)
        case "model":
            return ModelUnavailable(detail)
        case "memory":
            return SeparatorTooBig(detail)
        case "space":
            return SeparatorNoSpace(detail)
    return SeparatorCrashed(detail)


class _Child:
    """One child process and its pipes."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._owner = os.getpid()
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",  # parallel are the windows, not the loops within one
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "separation.separator", str(self._owner), json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=_ROOT,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the parent, and the whole session can be killed at once
        )
        if not self._process.stdin or not self._process.stdout or not self._process.stderr:
            raise AssertionError("asked for pipes")
        self._input = self._process.stdin
        self._output = LineReader(self._process.stdout, self._process.stderr)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_ours(self) -> bool:
        """False in a fork of the process that started the child."""
        return os.getpid() == self._owner

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, message: dict[str, Any]) -> None:
        self._input.write(json.dumps(message).encode() + b"\n")
        self._input.flush()

    def read(self, timeout: float) -> dict[str, Any] | None:
        """The next message; None if none came in `timeout` seconds or the child has ended."""
        line = self._output.read(timeout)
        if line is None:
            if self._output.ended:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout)
            return None
        message: dict[str, Any] = json.loads(line)
        return message

    def resident_bytes(self) -> int:
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        except OSError:  # it has just ended, or this is no Linux
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def end(self) -> str:
        """How it ended, with the last it said."""
        code = self._process.poll()
        if code is None:
            how = "did not answer"
        elif code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        else:
            how = f"ended with status {code}"
        said = self._output.complaints()
        return f"the separator process {how}" + (f": {said}" if said else "")

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()
        self._reap()

    def dismiss(self) -> None:
        """Let it end by itself, within reason."""
        with contextlib.suppress(OSError):
            self._input.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE_SECONDS)
        self.kill()

    def _reap(self) -> None:
        self._process.wait()
        with contextlib.suppress(OSError):
            self._input.close()
        self._output.close()
