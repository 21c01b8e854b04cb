"""What a mixing desk does. Waves are float32 stereo [samples, 2] at 44.1 kHz unless a function says mono."""

import io
from typing import cast

import numpy as np
import numpy.typing as npt
import soundfile
from scipy import ndimage, signal

from training.data.pool import SAMPLE_RATE
from training.synthesis.composition import Rng
from training.synthesis.sample_pack import Wave

NYQUIST = SAMPLE_RATE / 2
Stems = npt.NDArray[np.float32]
"""[stem, samples, 2]"""


def level(wave: Wave, rms: float = 0.1) -> Wave:
    """Scale `wave` to that effective value; silence stays silence."""
    now = float(np.sqrt(np.mean(wave**2)))
    return wave if now < 1e-6 else (wave * (rms / now)).astype(np.float32)


def pan(mono: Wave, position: float) -> Wave:
    """Place mono in stereo at `position`, -1 left to 1 right, with constant power."""
    angle = (position + 1) * np.pi / 4
    return np.asarray(1.2 * np.stack([mono * np.cos(angle), mono * np.sin(angle)], axis=1), dtype=np.float32)


def widen(mono: Wave, seconds: float) -> Wave:
    """Make stereo of mono, with one side late."""
    late = int(seconds * SAMPLE_RATE)
    return np.stack([mono, np.concatenate([np.zeros(late, np.float32), mono[:-late]])], axis=1)


def room(rng: Rng, wave: Wave, seconds: float | None = None, wet: float | None = None) -> Wave:
    """Apply a random room: a few early reflections and a decaying, darkening tail, different on both sides."""
    seconds = rng.uniform(0.25, 2.6) if seconds is None else seconds
    wet = rng.uniform(0.03, 0.35) if wet is None else wet
    length = int(seconds * SAMPLE_RATE)
    time = np.arange(length, dtype=np.float32)[:, None] / SAMPLE_RATE
    tail = rng.standard_normal((length, 2), dtype=np.float32) * np.exp(-6.9 * time / seconds)
    low, high = rng.uniform(100, 400) / NYQUIST, rng.uniform(3000, 9000) / NYQUIST
    tail = signal.lfilter(*signal.butter(1, [low, high], "band"), tail, axis=0)
    tail /= np.sqrt((tail**2).sum(axis=0)) + 1e-9
    for _ in range(rng.integers(0, 6)):
        place = int(rng.uniform(0.003, 0.06) * SAMPLE_RATE)
        if place < length:
            tail[place] += rng.uniform(-0.5, 0.5, 2)
    late = int(rng.uniform(0, 0.04) * SAMPLE_RATE)
    heard = signal.oaconvolve(wave, tail, axes=0)[: len(wave) - late]
    result = wave.copy()
    result[late:] += (2 * wet * heard).astype(np.float32)
    return result


def equalise(rng: Rng, wave: Wave, decibels: float = 6.0) -> Wave:
    """Apply one to three random peaking filters."""
    for _ in range(rng.integers(1, 4)):
        angle = 2 * np.pi * np.exp(rng.uniform(np.log(80), np.log(12_000))) / SAMPLE_RATE
        gain = 10 ** (rng.uniform(-decibels, decibels) / 40)
        alpha = np.sin(angle) / (2 * rng.uniform(0.5, 1.5))
        above = np.array([1 + alpha * gain, -2 * np.cos(angle), 1 - alpha * gain])
        below = np.array([1 + alpha / gain, -2 * np.cos(angle), 1 - alpha / gain])
        wave = signal.lfilter(above / below[0], below / below[0], wave, axis=0).astype(np.float32)
    return wave


def compress(rng: Rng, wave: Wave) -> Wave:
    """Compress with a slow detector; mono or stereo."""
    threshold, ratio = rng.uniform(-28, -12), rng.uniform(1.5, 6)
    power = (wave**2).mean(axis=1) if wave.ndim == 2 else wave**2
    loudness = 10 * np.log10(signal.lfilter([0.002], [1, -0.998], power) + 1e-10)
    gain = 10 ** (np.minimum(0, (threshold - loudness) * (1 - 1 / ratio)) / 20)
    return np.asarray(wave * (gain[:, None] if wave.ndim == 2 else gain), dtype=np.float32)


def distort(rng: Rng, wave: Wave, hardest: float) -> Wave:
    """Clip softly."""
    return np.asarray(np.tanh(level(wave, 0.12) * rng.uniform(1.5, hardest)), dtype=np.float32)


