"""Networks that Stemoteca runs without PyTorch, against their originals in the reference environment."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure, songs
from benchmarks.engines import random_networks
from benchmarks.engines.separator import Ours
from benchmarks.measure import ROOT, Cost, KeptProcess, least, typical
from separation.engines import modelspec
from separation.engines.descriptors import ModelSpec

_ENVIRONMENT = ROOT / ".venv-reference"
_PYTHON = str(_ENVIRONMENT / "bin/python")
_COMMAND, _KEPT, _COLD, _WARM, _START = (
    "the original's command", "the original, kept", "ours, cold", "ours, warm", "starting ours",
)  # fmt: skip
HEADS = ["", "CPU s", "wall s", "peak MB", "CPU, beside the command's", "beside the kept one's"]


def measured(cache: Path, slugs: list[str], seconds: float, threads: int, rounds: int) -> Iterator[list[str]]:
    """What a song costs each way; everything is measured in alternation, and given as medians."""
    check_environment()
    for slug in slugs:
        costs = _race(cache, slug, seconds, threads, rounds)
        middle = {kind: typical(values) for kind, values in costs.items() if values}
        for kind, cost in middle.items():
            row = [f"{slug}, {kind}", f"{cost.cpu:.1f}", f"{cost.wall:.1f}", f"{cost.peak:.0f}"]
            if kind in {_COLD, _WARM}:
                others = (middle.get(theirs) for theirs in (_COMMAND, _KEPT))
                row += [f"{cost.cpu / other.cpu:.2f}" if other else "" for other in others]
            yield row + [""] * (len(HEADS) - len(row))


def check_environment() -> None:
    """End the process where the originals are not installed."""
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
        kept = stack.enter_context(KeptProcess(original(spec, models_dir, threads)))
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


def original(spec: ModelSpec, models_dir: Path, threads: int, *, double: bool = False) -> list[str]:
    """The command of a process that keeps the original of `spec`; with `double` it computes in float64."""
    model: dict[str, Any] = {
        "family": spec.family,
        "files": [str((models_dir / spec.folder / file.name).resolve()) for file in spec.files],
        "stems": list(spec.stems),
        "threads": threads,
        "double": double,
        "demucs_2": str(_ENVIRONMENT / "demucs-2"),
    }
    if spec.family == "demucs":
        segment = spec.settings.segment if spec.settings.kind == "HDemucs" else None
        model |= {"shares": random_networks.shares(spec), "segment": segment}
    else:
        model["settings"] = asdict(spec.settings)
    return [_PYTHON, "-W", "ignore", str(ROOT / "benchmarks/engines/original.py"), json.dumps(model)]


MEMORY_HEADS = ["memory of the separator", "separated of it", "peak MB"]


def memory(
    cache: Path, slugs: list[str], lengths: list[float], threads: int, until: float
) -> Iterator[list[str]]:
    """The peak for each length; a song is left after `until` seconds of it, where that is above 0."""
    for slug in slugs:
        models_dir = random_networks.ensure(cache, slug)
        ours = Ours(models_dir, threads=threads)
        ours.cold(
            slug, songs.ensure(cache, 1), songs.RATE
        )  # compiles the network where that has not been done
        for seconds in lengths:
            song, samples = songs.ensure(cache, seconds), round(seconds * songs.RATE)
            end = min(until or seconds, seconds)
            peak = ours.peak_until(slug, song, samples, end)
            yield [f"{slug}, {seconds:g} s, {threads} threads", f"{end:g} s", f"{peak:.0f}"]
        ours.close()


START_HEADS = [
    "from the start of the process until it can separate, compiled before",
    "CPU s",
    "wall s",
    "peak MB",
]


def starts(cache: Path, slugs: list[str], threads: int, rounds: int) -> Iterator[list[str]]:
    """A clip of 1 s in a new process, and again in the same: the differences of the least, and of the medians."""
    tiny = songs.ensure(cache, 1)
    for slug in slugs:
        ours = Ours(random_networks.ensure(cache, slug), threads=threads)
        ours.cold(slug, tiny, songs.RATE)
        cold, warm = [], []
        for _ in range(rounds):
            cold.append(ours.cold(slug, tiny, songs.RATE))
            warm.append(ours.warm(slug, tiny, songs.RATE))
        ours.close()
        for name, pick in (("least", least), ("median", typical)):
            first, second = pick(cold), pick(warm)
            figures = [
                f"{first.cpu - second.cpu:.2f}",
                f"{first.wall - second.wall:.2f}",
                f"{first.peak:.0f}",
            ]
            yield [f"{slug}, {name} of {rounds}", *figures]
