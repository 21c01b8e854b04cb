"""Voices that sing what they are told.

Four kinds, all made from the pack and nothing else:

- ``vowels``: real sung vowels, taken apart and put together again by the WORLD vocoder on new notes, with
  random consonants (bursts of coloured noise) and a different vowel colour for each note;
- ``speech-song``: real or synthetic speech, its syllables stretched over the notes of a tune
  (both of them more often than not without a vocoder, see `grains`);
- ``sinsy``: an HMM voice that sings a score in Japanese;
- ``speech`` and ``take``: speech and sung notes as recorded, only played faster or slower. They are few, but
  no vocoder has smoothed them.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import signal

from training import grains
from training.composition import Note, Rng
from training.instruments import CONTROL, hertz
from training.material import Wave, load_mono
from training.pool import SAMPLE_RATE

FRAME_MS = 10.0
FFT = 2048
BINS = FFT // 2 + 1
_LONGEST = 9 * SAMPLE_RATE
_NARROW_HERTZ = 15_000
_NATURAL = 0.6
_FREQUENCIES = np.arange(BINS) * SAMPLE_RATE / FFT

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
    """Every voice recording of the pack, analysed once and kept in `cache`."""
    return [analyse(path, cache) for path in recordings(pack)]


def recordings(pack: Path) -> list[Path]:
    """The voice recordings of the pack. Raises FileNotFoundError if there are none."""
    paths = sorted((pack / "vox").glob("*/*.ogg"))
    if not paths:
        raise FileNotFoundError(f"no voices in {pack / 'vox'}")
    return paths


def analyse(path: Path, cache: Path) -> Utterance:
    """The recording in `path`, analysed unless `cache` has it."""
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
    """[frame, 1 + BINS + BINS]: pitch, log envelope, aperiodicity."""
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
    """Pitch [frame], spectral envelope (power) and aperiodicity [frame, BINS] of a mono wave."""
    import pyworld

    pitch, times = pyworld.dio(wave, SAMPLE_RATE, f0_floor=lowest, f0_ceil=highest, frame_period=FRAME_MS)
    pitch = pyworld.stonemask(wave, pitch, times, SAMPLE_RATE)
    envelope = pyworld.cheaptrick(wave, pitch, times, SAMPLE_RATE, fft_size=FFT)
    noise = pyworld.d4c(wave, pitch, times, SAMPLE_RATE, fft_size=FFT)
    return pitch, envelope, noise


def synthesise(pitch: Parameters, envelope: Parameters, noise: Parameters, samples: int) -> Wave:
    """The wave of these parameters, mono, peak 0.7, cut or filled to `samples`."""
    import pyworld

    sound = pyworld.synthesize(
        pitch, np.ascontiguousarray(envelope), np.ascontiguousarray(noise), SAMPLE_RATE, FRAME_MS
    )
    return fit(sound, samples)


def fit(sound: npt.NDArray[Any], samples: int) -> Wave:
    """`sound` with peak 0.7 and exactly that long."""
    sound = sound[:samples]
    sound = np.pad(sound, (0, samples - len(sound)))
    return np.asarray(sound / (np.abs(sound).max() + 1e-9) * 0.7, dtype=np.float32)


def _extend(pitch: Parameters, envelope: Parameters, noise: Parameters, bandwidth: float) -> None:
    """Continue the spectrum of a narrow recording above its edge: voiced sound falls off, hiss hardly."""
    edge = (bandwidth * 0.7 < _FREQUENCIES) & (bandwidth * 0.93 > _FREQUENCIES)
    above = bandwidth * 0.93 <= _FREQUENCIES
    unvoiced = (pitch <= 0)[:, None]
    fall = np.where(unvoiced, -0.5, -2.2) * np.log(_FREQUENCIES[above] / bandwidth)
    envelope[:, above] = envelope[:, edge].mean(axis=1, keepdims=True) + fall
    noise[:, above] = np.where(unvoiced, 0.999, np.clip(noise[:, above], 0.5, 0.99))


def syllables(pitch: Parameters) -> list[tuple[int, int, int]]:
    """(start of the consonant, start of the vowel, end) in frames, about 220 ms apart."""
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


@dataclass(frozen=True, slots=True)
class Manner:
    """How one singer sings."""

    vibrato_rate: float
    vibrato_depth: float
    glide: float
    scoop: float
    formants: float
    """Factor on all resonances: below 1 is a larger head."""
    breath: float
    wander: float
    """Semitones by which the pitch strays, a few times a second."""
    natural: bool
    """Whether the recording itself is laid out anew (`grains`) instead of WORLD's idea of it."""

    @classmethod
    def draw(cls, rng: Rng, formants: tuple[float, float]) -> "Manner":
        """A random one, `formants` within the range given."""
        return cls(
            vibrato_rate=rng.uniform(4.6, 6.4),
            vibrato_depth=rng.uniform(0, 0.6),
            glide=rng.uniform(0.02, 0.09),
            scoop=rng.uniform(0, 1),
            formants=rng.uniform(*formants),
            breath=rng.uniform(0, 0.12) if rng.random() < 0.3 else 0.0,
            wander=rng.uniform(0.03, 0.45),
            natural=bool(rng.random() < _NATURAL),
        )


