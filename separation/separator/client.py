"""Separate songs in a child process: requests, progress, time and memory limits.

The process is a fresh interpreter (TensorFlow does not survive a fork) that keeps its model loaded between
songs. If it dies, or has to be killed, the next call starts a new one.
"""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from audio.errors import AudioError
from audio.types import Limits
from separation.engines import hardware
from separation.engines.descriptors import ModelUnavailable
from separation.separator.process import SeparatorProcess
from separation.separator.protocol import (
    SeparatedSet,
    SeparatorCrashed,
    SeparatorError,
    SeparatorInterrupted,
    SeparatorNoSpace,
    SeparatorNotStarted,
    SeparatorStalled,
    SeparatorTooBig,
)

_POLL_SECONDS = 0.5
_ACCEPT_SECONDS = 30.0
# A nested request ends at its next chunk.
_STOP_SECONDS = 60.0
_MAX_THREADS = 8
"""More gain little: a song of three minutes has sixteen chunks, and each in progress takes memory."""


class Separator:
    """Separate songs in a child process that stays warm. Concurrent calls wait for each other.

    A call from within ``on_progress`` of another one is nested: the outer separation pauses meanwhile, and so
    does its deadline.

    `threads` 0 means every processor that this process may use, at most 8; fewer are taken where memory is
    short. `memory_limit` is in bytes of resident memory.
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
            "threads": threads or min(hardware.cores(), _MAX_THREADS),
            "memory_limit": memory_limit,
        }
        self._process: SeparatorProcess | None = None
        self._lock = threading.RLock()
        self._ids = itertools.count(1)
        self._received: dict[int, list[dict[str, Any]]] = {}
        """Messages received for each request in progress, by its id; the innermost is read, the others wait."""

    @property
    def pid(self) -> int | None:
        """Process id of the separator process, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

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
        mixture_gain: float = 1.0,
    ) -> SeparatedSet:
        """Separate the audio file `mixture` with the model `spec_slug` into FLAC files in `out_dir`.

        A stem that was stored quieter by `mixture_gain` is read as loud as in its song.

        `on_progress` is called with 0..1 at each chunk and at least every `tick_seconds`; whatever it raises
        kills the process (a nested call ends only its own song) and is raised here. With `expected_samples`
        (at 44.1 kHz) the progress is a fraction of the song; without it, it only grows. `on_segments` is
        called before `on_progress` with the number of segments of every stem that are complete in `out_dir`.
        On any error, files may be left in `out_dir`.

        Raises AudioError, ModelUnavailable, SeparatorNotStarted, SeparatorCrashed, SeparatorStalled,
        SeparatorTooBig, SeparatorNoSpace.
        """
        number = next(self._ids)
        request = {
            "id": number,
            "mixture": str(mixture.absolute()),
            "mixture_gain": mixture_gain,
            "model": spec_slug,
            "out_dir": str(out_dir.absolute()),
            "expected_samples": expected_samples,
            "limits": asdict(self._limits),
        }
        started = time.monotonic()
        deadline = started + deadline_seconds if deadline_seconds is not None else None
        with self._lock:
            nested = bool(self._received)
            try:
                process = self._process_accepting(request)
                self._received[number] = []
                return self._wait(
                    number,
                    process,
                    on_progress=on_progress,
                    on_segments=on_segments,
                    tick_seconds=tick_seconds,
                    deadline=deadline,
                )
            except (AudioError, ModelUnavailable):
                raise  # of the song or the model: the process goes on
            except BaseException as error:
                if not (nested and self._stop_nested(number, error)):
                    self._kill()
                raise
            finally:
                self._received.pop(number, None)

    def close(self) -> None:
        """End the child process. The handle can be used again."""
        with self._lock:
            if self._process is not None and self._process.is_own_child():
                self._process.close()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _process_accepting(self, request: dict[str, Any]) -> SeparatorProcess:
        """Return a process that has accepted the request: the warm one, or a new one if that has died meanwhile.

        A process that is busy with another song accepts it at its next chunk.
        """
        accepted = {"event": "accepted", "id": request["id"]}
        if self._received and self._process is not None:
            try:
                self._process.send(request)
            except OSError as error:
                raise SeparatorCrashed(self._process.describe_end()) from error
            return self._process
        if self._process is not None and self._process.is_own_child() and self._process.is_alive():
            with contextlib.suppress(OSError):
                self._process.send(request)
                if self._process.read(_ACCEPT_SECONDS) == accepted:
                    return self._process
        self._kill()
        self._process = process = SeparatorProcess(self._options)
        try:
            process.send(request)
            reply = process.read(_ACCEPT_SECONDS)
        except OSError as error:
            raise SeparatorNotStarted(process.describe_end()) from error
        if reply != accepted:
            raise SeparatorNotStarted(process.describe_end())
        return process

    def _wait(
        self,
        number: int,
        process: SeparatorProcess,
        *,
        on_progress: Callable[[float], None],
        on_segments: Callable[[int], None] | None,
        tick_seconds: float,
        deadline: float | None,
    ) -> SeparatedSet:
        fraction = 0.0
        last_message = last_tick = time.monotonic()
        while True:
            if self._process is not process:
                raise SeparatorInterrupted("the separator process was ended by another song")
            message = self._read(number, process, min(_POLL_SECONDS, tick_seconds))
            now = time.monotonic()
            match message:
                case {"event": "done", "result": result}:
                    return SeparatedSet.from_json(result)
                case {"event": "failed"}:
                    del self._received[number]
                    raise _failure(message)
                case {"event": "progress", "fraction": float(fraction), "segments": int(segments)}:
                    if on_segments:
                        on_segments(segments)
                    on_progress(fraction)
                    # A nested song may have been separated meanwhile.
                    last_message = last_tick = time.monotonic()
                    deadline = deadline + last_tick - now if deadline is not None else None
                case _ if not process.is_alive():
                    raise SeparatorCrashed(process.describe_end())
            if deadline is not None and now > deadline:
                raise SeparatorStalled("the separation took too long")
            if now - last_message > self._stall_seconds:
                raise SeparatorStalled(f"no progress for {self._stall_seconds:g} seconds")
            if self._memory_limit is not None and process.resident_bytes() > self._memory_limit:
                raise SeparatorTooBig(f"more than {self._memory_limit >> 20} MiB of memory needed")
            if now - last_tick >= tick_seconds:
                last_tick = now
                on_progress(fraction)

    def _read(self, number: int, process: SeparatorProcess, seconds: float) -> dict[str, Any]:
        """Return the next message for this request, empty if there was none; keep those for others."""
        if self._received[number]:
            return self._received[number].pop(0)
        message = process.read(seconds) or {}
        to = message.get("id", number)
        if to == number:
            return message
        if to in self._received:
            self._received[to].append(message)
        return {}

    def _stop_nested(self, number: int, error: BaseException) -> bool:
        """Stop the nested request `number` after `error`, and leave the process to the outer one.

        Return False if the process has to be killed.
        """
        process = self._process
        if process is None or not process.is_alive():
            return False
        if number not in self._received:
            return True  # it has answered: what failed was this song, not the child
        if isinstance(error, SeparatorError):
            return False
        deadline = time.monotonic() + _STOP_SECONDS
        with contextlib.suppress(OSError):
            process.send({"stop": number})
            while time.monotonic() < deadline and process.is_alive():
                if self._read(number, process, _POLL_SECONDS).get("event") in {"done", "failed"}:
                    return True
        return False

    def _kill(self) -> None:
        if self._process is not None and self._process.is_own_child():
            self._process.kill()
        self._process = None


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
