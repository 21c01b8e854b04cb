"""The sandboxed child: ``python -m catalog.audio.child TASK PARENT_PID LIMITS``, the file as standard input.

First comes one byte: whether the sandbox is closed. Then: ``probe``, ``fingerprint`` and ``picture`` answer 8
bytes (two lengths), JSON, and the cover's JPEGs. ``decode`` answers blocks: a little-endian count n, then
2 * n float32; then a zero, and the outcome as JSON with its length before it. ``self-test`` answers like
``probe``.
"""

import json
import os
import struct
import sys
import traceback
from collections.abc import Callable
from typing import Any

from catalog.audio import sandbox
from catalog.audio.errors import AudioError, Damaged, EmptyFile, ProbeFailed, TooLarge
from catalog.audio.facts import Limits

Task = Callable[[int, Limits], None]


def main() -> None:
    """Enter the sandbox, load what the task needs, seal, work."""
    name, parent, limits_json = sys.argv[1:4]
    limits = Limits(**json.loads(limits_json))
    sandbox.enter(int(parent), limits)
    try:
        task = _load(name, limits)
        size = os.fstat(0).st_size
        sealed = sandbox.seal()
    except Exception:
        _write(sandbox.NOT_READY + traceback.format_exc().encode())
        raise
    _write(sandbox.READY if sealed else sandbox.READY_WITHOUT_FILTER)
    task(size, limits)


def _load(name: str, limits: Limits) -> Task:
    """Import everything before the door closes."""
    if name == "decode":
        from catalog.audio import reader  # noqa: PLC0415 - each task pays for its own imports only

        reader.warm_up()
        return lambda size, limits: _decode(reader.Reader, size, limits)
    if name in {"probe", "fingerprint"}:
        from catalog.audio import examine  # noqa: PLC0415

        examine.warm_up(fingerprint=limits.fingerprint)
        work = examine.examine if name == "probe" else examine.fingerprint
        return lambda size, limits: _answer(lambda: work(0, size, limits), size, limits)
    if name == "picture":
        from catalog.audio import cover  # noqa: PLC0415

        cover.warm_up()
        return lambda size, limits: _answer(lambda: cover.examine(os.pread(0, size, 0)), size, limits)
    from catalog.audio import selftest  # noqa: PLC0415

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