def sing(rng: Rng, voice: Utterance, notes: Sequence[Note], samples: int, manner: Manner) -> Wave:
    """`notes` sung with the sounds of `voice`: mono [samples]."""
    parts = syllables(voice.pitch)
    if not parts:
        return np.zeros(samples, dtype=np.float32)
    sung = _Score(rng, voice, manner, int(samples / SAMPLE_RATE * 1000 / FRAME_MS) + 1)
    which = int(rng.integers(len(parts)))
    for note in notes:
        which += int(rng.integers(1, 3)) if voice.kind == "vowel" else 1
        sung.add(note, parts[which % len(parts)])
    if manner.natural:
        return _laid_out(rng, sung, samples)
    envelope, noise = sung.spectra()
    return synthesise(sung.pitch, envelope, noise, samples)


def _laid_out(rng: Rng, sung: "_Score", samples: int) -> Wave:
    """What `sung` says, from the grains of its recording, with hisses for consonants where it has none."""
    wave = sung.voice.wave.astype(np.float32)
    hisses = np.zeros(samples, dtype=np.float32)
    for begin, end in sung.consonants:
        sung.sounding[begin:end] = False
        first, last = begin * CONTROL, min(end * CONTROL, samples)
        if last - first > CONTROL:
            centre = np.exp(rng.uniform(np.log(1800), np.log(7500)))
            band = signal.butter(1, [centre * 0.75, centre * 1.35], "band", fs=SAMPLE_RATE)
            hiss = signal.lfilter(*band, rng.standard_normal(last - first)) * np.hanning(last - first)
            hisses[first:last] = hiss / (np.abs(hiss).max() + 1e-9) * rng.uniform(0.03, 0.3)
    sound = grains.render(
        rng,
        wave,
        grains.marks(wave, sung.voice.pitch),
        source=sung.source,
        pitch=sung.pitch,
        sounding=sung.sounding,
        formants=sung.manner.formants,
        samples=samples,
    )
    sounding = np.convolve(sung.sounding.astype(float), np.ones(3) / 3, "same")
    fade = np.interp(np.arange(samples) / CONTROL, np.arange(len(sounding)), sounding)
    sound = sound / (np.abs(sound).max() + 1e-9) * fade.astype(np.float32)
    return fit(sound + hisses, samples)


