"""How far networks that Stemoteca runs without PyTorch are from their originals in the reference environment."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import songs
from benchmarks.engines import random_networks
from benchmarks.engines.networks import check_environment, original
from benchmarks.measure import KeptProcess
from separation.engines import modelspec
from separation.engines.descriptors import ModelSpec
from separation.engines.protocol import Engine
from separation.engines.registry import load_engine
from separation.engines.streaming import measure as statistics_of
from separation.engines.streaming import separate

Audio = npt.NDArray[np.float32]

HEADS = ["", "samples", "mono: largest difference", "stereo", "loudest sample of the stems"]
NETWORKS = [
    "openunmix:umxhq", "demucs:htdemucs", "demucs:htdemucs_6s", "demucs:hdemucs_mmi", "convtasnet:tasnet",
]  # fmt: skip
LENGTHS = [2.0, 0.0, 30.0]


def differences(cache: Path, slugs: list[str], lengths: list[float], threads: int) -> Iterator[list[str]]:
    """Largest differences, 1 being full scale, for songs of so many seconds; 0 stands for lengths around one chunk."""
    check_environment()
    for slug in slugs:
        models_dir = random_networks.ensure(cache, slug)
        for name, spec, double in _variants(modelspec.get(slug)):
            engine = load_engine(spec, models_dir, name="openvino", threads=threads)
            with KeptProcess(original(spec, models_dir, threads, double=double)) as kept:
                for samples in _samples(lengths, engine.chunking.length):
                    try:
                        cells = _compared(engine, kept, samples)
                    except RuntimeError as error:
                        yield [name, str(samples), f"not measured: {error}", "", ""]
                        break
                    yield [f"{name}, {samples / songs.RATE:.4g} s", str(samples), *cells]


def _variants(spec: ModelSpec) -> Iterator[tuple[str, ModelSpec, bool]]:
    """Open-Unmix with and without its filter.

    The filter inverts matrices that are nearly singular in centred music, and are singular in mono: there, the
    original in float32 is far from itself in float64.
    """
    if spec.family != "openunmix":
        yield spec.slug, spec, False
        return
    yield f"{spec.slug} without filter", replace(spec, settings=replace(spec.settings, iterations=0)), False
    yield f"{spec.slug}, the original in float64", spec, True
    yield spec.slug, spec, False


def _samples(lengths: list[float], chunk: int) -> Iterator[int]:
    for seconds in lengths:
        yield from [round(seconds * songs.RATE)] if seconds else [chunk - 1, chunk, chunk + 1]


def _compared(engine: Engine, kept: KeptProcess, samples: int) -> list[str]:
    """The differences for a song in mono, and for one in stereo. Raises RuntimeError where the original ends."""
    cells, loudest = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: f"{folder}/{name}.npy" for name in ("song", "stems")}
        for channels in (1, 2):
            song = np.ascontiguousarray(np.broadcast_to(songs.samples(samples)[:channels], (2, samples)))
            np.save(paths["song"], song)
            kept.separate(paths)
            theirs = np.load(paths["stems"], mmap_mode="r")
            statistics = statistics_of([song]) if engine.chunking.normalise else None
            cells.append(f"{largest(separate([song], engine, statistics), theirs):.1e}")
            loudest = max(loudest, float(np.abs(theirs).max()))
    return [*cells, f"{loudest:.2f}"]


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
