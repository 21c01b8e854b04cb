"""Serve requests in the separator process: decode, separate, write stems, report progress."""

import contextlib
import ctypes
import gc
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import chain, islice
from pathlib import Path
from shutil import disk_usage
from typing import Any, cast

import numpy as np

from audio.decoding.decode import decode
from audio.errors import AudioError, NoAudio
from audio.types import Limits
from separation.engines import hardware, memory, modelspec
from separation.engines.chunking import Audio
from separation.engines.descriptors import SAMPLE_RATE, ModelUnavailable
from separation.engines.memory import NotEnoughMemory
from separation.engines.protocol import Engine, EngineName
from separation.engines.registry import choose, load_engine
from separation.engines.streaming import Statistics, measure, separate
from separation.separator.protocol import SeparatedSet
from separation.separator.stem_writer import StemWriter

Request = dict[str, Any]

_FULL_DISK_BYTES = 1 << 20
_HALF_PROGRESS_SAMPLES = 180 * SAMPLE_RATE
"""The progress of a song of unknown length is one half after so many samples."""

_READING_SAMPLES = 30 * SAMPLE_RATE
"""A song that is read before it is separated is reported as often."""


class _Stopped(Exception):  # noqa: N818 (nothing is wrong)
    """The parent has stopped this request."""


class Worker:
    """Serve requests, with the engine of the last one if the model is the same.

    `waiting` returns a request that has arrived meanwhile, or None. It is served between two chunks of the
    current song, on the same engine if it is for the same model.
    """

    def __init__(
        self,
        send: Callable[..., None],
        waiting: Callable[[], Request | None],
        is_stopped: Callable[[int], bool],
        *,
        models_dir: str,
        engine: str,
        threads: int,
        memory_limit: int | None = None,
    ) -> None:
        self._channel = send
        self._waiting = waiting
        self._is_stopped = is_stopped
        self._nested = False
        self._models_dir = Path(models_dir)
        modelspec.SPECS.look_in(self._models_dir)
        self._engine_name = cast("EngineName", engine)
        self._threads = threads
        self._memory_limit = memory_limit
        self._engine: Engine | None = None

    def serve(self, request: Request) -> None:
        """Serve one request; answer with its result or an error."""
        out_dir = Path(request["out_dir"])
        send = partial(self._channel, id=request["id"])
        send(event="accepted")
        try:
            result = self._separate(send, request, out_dir)
            send(event="done", result=result.to_json())
        except AudioError as error:
            send(event="failed", kind="audio", **error.as_dict())
        except ModelUnavailable as error:
            send(event="failed", kind="model", detail=str(error))
        except NotEnoughMemory as error:
            send(event="failed", kind="memory", detail=str(error))
        except _Stopped:
            send(event="failed", kind="stopped")
        except MemoryError:
            send(event="failed", kind="memory", detail="out of memory")
        except Exception:  # noqa: BLE001 (reported to the parent, which decides)
            kind = "space" if _is_full(out_dir) else "bug"
            send(event="failed", kind=kind, detail=traceback.format_exc(limit=-5))

    def _engine_for(self, slug: str) -> Engine:
        spec = modelspec.get(slug)
        if self._engine is None or self._engine.spec != spec:
            kind = choose(spec, self._engine_name)
            available = hardware.available_memory(self._memory_limit)
            if self._nested and self._engine is not None:  # the outer song keeps it
                outer = self._engine.spec
                outer_kind = choose(outer, self._engine_name)
                available -= memory.needed_bytes(outer, len(self._engine.slots), outer_kind)
            self._engine = None  # freed before the next one is loaded: there may not be memory for two
            threads = memory.fitting_threads(spec, self._threads, kind, available)
            self._engine = load_engine(spec, self._models_dir, name=kind, threads=threads)
            release_memory()
        return self._engine

    def _serve_nested(self) -> None:
        """Serve a request that arrived meanwhile; those that arrive during it wait."""
        if self._nested or (request := self._waiting()) is None:
            return
        engine, self._nested = self._engine, True
        try:
            self.serve(request)
        finally:
            self._engine, self._nested = engine, False
        release_memory()

    def _separate(self, send: Callable[..., None], request: Request, out_dir: Path) -> SeparatedSet:
        limits = Limits(**request["limits"])
        out_dir.mkdir(parents=True, exist_ok=True)
        send(event="progress", fraction=0.0, segments=0)
        with ThreadPoolExecutor(1, thread_name_prefix="model") as loader:
            # Ends the decoder's process also after an error.
            with closing(decode(Path(request["mixture"]), limits)) as decoded:
                blocks = _without_gain(decoded, request["mixture_gain"])
                # The decoder starts, as a child of this thread, while another thread loads the model.
                loading = loader.submit(self._engine_for, request["model"])
                blocks_from_first = chain(list(islice(blocks, 1)), blocks)
                engine = loading.result()
                if not engine.chunking.normalise:
                    return self._write(send, blocks_from_first, engine, request)
                statistics = measure(self._reading(send, blocks_from_first, request))
            with closing(decode(Path(request["mixture"]), limits)) as decoded:
                blocks = _without_gain(decoded, request["mixture_gain"])
                return self._write(send, blocks, engine, request, statistics)

    def _reading(
        self, send: Callable[..., None], blocks: Iterable[Audio], request: Request
    ) -> Iterator[Audio]:
        """Pass the song on, which is read once before it is separated; report that, and stop where it is asked."""
        samples = reported = 0
        for block in blocks:
            yield block
            samples += block.shape[1]
            if samples - reported >= _READING_SAMPLES:
                reported = samples
                send(event="progress", fraction=0.0, segments=0)
                if self._is_stopped(request["id"]):
                    raise _Stopped

    def _write(
        self,
        send: Callable[..., None],
        blocks: Iterable[Audio],
        engine: Engine,
        request: Request,
        statistics: Statistics | None = None,
    ) -> SeparatedSet:
        samples, expected = 0, request["expected_samples"]
        with (
            closing(separate(blocks, engine, statistics)) as pieces,
            closing(StemWriter(Path(request["out_dir"]), engine.spec.stems, expected)) as files,
        ):
            for piece in pieces:
                files.write(piece)
                samples += piece.shape[2]
                del piece  # freed before the next one is made
                send(event="progress", fraction=_fraction(samples, expected), segments=files.segments)
                if self._is_stopped(request["id"]):
                    raise _Stopped
                self._serve_nested()
            if samples == 0:
                raise NoAudio
            return files.finish()


def release_memory() -> None:
    """Return free memory to the system, so that a warm process keeps its model and nothing more."""
    gc.collect()
    with contextlib.suppress(AttributeError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)


def _without_gain(blocks: Iterator[Audio], gain: float) -> Iterator[Audio]:
    """Return `blocks` as loud as they were before they were multiplied by `gain`."""
    return blocks if gain == 1 else (block / np.float32(gain) for block in blocks)


def _fraction(samples: int, expected: int | None) -> float:
    return min(1.0, samples / expected) if expected else samples / (samples + _HALF_PROGRESS_SAMPLES)


def _is_full(folder: Path) -> bool:
    try:
        return disk_usage(folder).free < _FULL_DISK_BYTES
    except OSError:
        return False