class _Score:
    """Frame by frame: which frame of the recording to take, and how high."""

    def __init__(self, rng: Rng, voice: Utterance, manner: Manner, frames: int) -> None:
        self.rng = rng
        self.voice = voice
        self.manner = manner
        self.source = np.zeros(frames)
        self.pitch = np.zeros(frames)
        self.sounding = np.zeros(frames, dtype=bool)
        self.note = np.full(frames, -1)
        self.consonants: list[tuple[int, int]] = []
        self.before: float | None = None
        self.sustains = voice.kind == "vowel"

    def add(self, note: Note, part: tuple[int, int, int]) -> None:
        """Sing `note` on the syllable `part` of the recording."""
        rng, frames = self.rng, len(self.pitch)
        consonant, vowel, end = part
        first, length = int(note.start * 1000 / FRAME_MS), int(note.length * 1000 / FRAME_MS)
        places = np.arange(first, min(frames, first + length))
        if length < 4 or not len(places):
            return
        lead = np.arange(max(0, first - min(vowel - consonant, max(2, length // 2))), first)
        self.source[lead] = vowel - (first - lead)
        self.sounding[lead] = True
        time = (places - first) * FRAME_MS / 1000
        pitch = self._pitch(note.pitch, time)
        spoken = np.clip(self.source[lead].astype(int), 0, len(self.voice.pitch) - 1)
        self.pitch[lead] = np.where(self.voice.pitch[spoken] > 0, hertz(pitch[0]), 0)
        self.pitch[places] = hertz(pitch)
        self.source[places] = self._frames(places - first, length, vowel, end)
        self.sounding[places] = True
        self.note[places] = int(note.start * 100)
        if self.sustains and rng.random() < 0.55:
            noisy = max(0, first - int(rng.integers(3, 10)))
            self.consonants.append((noisy, first))
            self.source[noisy:first] = vowel
            self.sounding[noisy:first] = True
            self.pitch[noisy:first] = 0

    def _pitch(self, target: float, time: Parameters) -> Parameters:
        rng, manner = self.rng, self.manner
        late = np.clip((time - 0.15) / 0.4, 0, 1)
        wave = np.sin(2 * np.pi * manner.vibrato_rate * time + rng.uniform(0, 6))
        away = self.before - target if self.before is not None else -manner.scoop
        drift = 0.08 * _smooth_noise(rng, len(time), 6) + manner.wander * _smooth_noise(rng, len(time), 18)
        self.before = target if rng.random() < 0.8 else None
        return cast(
            "Parameters",
            target + manner.vibrato_depth * late * wave + away * np.exp(-time / manner.glide) + drift,
        )

    def _frames(self, places: npt.NDArray[np.int64], length: int, vowel: int, end: int) -> Parameters:
        width = end - vowel
        if self.sustains:  # to and fro through the vowel
            swing = (places + self.rng.integers(0, 9)) % (2 * width) - width
            return np.asarray(vowel + np.abs(swing) * 0.98)
        share = places / max(1, length)  # the start at its own speed, the rest stretched
        stretched = np.where(share < 0.25, share * 1.4, 0.35 + (share - 0.25) * 0.65 / 0.75)
        return np.asarray(vowel + np.clip(stretched, 0, 0.999) * width, dtype=np.float64)

    def spectra(self) -> tuple[Parameters, Parameters]:
        """Envelope (power) and aperiodicity of what was added."""
        rng, manner = self.rng, self.manner
        frames = np.clip(self.source.round().astype(int), 0, len(self.voice.pitch) - 1)
        envelope = self.voice.envelope[frames].astype(np.float64)
        noise = self.voice.noise[frames].astype(np.float64)
        if abs(manner.formants - 1) > 0.01:
            envelope = envelope[:, np.clip(np.arange(BINS) / manner.formants, 0, BINS - 1).astype(int)]
        warp, tilt = (0.22, 2.0) if self.sustains else (0.08, 1.0)
        for note in np.unique(self.note[self.note >= 0]):
            places = np.flatnonzero(self.note == note)
            envelope[places] = recolour(rng, envelope[places], warp, tilt)
        for first, last in self.consonants:
            if last < len(envelope):
                centre, width = rng.uniform(1800, 8500), rng.uniform(0.25, 0.7)
                bump = 0.5 * (np.log2(np.maximum(_FREQUENCIES, 50) / centre) / width) ** 2
                envelope[first:last] = envelope[last].max() - rng.uniform(4.5, 7.5) - bump
                noise[first:last] = 1
        envelope = np.exp(signal.lfilter([0.5], [1, -0.5], envelope, axis=0))  # hides jumps between frames
        fade = np.convolve(self.sounding.astype(float), np.ones(3) / 3, "same")[:, None]
        return envelope * np.maximum(fade, 1e-8) + 1e-14, np.clip(noise + manner.breath, 0, 1)


def _smooth_noise(rng: Rng, length: int, width: int) -> Parameters:
    """Noise of variance one, smoothed over `width` values."""
    noise = np.convolve(rng.standard_normal(length + width - 1), np.hanning(width + 2)[1:-1], "valid")
    return np.asarray(noise / np.sqrt(np.sum(np.hanning(width + 2) ** 2)))


def recolour(rng: Rng, envelope: Parameters, warp: float, tilt: float) -> Parameters:
    """Another vowel, another throat: resonances moved by up to `warp`, bands by `tilt` nepers (log power)."""
    stretch = [1, *(1 + rng.uniform(-warp, warp, 3)), 1 + rng.uniform(-0.06, 0.06), 1]
    factors = np.interp(_FREQUENCIES, [0, 450, 1300, 2600, 4500, 22_050], stretch)
    bins = np.clip((np.arange(BINS) * factors).round().astype(int), 0, BINS - 1)
    bands = np.interp(_FREQUENCIES, [0, 300, 900, 2000, 4000, 9000, 22_050], rng.normal(0, tilt, 7))
    return np.asarray(envelope[:, bins] + 0.6 * bands)


def recorded_speech(rng: Rng, voices: Sequence[Utterance], samples: int) -> Wave:
    """Utterances of one speaker one after the other as recorded, all at one random speed: mono [samples]."""
    speed = rng.uniform(0.8, 1.22)
    sound = np.zeros(samples, dtype=np.float32)
    place = int(rng.uniform(0, 2) * SAMPLE_RATE)
    while place < samples - SAMPLE_RATE:
        wave = replay(voices[rng.integers(len(voices))].wave, speed)[: samples - place]
        sound[place : place + len(wave)] += wave
        place += len(wave) + int(rng.uniform(0, 1.2) * SAMPLE_RATE)
    return fit(sound, samples)


def recorded_notes(rng: Rng, takes: Sequence[Utterance], notes: Sequence[Note], samples: int) -> Wave:
    """`notes` sung with recorded notes, each the take nearest in pitch, replayed faster or slower."""
    pitched = []
    for take in takes:
        voiced = take.pitch[take.pitch > 0]
        if len(voiced):
            pitched.append((69 + 12 * np.log2(np.median(voiced) / 440), take))
    sound = np.zeros(samples, dtype=np.float32)
    if not pitched:
        return sound
    for note in notes:
        pitch, take = min(pitched, key=lambda item: abs(item[0] - note.pitch) + rng.uniform(0, 2.5))
        shift = note.pitch - pitch
        shift -= 12 * round(shift / 12) if abs(shift) > 9 else 0
        wave = replay(take.wave, float(2 ** (shift / 12)))
        onset = int(rng.uniform(0, 0.15) * len(wave))
        first = int(note.start * SAMPLE_RATE)
        wave = wave[onset : onset + int(note.length * SAMPLE_RATE)][: max(0, samples - first)]
        size = len(wave)
        if size > 2000:
            fade = np.minimum(
                1, np.minimum(np.arange(size) / rng.uniform(400, 2500), np.arange(size, 0, -1) / 1500)
            )
            sound[first : first + size] += wave * fade.astype(np.float32)
    return fit(sound, samples)


def replay(wave: npt.NDArray[np.float16], speed: float) -> Wave:
    """`wave` played `speed` times as fast, pitch and all."""
    places = np.arange(int(len(wave) / speed)) * speed
    return np.interp(places, np.arange(len(wave)), wave).astype(np.float32)
