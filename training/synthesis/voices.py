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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import signal

from training.data.pool import SAMPLE_RATE
from training.synthesis import granular
from training.synthesis.composition import Note, Rng
from training.synthesis.instruments import CONTROL, hertz
from training.synthesis.sample_pack import Wave
from training.synthesis.voice_analysis import (
    BINS,
    FRAME_MS,
    FREQUENCIES,
    Parameters,
    Utterance,
    fit,
    syllables,
    synthesise,
)

_NATURAL = 0.6
_WHISPERED, _TUNED, _BELTED = 0.05, 0.1, 0.15
"""Shares of the singers who whisper, whose pitch is corrected by a machine, and who belt."""


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
    tilt: float
    """Nepers of power that the octaves above 500 Hz gain each: belting has more of them, soft singing fewer."""

    @classmethod
    def draw(cls, rng: Rng, formants: tuple[float, float]) -> "Manner":
        """Draw a random one, `formants` within the range given."""
        whispered, tuned, belted = (rng.random() < share for share in (_WHISPERED, _TUNED, _BELTED))
        breath = rng.uniform(0, 0.12) if rng.random() < 0.3 else 0.0
        tilt = rng.uniform(0.2, 0.7) if belted else rng.uniform(-0.5, 0.1) * (rng.random() < 0.3)
        return cls(
            vibrato_rate=rng.uniform(4.6, 6.4),
            vibrato_depth=0.0 if tuned else rng.uniform(0, 0.6),
            glide=rng.uniform(0.002, 0.01) if tuned else rng.uniform(0.02, 0.09),
            scoop=0.0 if tuned else rng.uniform(0, 1),
            formants=rng.uniform(*formants),
            breath=1.0 if whispered else breath,
            wander=0.0 if tuned else rng.uniform(0.03, 0.45),
            natural=bool(rng.random() < _NATURAL) and not whispered and not tilt,
            tilt=tilt,
        )


def sing(rng: Rng, voice: Utterance, notes: Sequence[Note], samples: int, manner: Manner) -> Wave:
    """Return `notes` sung with the sounds of `voice`: mono [samples]."""
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
    """Render what `sung` says, from the grains of its recording, with hisses for consonants where it has none."""
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
    sound = granular.render(
        rng,
        wave,
        granular.marks(wave, sung.voice.pitch),
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
        unsteady = min(0.08, manner.wander)
        drift = unsteady * _smooth_noise(rng, len(time), 6) + manner.wander * _smooth_noise(
            rng, len(time), 18
        )
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
        """Return envelope (power) and aperiodicity of what was added."""
        rng, manner = self.rng, self.manner
        frames = np.clip(self.source.round().astype(int), 0, len(self.voice.pitch) - 1)
        envelope = self.voice.envelope[frames].astype(np.float64)
        noise = self.voice.noise[frames].astype(np.float64)
        if abs(manner.formants - 1) > 0.01:
            envelope = envelope[:, np.clip(np.arange(BINS) / manner.formants, 0, BINS - 1).astype(int)]
        envelope += manner.tilt * np.clip(np.log2(np.maximum(FREQUENCIES, 1) / 500), 0, 4)
        warp, tilt = (0.22, 2.0) if self.sustains else (0.08, 1.0)
        for note in np.unique(self.note[self.note >= 0]):
            places = np.flatnonzero(self.note == note)
            envelope[places] = recolour(rng, envelope[places], warp, tilt)
        for first, last in self.consonants:
            if last < len(envelope):
                centre, width = rng.uniform(1800, 8500), rng.uniform(0.25, 0.7)
                bump = 0.5 * (np.log2(np.maximum(FREQUENCIES, 50) / centre) / width) ** 2
                envelope[first:last] = envelope[last].max() - rng.uniform(4.5, 7.5) - bump
                noise[first:last] = 1
        envelope = np.exp(signal.lfilter([0.5], [1, -0.5], envelope, axis=0))  # hides jumps between frames
        fade = np.convolve(self.sounding.astype(float), np.ones(3) / 3, "same")[:, None]
        return envelope * np.maximum(fade, 1e-8) + 1e-14, np.clip(noise + manner.breath, 0, 1)


def _smooth_noise(rng: Rng, length: int, width: int) -> Parameters:
    """Return noise of variance one, smoothed over `width` values."""
    noise = np.convolve(rng.standard_normal(length + width - 1), np.hanning(width + 2)[1:-1], "valid")
    return np.asarray(noise / np.sqrt(np.sum(np.hanning(width + 2) ** 2)))


def recolour(rng: Rng, envelope: Parameters, warp: float, tilt: float) -> Parameters:
    """Return another vowel, another throat: resonances moved by up to `warp`, bands by `tilt` nepers (log power)."""
    stretch = [1, *(1 + rng.uniform(-warp, warp, 3)), 1 + rng.uniform(-0.06, 0.06), 1]
    factors = np.interp(FREQUENCIES, [0, 450, 1300, 2600, 4500, 22_050], stretch)
    bins = np.clip((np.arange(BINS) * factors).round().astype(int), 0, BINS - 1)
    bands = np.interp(FREQUENCIES, [0, 300, 900, 2000, 4000, 9000, 22_050], rng.normal(0, tilt, 7))
    return np.asarray(envelope[:, bins] + 0.6 * bands)


def recorded_speech(rng: Rng, voices: Sequence[Utterance], samples: int) -> Wave:
    """Join utterances of one speaker as recorded, all at one random speed: mono [samples]."""
    speed = rng.uniform(0.8, 1.22)
    sound = np.zeros(samples, dtype=np.float32)
    place = int(rng.uniform(0, 2) * SAMPLE_RATE)
    while place < samples - SAMPLE_RATE:
        wave = replay(voices[rng.integers(len(voices))].wave, speed)[: samples - place]
        sound[place : place + len(wave)] += wave
        place += len(wave) + int(rng.uniform(0, 1.2) * SAMPLE_RATE)
    return fit(sound, samples)


def recorded_notes(rng: Rng, takes: Sequence[Utterance], notes: Sequence[Note], samples: int) -> Wave:
    """Sing `notes` with recorded notes, each the take nearest in pitch, replayed faster or slower."""
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
    """Play `wave` `speed` times as fast, pitch and all."""
    places = np.arange(int(len(wave) / speed)) * speed
    return np.interp(places, np.arange(len(wave)), wave).astype(np.float32)
