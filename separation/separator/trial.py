"""Try a model before it is installed: separate a few seconds of generated sound in a separator process of its own."""

import contextlib
import os
import shutil
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from separation.engines import model_files, modelspec
from separation.engines.descriptors import SAMPLE_RATE, ModelSpec, ModelUnavailable
from separation.separator.client import Separator
from separation.separator.protocol import SeparatedStem


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model made of the sound, and what that took."""

    samples: int
    """Of the sound."""
    stems: list[SeparatedStem]
    cpu_seconds: float
    """Of separating, after the model was loaded."""
    loading_cpu_seconds: float
    peak_bytes: int | None
    """Most resident memory of the process; None where the system does not tell."""


@contextlib.contextmanager
def as_installed(spec: ModelSpec, files: Path, descriptor: Path | None, work_dir: Path) -> Iterator[Path]:
    """Give a folder for models in which `spec` is installed from the folder `files`, and known by `descriptor`.

    Raises `ModelUnavailable`, OSError.
    """
    with tempfile.TemporaryDirectory(prefix="trial-", dir=work_dir) as name:
        models_dir = Path(name)
        if descriptor:
            (models_dir / modelspec.OWN).mkdir()
            shutil.copyfile(descriptor, models_dir / modelspec.OWN / "trial.toml")
        folder = models_dir / spec.folder
        folder.mkdir()
        for file in spec.files:
            if not (files / file.name).is_file():
                raise ModelUnavailable(f"{spec.slug}: {file.name} is not in {files}")
            _link_or_copy((files / file.name).resolve(), folder / file.name)
        model_files.seal(spec, folder)
        yield models_dir


def try_model(
    spec: ModelSpec, models_dir: Path, seconds: float, *, work_dir: Path, engine: str, memory_limit: int
) -> Trial:
    """Separate so many seconds with `spec`, which is in `models_dir`, in one thread.

    Raises `ModelUnavailable`, `SeparatorError`.
    """
    with (
        tempfile.TemporaryDirectory(prefix="trial-", dir=work_dir) as name,
        Separator(models_dir=models_dir, engine=engine, threads=1, memory_limit=memory_limit) as separator,
    ):
        folder, samples = Path(name), round(seconds * SAMPLE_RATE)
        for length in (1000, samples):  # the first one loads the model
            _write_sound(folder / f"{length}.wav", length)
        separator.separate(
            folder / "1000.wav", spec.slug, folder / "first", on_progress=lambda _fraction: None
        )
        loaded = _cpu_seconds(separator.pid)
        done = separator.separate(
            folder / f"{samples}.wav", spec.slug, folder / "stems", on_progress=lambda _fraction: None
        )
        spent = _cpu_seconds(separator.pid) - loaded
        return Trial(samples, done.stems, spent, loaded, _peak_bytes(separator.pid))


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def _write_sound(path: Path, samples: int) -> None:
    """Write tones that glide, a bass line and bursts of noise, from different directions."""
    moments = np.arange(samples) / SAMPLE_RATE
    voice = np.sin(2 * np.pi * (300 + 30 * np.sin(moments)) * moments) * np.sin(np.pi * moments) ** 2
    bass = np.sign(np.sin(2 * np.pi * 55 * moments)) * np.exp(-3 * (moments % 0.5))
    drums = np.random.default_rng(1).normal(size=samples) * np.exp(-40 * (moments % 0.25))
    sound = np.array([[0.3, 0.15, 0.2], [0.3, 0.17, 0.1]]) @ np.array([voice, bass, drums])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((sound.clip(-0.9, 0.9).T * 32767).astype("<i2").tobytes())


def _cpu_seconds(pid: int | None) -> float:
    """Return the processor time of a process so far; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_bytes(pid: int | None) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    peaks = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
    return peaks[0] if peaks else None
