"""What the separator process does with a request: decode, separate, write stems, and say how far it is."""

import contextlib
import ctypes
import gc
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import chain, islice
from pathlib import Path
from shutil import disk_usage
from typing import Any, cast

from audio.decoding.decode import decode
from audio.errors import AudioError, NoAudio
from audio.types import Limits
from separation.engines import memory, modelspec
from separation.engines.memory import NotEnoughMemory
from separation.engines.modelspec import ModelUnavailable
from separation.engines.protocol import Engine
from separation.engines.registry import EngineName, choose, load_engine
from separation.engines.stft_params import Audio
from separation.engines.streaming import separate
from separation.separator.protocol import SeparatedSet
from separation.separator.stem_writer import StemFiles

Request = dict[str, Any]

_FULL_BYTES = 1 << 20
_HALF_WAY_SAMPLES = 180 * modelspec.SAMPLE_RATE
"""Where the progress of a song of unknown length stands at one half."""


class _Stopped(Exception):  # noqa: N818 (nothing is wrong)
    """Nobody wants this song any more."""


class Worker:
    """Serves requests with the engine that was used last, or another one.

    `waiting` gives a request that has come meanwhile, or None: between two chunks of one song a whole other one
    is separated, on the same network if it is of the same model.
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
        self._engine_name = cast("EngineName", engine)
        self._threads = threads
        self._memory_limit = memory_limit
        self._engine: Engine | None = None

    def serve(self, request: Request) -> None:
        """Do one request and answer it, with an error if need be."""
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
        except Exception:  # noqa: BLE001 (the parent is told, and decides)
            kind = "space" if _is_full(out_dir) else "bug"
            send(event="failed", kind=kind, detail=traceback.format_exc(limit=-5))

    def _engine_for(self, slug: str) -> Engine:
        spec = modelspec.get(slug)
        if self._engine is None or self._engine.spec != spec:
            kind = choose(self._engine_name)
            available = memory.available_bytes(self._memory_limit)
            if self._nested and self._engine is not None:  # which the song around this one keeps
                available -= memory.needed_bytes(self._engine.spec, len(self._engine.lanes), kind)
            self._engine = None  # before the next one is loaded: there may not be memory for two
            threads = memory.fitting_threads(spec, self._threads, kind, available)
            self._engine = load_engine(spec, self._models_dir, name=kind, threads=threads)
            release_memory()
        return self._engine

    def _between(self) -> None:
        """Separate a song that came meanwhile; those that come during that one have to wait."""
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
        with (
            # Ends the decoder's own process, whatever happens here.
            closing(decode(Path(request["mixture"]), limits)) as chunks,
            ThreadPoolExecutor(1, thread_name_prefix="model") as loader,
        ):
            # The decoder starts, as this thread's child, while another thread loads the model.
            loading = loader.submit(self._engine_for, request["model"])
            begun = chain(list(islice(chunks, 1)), chunks)
            return self._write(send, begun, loading.result(), request)

    def _write(
        self,
        send: Callable[..., None],
        chunks: Iterable[Audio],
        engine: Engine,
        request: Request,
    ) -> SeparatedSet:
        samples, expected = 0, request["expected_samples"]
        with (
            closing(separate(chunks, engine)) as pieces,
            closing(StemFiles(Path(request["out_dir"]), engine.spec.stems, expected)) as files,
        ):
            for piece in pieces:
                files.write(piece)
                samples += piece.shape[2]
                del piece  # its memory is used again
                send(event="progress", fraction=_fraction(samples, expected), segments=files.segments)
                if self._is_stopped(request["id"]):
                    raise _Stopped
                self._between()
            if samples == 0:
                raise NoAudio
            return files.finish()


def release_memory() -> None:
    """Give what is free back to the system: a warm process should cost its model and nothing more."""
    gc.collect()
    with contextlib.suppress(AttributeError):  # other C libraries than glibc have no such thing
        ctypes.CDLL(None).malloc_trim(0)


def _fraction(samples: int, expected: int | None) -> float:
    return min(1.0, samples / expected) if expected else samples / (samples + _HALF_WAY_SAMPLES)


def _is_full(folder: Path) -> bool:
    try:
        return disk_usage(folder).free < _FULL_BYTES
    except OSError:
        return False
