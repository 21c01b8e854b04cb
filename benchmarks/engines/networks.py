"""Networks that Stemoteca runs without PyTorch, against their originals in the reference environment."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import measure, songs
from benchmarks.engines import random_networks
from benchmarks.engines.separator import Ours
from benchmarks.measure import ROOT, Cost, KeptProcess, typical
from separation.engines import modelspec
from separation.engines.descriptors import ModelSpec
from separation.engines.registry import load_engine
from separation.engines.streaming import measure as statistics_of
from separation.engines.streaming import separate

Audio = npt.NDArray[np.float32]

_ENVIRONMENT = ROOT / ".venv-reference"
_PYTHON = str(_ENVIRONMENT / "bin/python")
_COMMAND, _KEPT, _COLD, _WARM, _START = (
    "the original's command", "the original, kept", "ours, cold", "ours, warm", "starting ours",
)  # fmt: skip
HEADS = ["", "CPU s", "wall s", "peak MB", "CPU, beside the command's", "beside the kept one's"]


def measured(cache: Path, slugs: list[str], seconds: float, threads: int, rounds: int) -> Iterator[list[str]]:
    """What a song costs each way; everything is measured in alternation, and given as medians."""
    _check()
    for slug in slugs:
        costs = _race(cache, slug, seconds, threads, rounds)
        middle = {kind: typical(values) for kind, values in costs.items() if values}
        for kind, cost in middle.items():
            row = [f"{slug}, {kind}", f"{cost.cpu:.1f}", f"{cost.wall:.1f}", f"{cost.peak:.0f}"]
            if kind in {_COLD, _WARM}:
                others = (middle.get(theirs) for theirs in (_COMMAND, _KEPT))
                row += [f"{cost.cpu / other.cpu:.2f}" if other else "" for other in others]
            yield row + [""] * (len(HEADS) - len(row))


def _check() -> None:
    if not Path(_PYTHON).exists():
        raise SystemExit("the originals are not installed (make reference)")


def _race(cache: Path, slug: str, seconds: float, threads: int, rounds: int) -> dict[str, list[Cost]]:
    spec, models_dir = modelspec.get(slug), random_networks.ensure(cache, slug)
    song, tiny = songs.ensure(cache, seconds), songs.ensure(cache, 1)
    samples = round(seconds * songs.RATE)
    costs: dict[str, list[Cost]] = {kind: [] for kind in (_COMMAND, _KEPT, _COLD, _WARM, _START)}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        np.save(folder / "song.npy", songs.music(seconds))
        kept = stack.enter_context(KeptProcess(_original(spec, models_dir, threads)))
        ours = Ours(models_dir, threads=threads)
        stack.callback(ours.close)
        ours.cold(slug, tiny, songs.RATE)  # compiles the network where that has not been done
        for _ in range(rounds):
            cold, warm = ours.cold(slug, tiny, songs.RATE), ours.warm(slug, tiny, songs.RATE)
            costs[_START].append(Cost(cold.cpu - warm.cpu, cold.wall - warm.wall, cold.peak))
            costs[_KEPT].append(kept.separate({"song": str(folder / "song.npy")}))
            costs[_COLD].append(ours.cold(slug, song, samples))
            costs[_WARM].append(ours.warm(slug, song, samples))
            if spec.family == "demucs":
                costs[_COMMAND].append(_command(cache, spec, song, folder, threads))
    return costs


def _command(cache: Path, spec: ModelSpec, song: Path, folder: Path, threads: int) -> Cost:
    """The command computes what we do: without the random shift that it makes by default."""
    repository = random_networks.repository(cache, spec.slug)
    options = ["-n", spec.folder, "--repo", str(repository), "--shifts", "0", "-d", "cpu", "-o", str(folder)]
    return measure.run(
        "demucs.separate", *options, str(song), interpreter=_PYTHON, OMP_NUM_THREADS=str(threads)
    )


def _original(spec: ModelSpec, models_dir: Path, threads: int) -> list[str]:
    model: dict[str, Any] = {
        "family": spec.family,
        "files": [str((models_dir / spec.folder / file.name).resolve()) for file in spec.files],
        "stems": list(spec.stems),
        "threads": threads,
        "demucs_2": str(_ENVIRONMENT / "demucs-2"),
    }
    if spec.family == "demucs":
        segment = spec.settings.segment if spec.settings.kind == "HDemucs" else None
        model |= {"shares": random_networks.shares(spec), "segment": segment}
    else:
        model["settings"] = asdict(spec.settings)
    return [_PYTHON, "-W", "ignore", str(ROOT / "benchmarks/engines/original.py"), json.dumps(model)]


EQUALITY_HEADS = ["largest difference, 1 being full scale", "loudest sample of the stems", "mono", "stereo"]


def differences(cache: Path, slugs: list[str], lengths: list[float], threads: int) -> Iterator[list[str]]:
    """Largest difference from the original for songs of so many seconds, and around one chunk where 0 is given."""
    _check()
    for slug in slugs:
        spec, models_dir = modelspec.get(slug), random_networks.ensure(cache, slug)
        engine = load_engine(spec, models_dir, name="openvino", threads=threads)
        chunk = engine.chunking.length
        counts = [round(seconds * songs.RATE) for seconds in lengths if seconds]
        counts += [chunk - 1, chunk, chunk + 1] if 0 in lengths else []
        with (
            tempfile.TemporaryDirectory() as folder,
            KeptProcess(_original(spec, models_dir, threads)) as kept,
        ):
            for count in counts:
                cells, loudest = [], 0.0
                for channels in (1, 2):
                    song = np.ascontiguousarray(np.broadcast_to(songs.samples(count)[:channels], (2, count)))
                    paths = {name: f"{folder}/{name}.npy" for name in ("song", "stems")}
                    np.save(paths["song"], song)
                    kept.separate(paths)
                    statistics = statistics_of([song]) if engine.chunking.normalise else None
                    theirs = np.load(paths["stems"], mmap_mode="r")
                    cells.append(f"{largest(separate([song], engine, statistics), theirs):.1e}")
                    loudest = max(loudest, float(np.abs(theirs).max()))
                yield [f"{slug}, {count / songs.RATE:.5g} s ({count} samples)", f"{loudest:.2f}", *cells]


def largest(ours: Iterator[Audio], theirs: Audio) -> float:
    """The largest difference between stems that come in pieces and whole ones of the same length."""
    difference, position = 0.0, 0
    for piece in ours:
        end = position + piece.shape[2]
        if piece.size:
            difference = max(difference, float(np.abs(piece - theirs[:, :, position:end]).max()))
        position = end
    assert position == theirs.shape[2], "another length"
    return difference
