"""Recordings of voices: pitch, spectral envelope and aperiodicity by the WORLD vocoder, and sound from these."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.pool import SAMPLE_RATE
from training.synthesis.sample_pack import Wave, load_mono

FRAME_MS = 10.0
FFT = 2048
BINS = FFT // 2 + 1
_LONGEST = 9 * SAMPLE_RATE
_NARROW_HERTZ = 15_000
FREQUENCIES = np.arange(BINS) * SAMPLE_RATE / FFT

Parameters = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A recording as WORLD sees it, a frame each 10 ms, and as it was."""

    name: str
    kind: str
    """``vowel``, ``choir``, ``reader``, ``flite`` or ``espeak``."""
    pitch: Parameters
    """Fundamental in Hz, 0 where there is no voice."""
    envelope: npt.NDArray[np.float16]
    """Logarithm of the spectral envelope's power, [frame, BINS]."""
    noise: npt.NDArray[np.float16]
    """Aperiodicity 0..1, [frame, BINS]."""
    wave: npt.NDArray[np.float16]


def load(pack: Path, cache: Path) -> list[Utterance]:
    """Load every voice recording of the pack, analysed once and kept in `cache`."""
    return [analyse(path, cache) for path in recordings(pack)]


def recordings(pack: Path) -> list[Path]:
    """List the voice recordings of the pack. Raises FileNotFoundError if there are none."""
    paths = sorted((pack / "vox").glob("*/*.ogg"))
    if not paths:
        raise FileNotFoundError(f"no voices in {pack / 'vox'}")
    return paths


def analyse(path: Path, cache: Path) -> Utterance:
    """Return the recording in `path`, analysed unless `cache` has it."""
    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / f"{path.stem}.npy"
    wave = load_mono(path)[:_LONGEST]
    wave = wave / (np.abs(wave).max() + 1e-6) * 0.8
    if not kept.is_file():
        part = kept.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as file:
            np.save(file, _analyse(wave.astype(np.float64), path))
        part.replace(kept)
    frames = np.load(kept, mmap_mode="r")
    return Utterance(
        name=path.stem,
        kind=_kind(path),
        pitch=frames[:, 0].astype(np.float64),
        envelope=frames[:, 1 : BINS + 1],
        noise=frames[:, BINS + 1 :],
        wave=wave.astype(np.float16),
    )


def _kind(path: Path) -> str:
    if path.parent.name == "lj":
        return "reader"
    if path.parent.name == "tts":
        return path.stem.partition("_")[0]
    return "choir" if "voices_" in path.stem.lower() else "vowel"


def _analyse(wave: Parameters, path: Path) -> npt.NDArray[np.float16]:
    """Return [frame, 1 + BINS + BINS]: pitch, log envelope, aperiodicity."""
    import soundfile

    pitch, envelope, noise = world_analysis(wave, 60, 900)
    envelope = np.log(envelope + 1e-12)
    bandwidth = min(soundfile.info(path).samplerate / 2 * 0.92, 20_000)
    if bandwidth < _NARROW_HERTZ:
        _extend(pitch, envelope, noise, bandwidth)
    return np.asarray(np.concatenate([pitch[:, None], envelope, noise], axis=1), dtype=np.float16)


def world_analysis(
    wave: Parameters, lowest: float, highest: float
) -> tuple[Parameters, Parameters, Parameters]:
    """Return pitch [frame], spectral envelope (power) and aperiodicity [frame, BINS] of a mono wave."""
    import pyworld

    pitch, times = pyworld.dio(wave, SAMPLE_RATE, f0_floor=lowest, f0_ceil=highest, frame_period=FRAME_MS)
    pitch = pyworld.stonemask(wave, pitch, times, SAMPLE_RATE)
    envelope = pyworld.cheaptrick(wave, pitch, times, SAMPLE_RATE, fft_size=FFT)
    noise = pyworld.d4c(wave, pitch, times, SAMPLE_RATE, fft_size=FFT)
    return pitch, envelope, noise


def synthesise(pitch: Parameters, envelope: Parameters, noise: Parameters, samples: int) -> Wave:
    """Return the wave of these parameters, mono, peak 0.7, cut or filled to `samples`."""
    import pyworld

    sound = pyworld.synthesize(
        pitch, np.ascontiguousarray(envelope), np.ascontiguousarray(noise), SAMPLE_RATE, FRAME_MS
    )
    return fit(sound, samples)


def fit(sound: npt.NDArray[Any], samples: int) -> Wave:
    """Return `sound` with peak 0.7 and exactly that long."""
    sound = sound[:samples]
    sound = np.pad(sound, (0, samples - len(sound)))
    return np.asarray(sound / (np.abs(sound).max() + 1e-9) * 0.7, dtype=np.float32)


def _extend(pitch: Parameters, envelope: Parameters, noise: Parameters, bandwidth: float) -> None:
    """Continue the spectrum of a narrow recording above its edge: voiced sound falls off, hiss hardly."""
    edge = (bandwidth * 0.7 < FREQUENCIES) & (bandwidth * 0.93 > FREQUENCIES)
    above = bandwidth * 0.93 <= FREQUENCIES
    unvoiced = (pitch <= 0)[:, None]
    fall = np.where(unvoiced, -0.5, -2.2) * np.log(FREQUENCIES[above] / bandwidth)
    envelope[:, above] = envelope[:, edge].mean(axis=1, keepdims=True) + fall
    noise[:, above] = np.where(unvoiced, 0.999, np.clip(noise[:, above], 0.5, 0.99))


def syllables(pitch: Parameters) -> list[tuple[int, int, int]]:
    """Find (start of the consonant, start of the vowel, end) in frames, about 220 ms apart."""
    voiced = np.diff(np.concatenate([[0], (pitch > 0).astype(int), [0]]))
    found: list[tuple[int, int, int]] = []
    before = 0
    for first, last in zip(np.flatnonzero(voiced == 1), np.flatnonzero(voiced == -1), strict=True):
        if last - first < 5:
            continue
        edges = np.linspace(first, last, max(1, round((last - first) / 22)) + 1).astype(int)
        for index in range(len(edges) - 1):
            consonant = max(before, first - 14) if index == 0 else int(edges[index])
            found.append((consonant, int(edges[index]), int(edges[index + 1])))
        before = last
    return found