def chorus(rng: Rng, wave: Wave) -> Wave:
    """Add two copies that wander a few milliseconds, one on each side."""
    time = np.arange(len(wave))
    result = wave.copy()
    for side in range(2):
        depth, rate = rng.uniform(0.001, 0.004), rng.uniform(0.2, 1.2)
        wander = np.sin(2 * np.pi * rate * time / SAMPLE_RATE + rng.uniform(0, 6))
        delay = (0.012 + depth * wander) * SAMPLE_RATE
        result[:, side] += rng.uniform(0.3, 0.8) * np.interp(time - delay, time, wave[:, side])
    return result.astype(np.float32)


def echo(rng: Rng, wave: Wave, beat: float) -> Wave:
    """Add three repeats in time with the song, from side to side."""
    late = int(beat * rng.choice([0.5, 0.75, 1]) * SAMPLE_RATE)
    gain = np.float32(rng.uniform(0.1, 0.35))
    result, repeat = wave.copy(), wave
    for _ in range(3):
        repeat = np.concatenate([np.zeros((late, 2), np.float32), repeat[:-late]])[:, ::-1] * gain
        result = result + repeat
    return result


def blown(rng: Rng, wave: Wave) -> Wave:
    """Add what recorded notes of a sampler lack: brighter when louder, resonances of another body, air in the tone."""
    mono = wave.mean(axis=1)
    loudness = np.sqrt(np.maximum(ndimage.uniform_filter1d(mono**2, 2205), 0))
    loudness /= loudness.max() + 1e-9
    wave = equalise(rng, wave, 9)
    edge = np.exp(rng.uniform(np.log(500), np.log(2500))) / NYQUIST
    dark = signal.lfilter(*signal.butter(1, edge), wave, axis=0)
    brightness = np.clip(rng.uniform(0, 1) + loudness, 0, 1)[:, None]
    low, high = rng.uniform(300, 1500) / NYQUIST, rng.uniform(3000, 10_000) / NYQUIST
    air = signal.lfilter(*signal.butter(1, [low, high], "band"), rng.standard_normal(len(mono)))
    air *= loudness * np.abs(mono).max() * np.exp(rng.uniform(np.log(0.003), np.log(0.2)))
    return np.asarray(dark + (wave - dark) * brightness + air[:, None], dtype=np.float32)


def high_pass(wave: Wave, hertz: float) -> Wave:
    """Filter with second order, mono or stereo."""
    below, above = signal.butter(2, hertz / NYQUIST, "high")
    return cast("Wave", signal.lfilter(below, above, wave, axis=0).astype(np.float32))


def limit(rng: Rng, stems: Stems) -> Stems:
    """Limit the mix to full scale: one gain curve applied to every stem, so that they still add up."""
    peaks = ndimage.maximum_filter1d(np.abs(stems.sum(axis=0)).max(axis=1), 265)
    ceiling = np.quantile(peaks, 0.98) * 10 ** (-rng.uniform(1, 8) / 20)
    gain = np.minimum(1, ceiling / np.maximum(peaks, 1e-6))
    gain = ndimage.uniform_filter1d(ndimage.minimum_filter1d(gain, 221), 221)
    return np.asarray(stems * gain[None, :, None], dtype=np.float32)


def low_pass(rng: Rng, stems: Stems) -> Stems:
    """Cut off steeply, as lossy files do."""
    edge = float(rng.choice([16_000, 15_000, 13_000, 11_000, 10_000, 8500])) / NYQUIST
    sections = signal.cheby1(8, 0.5, edge, output="sos")
    return cast("Stems", signal.sosfilt(sections, stems, axis=1).astype(np.float32))


def lossy(rng: Rng, stems: Stems) -> Stems:
    """Send each stem through an MP3 encoder of low quality and back."""
    squeeze = float(rng.uniform(0.6, 0.95))
    result = stems.copy()
    for stem in result:
        if not np.any(stem):
            continue
        file = io.BytesIO()
        with soundfile.SoundFile(
            file, "w", SAMPLE_RATE, 2, format="MP3", subtype="MPEG_LAYER_III",
            compression_level=squeeze, bitrate_mode="VARIABLE",
        ) as encoder:  # fmt: skip
            encoder.write(np.clip(stem, -1, 1))
        file.seek(0)
        decoded = soundfile.read(file, dtype="float32", always_2d=True)[0][: len(stem)]
        stem[: len(decoded)] = decoded
    return result


def random_gain(rng: Rng, low: float, high: float) -> np.float32:
    """Draw a factor between `low` and `high` decibels."""
    return np.float32(10 ** (rng.uniform(low, high) / 20))
