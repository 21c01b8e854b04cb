"""Signalsmith Stretch: change the speed of several channels together, and keep their pitch.

This runs the WebAssembly module that the player runs (``static/js/player/sound/stretcher.js``). Its phases are chaotic:
one different bit of one sample, another compiler, or other places of its spectra give another waveform that sounds the
same. With the same module, samples and hops, the download is the waveform that was heard.
See docs/decisions/0030-signalsmith-stretch.md.
"""

import atexit
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from audio.decoding.decode import Samples
from audio.formats import STEREO_RATE

if TYPE_CHECKING:
    import wasmtime

HOP: Final = 1_323  # samples that come out at a time; the library takes a spectrum for each
LATENCY: Final = 2_646  # samples, of the input and again of the output

_MODULE: Final = Path(__file__).parents[2] / "static/vendor/signalsmith-stretch/signalsmith-stretch.wasm"
_SEED: Final = 7  # each byte of it
_PAGE: Final = 65_536
# What the compiler calls the functions of version 1.3.2.
_EXPORTS: Final = {
    "initialize": "f",
    "set_buffers": "h",
    "reset": "m",
    "preset_default": "n",
    "seek": "v",
    "process": "w",
    "main": "y",
}


class Stretcher:
    """Stretch ``[channels, n]`` at 44,100 Hz; a ``speed`` of 2 is twice as fast. Call ``begin``, then ``advance``.

    Channels are locked to each other, so what they have in common still adds up. Another thread may run meanwhile.
    """

    def __init__(self, channels: int, speed: float) -> None:
        import wasmtime  # noqa: PLC0415  # 25 MB, which most of the time nobody needs

        engine, module = _compile()
        self._store = wasmtime.Store(engine)
        linker = _linker(engine)
        exports = linker.instantiate(self._store, module).exports(self._store)
        self._memory = cast("wasmtime.Memory", exports["e"])
        self._functions = {name: cast("wasmtime.Func", exports[short]) for name, short in _EXPORTS.items()}
        self._speed = speed
        self._hops = 0
        self._room = max(LATENCY, int(HOP * speed) + 2)  # samples of a channel in the module's buffers
        self._channels = channels
        self._call("initialize")
        self._call("main", 0, 0)
        self._call("preset_default", channels, float(STEREO_RATE))
        self._input = int(self._call("set_buffers", channels, self._room))
        self._output = self._input + 4 * channels * self._room

    def begin(self, read: Callable[[int], Samples]) -> None:
        """Begin with the first samples that ``read(count)`` returns; silence is before them."""
        self._call("reset")
        self._hops = 0
        self._write(read(LATENCY))
        self._call("seek", LATENCY, self._speed)
        for _latency in range(LATENCY // HOP):
            self.advance(read)

    def advance(self, read: Callable[[int], Samples]) -> Samples:
        """Read as much as is needed for ``HOP`` samples more, and return them."""
        before = int(self._hops * HOP * self._speed + 0.5)
        self._hops += 1
        count = int(self._hops * HOP * self._speed + 0.5) - before
        self._write(read(count))
        self._call("process", count, HOP)
        size = 4 * self._channels * self._room
        data = self._memory.read(self._store, self._output, self._output + size)
        return np.frombuffer(data, np.float32).reshape(self._channels, self._room)[:, :HOP]

    def _write(self, samples: Samples) -> None:
        buffer = np.zeros((self._channels, self._room), np.float32)
        buffer[:, : samples.shape[1]] = samples
        self._memory.write(self._store, bytearray(buffer.data.cast("B")), self._input)

    def _call(self, name: str, *arguments: float) -> Any:
        return self._functions[name](self._store, *arguments)


@cache
def _compile() -> tuple["wasmtime.Engine", "wasmtime.Module"]:
    import wasmtime  # noqa: PLC0415

    atexit.register(_compile.cache_clear)  # later, the library has lost what it frees them with
    engine = wasmtime.Engine()
    return engine, wasmtime.Module.from_file(engine, str(_MODULE))


def _linker(engine: "wasmtime.Engine") -> "wasmtime.Linker":
    """Return what the module asks of its surroundings: random numbers, more memory, a copy, an end."""
    import wasmtime  # noqa: PLC0415

    linker = wasmtime.Linker(engine)
    number = wasmtime.ValType.i32()

    def memory_of(caller: "wasmtime.Caller") -> "wasmtime.Memory":
        return cast("wasmtime.Memory", caller["e"])

    def fill_random(caller: "wasmtime.Caller", address: int, count: int) -> int:
        memory_of(caller).write(caller, bytearray([_SEED] * count), address)
        return 0

    def grow(caller: "wasmtime.Caller", size: int) -> int:
        memory = memory_of(caller)
        memory.grow(caller, -(-(size - memory.data_len(caller)) // _PAGE))
        return 1

    def copy(caller: "wasmtime.Caller", target: int, source: int, count: int) -> None:
        memory = memory_of(caller)
        memory.write(caller, memory.read(caller, source, source + count), target)

    def abort() -> None:
        raise RuntimeError("The stretcher stopped.")

    for name, parameters, results, function, needs_caller in (
        ("a", 2, [number], fill_random, True),
        ("b", 1, [number], grow, True),
        ("c", 3, [], copy, True),
        ("d", 0, [], abort, False),
    ):
        kind = wasmtime.FuncType([number] * parameters, results)
        linker.define_func("a", name, kind, function, access_caller=needs_caller)
    return linker
