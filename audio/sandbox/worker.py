"""The fork server, ``python -m audio.sandbox.worker SOCKET``, and the sandboxed children that it forks.

A child has the file as standard input and a pipe as standard output. First comes one byte: whether the sandbox
is closed. Then: ``probe``, ``fingerprint`` and ``picture`` answer 8 bytes (two lengths), JSON, and the cover's
JPEGs. ``decode`` answers blocks: a little-endian count n, then 2 * n float32; then a zero, and the outcome as JSON
with its length before it. ``self-test`` answers like ``probe``.
"""

import gc
import json
import os
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from functools import cache
from typing import Any

from audio.errors import AudioError, Damaged, EmptyFile, ProbeFailed, TooLarge
from audio.sandbox import process
from audio.types import Limits

Task = Callable[[int, Limits], None]


def main() -> None:
    """Serve until nobody holds the other end of the socket any more.

    Its messages: ``{"task", "limits"}`` with the descriptors of the file and of the pipe, answered with the process
    id of a child at work; ``{"reap"}`` with the id of one that was killed, answered when there is nothing left of it.
    """
    link = socket.socket(fileno=int(sys.argv[1]))
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(link, 1 << 16, 2)
        if not message:
            return
        request = json.loads(message)
        if "reap" in request:
            os.waitpid(request["reap"], 0)
            link.send(b"gone")
            continue
        limits = Limits(**request["limits"])
        try:
            task = _load(request["task"])
        except Exception:
            link.send(traceback.format_exc().encode())
            raise
        gc.freeze()  # a collector that writes into what children share would give each a copy of its own
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            try:
                link.close()
                _work(parent, task, limits, *descriptors)
            finally:
                os._exit(1)
        for descriptor in descriptors:
            os.close(descriptor)
        link.send(str(pid).encode())


def _work(parent: int, task: Task, limits: Limits, source: int, pipe: int) -> None:
    """Do the work of the child, with nothing open but the file and the pipe."""
    for descriptor, known_as in ((source, 0), (pipe, 1)):
        os.dup2(descriptor, known_as)
        os.close(descriptor)
    try:
        process.enter(parent, limits)
        size = os.fstat(0).st_size
        sealed = process.seal()
    except Exception:  # noqa: BLE001 (who asked for the child logs it)
        _write(process.NOT_READY + traceback.format_exc().encode())
        os._exit(1)
    _write(process.READY if sealed else process.READY_WITHOUT_FILTER)
    task(size, limits)
    os._exit(0)


@cache
def _load(name: str) -> Task:
    """Import and use everything once: behind the closed door nothing can be opened."""
    if name == "decode":
        from audio.decoding import reader  # noqa: PLC0415 - each task pays for its own imports only

        reader.warm_up()
        return lambda size, limits: _decode(reader.Reader, size, limits)
    if name in {"probe", "fingerprint"}:
        from audio.sandbox import examine  # noqa: PLC0415

        examine.warm_up()
        work = examine.examine if name == "probe" else examine.fingerprint
        return lambda size, limits: _answer(lambda: work(0, size, limits), size, limits)
    if name == "picture":
        from audio.tags import cover  # noqa: PLC0415

        cover.warm_up()
        return lambda size, limits: _answer(lambda: cover.examine(os.pread(0, size, 0)), size, limits)
    from audio.sandbox import selftest  # noqa: PLC0415

    return lambda size, limits: _answer(lambda: (selftest.attempts(), b""), size, limits)


def _checked(size: int, limits: Limits) -> None:
    if size == 0:
        raise EmptyFile
    if size > limits.max_bytes:
        raise TooLarge


def _answer(work: Callable[[], tuple[dict[str, Any], bytes]], size: int, limits: Limits) -> None:
    extra = b""
    try:
        _checked(size, limits)
        found, extra = work()
        answer = {"ok": found}
    except Exception as error:  # noqa: BLE001 - whatever hostile bytes provoke must arrive as a sentence
        answer = {"error": _as_audio_error(error).as_dict()}
    text = json.dumps(answer).encode()
    _write(struct.pack("<II", len(text), len(extra)) + text + extra)


def _decode(reader: Callable[[int, int, Limits], Any], size: int, limits: Limits) -> None:
    outcome: dict[str, Any] = {}
    try:
        _checked(size, limits)
        for block in reader(0, size, limits).stereo():
            if block.shape[1]:
                _write(struct.pack("<I", block.shape[1]))
                _write(block.tobytes())
    except BrokenPipeError:
        return
    except Exception as error:  # noqa: BLE001 - see above
        outcome = _as_audio_error(error).as_dict()
    text = json.dumps(outcome).encode()
    _write(struct.pack("<II", 0, len(text)) + text)


def _as_audio_error(error: Exception) -> AudioError:
    if isinstance(error, AudioError):
        return error
    return ProbeFailed() if isinstance(error, MemoryError | RecursionError) else Damaged()


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


if __name__ == "__main__":
    main()
