"""Instruments: the pack's soundfont, oscillators and filters, drum samples.

`Player` is the soundfont. Leads get what solo players do and what makes a network take them for singers:
glides, late vibrato, swells. They are the hard negatives of the training set.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import signal

from training.data.pool import SAMPLE_RATE
from training.synthesis.composition import Hit, Note, Rng
from training.synthesis.effects import NYQUIST, level, pan
from training.synthesis.sample_pack import DrumBank, Wave

CONTROL = SAMPLE_RATE // 100
"""Samples between two values of a control curve (10 ms)."""
_BEND_RANGE = 12.0
_DRUM_CHANNEL = 9
_TAIL = SAMPLE_RATE // 10
_GM_DRUMS = {
    "kick": (36, 35), "snare": (38, 40), "hat": (42,), "open": (46,), "crash": (49, 57),
    "tom": (45, 47, 50, 43), "percussion": (54, 70, 56, 63, 39, 51),
}  # fmt: skip
_DRUM_KITS = (0, 8, 16, 24, 25, 32, 40)

PROGRAMS: dict[str, tuple[int, ...]] = {
    "pad": (48, 49, 50, 51, 16, 17, 18, 19, 20, 88, 89, 90, 92, 93, 94, 95, 44, 45, 61, 0, 4, 5, 21),
    "strum": (24, 25, 26, 27, 28, 29, 30, 0, 4, 6, 104, 105, 15),
    "arpeggio": (0, 1, 4, 5, 10, 11, 12, 24, 26, 46, 80, 81, 8, 14, 108, 6),
    "riff": (26, 27, 29, 30, 80, 81, 4, 7, 61, 56, 66, 38, 16),
    "stab": (0, 3, 4, 7, 17, 27, 61, 62, 63, 81, 2),
    "bells": (8, 8, 9, 10, 11, 12, 13, 14, 46, 98, 108),
    "bass": (32, 33, 33, 33, 34, 34, 35, 36, 37, 38, 39, 43),
}
LEADS = (
    40, 40, 40, 41, 41, 42, 42, 44, 110, 48, 49, 56, 56, 57, 57, 58, 59, 60, 60, 61, 64, 65, 66, 67, 68, 69, 70,
    71, 71, 72, 73, 73, 73, 74, 75, 77, 78, 79, 76, 80, 81, 82, 83, 84, 86, 87, 21, 22, 23, 29, 30, 27, 26, 104,
    106, 109, 111, 107, 16, 18, 62, 63, 0, 4, 8, 8, 8, 9, 9, 10, 10, 11, 11, 12, 13, 14, 15, 24, 45, 46, 108, 98,
    114,
)  # fmt: skip
"""General MIDI programs that carry tunes: strings, brass, reeds, flutes, synthesizers, guitars, bells."""

STRUCK = frozenset((*range(8), *range(8, 16), 45, 46, 98, 104, 105, 106, 107, 108, 112, 114, 115))
"""General MIDI programs that sound from a stroke on and cannot bend a note: keys, bars, bells, harps."""

SOLOISTS: dict[str, dict[str, int]] = {
    "brass": {"trumpet": 56, "trombone": 57, "muted trumpet": 59, "horn": 60},
    "reeds": {"alto saxophone": 65, "tenor saxophone": 66, "oboe": 68, "clarinet": 71, "harmonica": 22},
    "strings": {"violin": 40, "cello": 42, "strings": 48},
    "flutes": {"flute": 73, "recorder": 74, "pan flute": 75},
    "plucked": {"nylon guitar": 24, "steel guitar": 25, "harp": 46},
    "keys": {"piano": 0, "electric piano": 4, "celesta": 8, "vibraphone": 11, "organ": 16},
    "synth leads": {"square lead": 80, "saw lead": 81},
    "distorted guitars": {"overdriven guitar": 29, "distortion guitar": 30},
}  # fmt: skip
"""General MIDI programs that models are examined on one by one, by family."""


def hertz(pitch: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float64]:
    """Return the frequency of a MIDI pitch."""
    return np.asarray(440 * 2 ** ((np.asarray(pitch) - 69) / 12))


class Player:
    """A General MIDI soundfont played offline. Every call starts from silence."""

    def __init__(self, soundfont: Path) -> None:
        from tinysoundfont import (
            _tinysoundfont as backend,
        )  # its public class insists on a sound card's library

        self._font = backend.SoundFont(str(soundfont))
        self._font.set_output(backend.OutputMode.StereoInterleaved, SAMPLE_RATE, -3.0)
        self._font.set_max_voices(128)

    def play(self, notes: Sequence[Note], program: int, samples: int) -> Wave:
        """Return stereo [samples, 2] of `notes`."""
        return self._play(notes, program, samples, channel=0)

    def play_drums(self, rng: Rng, hits: Sequence[Hit], samples: int) -> Wave:
        """Return stereo [samples, 2] of a beat on a random kit."""
        keys = {kind: int(rng.choice(choice)) for kind, choice in _GM_DRUMS.items()}
        if rng.random() < 0.2:
            keys["hat"] = 51  # the ride cymbal
        notes = []
        for hit in hits:
            key = int(rng.choice(_GM_DRUMS["tom"])) if hit.kind == "tom" else keys[hit.kind]
            notes.append(Note(hit.start, 0.2, key, 115 * hit.strength))
        return self._play(notes, int(rng.choice(_DRUM_KITS)), samples, channel=_DRUM_CHANNEL)

    def play_lead(self, rng: Rng, notes: Sequence[Note], program: int, samples: int) -> Wave:
        """Play a tune with glides, vibrato and swells: stereo [samples, 2]."""
        font = self._font
        self._select(0, program)
        font.channel_set_pitch_range(0, _BEND_RANGE)
        pitches, swell = contour(rng, notes, samples)
        events: dict[int, list[tuple[bool, int]]] = {}
        for note in notes:
            events.setdefault(int(note.start * 100), []).append((True, int(note.pitch)))
            events.setdefault(int((note.start + note.length) * 100) + 1, []).append((False, int(note.pitch)))
        blocks = []
        current = 60
        for index in range(samples // CONTROL + 1):
            for starts, key in sorted(events.get(index, [])):
                if starts:
                    current = key
                    font.channel_note_on(0, key, rng.uniform(0.55, 0.93))
                else:
                    font.channel_note_off(0, key)
            bend = (pitches[index] - current) / _BEND_RANGE * 8192
            font.channel_set_pitch_wheel(0, int(np.clip(bend + 8192, 0, 16383)))
            if swell[index] > 0:
                font.channel_midi_control(0, 11, int(45 + 80 * min(1.0, swell[index])))
            blocks.append(self._render(CONTROL))
        return np.concatenate(blocks)[:samples]

    def _play(self, notes: Sequence[Note], program: int, samples: int, *, channel: int) -> Wave:
        font = self._font
        self._select(channel, program)
        events = []
        for note in notes:
            key = int(note.pitch)
            events.append((int(note.start * SAMPLE_RATE), True, key, note.velocity))
            events.append((int((note.start + note.length) * SAMPLE_RATE), False, key, 0.0))
        blocks = []
        place = 0
        for when, starts, key, velocity in sorted(events, key=lambda event: event[:2]):
            if when >= samples:
                break
            if when > place:
                blocks.append(self._render(when - place))
                place = when
            if starts:
                font.channel_note_on(channel, key, float(np.clip(velocity, 1, 127)) / 127)
            else:
                font.channel_note_off(channel, key)
        blocks.append(self._render(samples - place))
        return np.concatenate(blocks)[:samples]

    def _select(self, channel: int, program: int) -> None:
        self._font.reset()
        self._render(_TAIL)  # what sounded is still fading, and would be heard in the next stem
        self._font.channel_set_preset_number(channel, program, channel == _DRUM_CHANNEL)

    def _render(self, samples: int) -> Wave:
        buffer = np.zeros((samples, 2), dtype=np.float32)
        self._font.render(memoryview(buffer.data).cast("B"))
        return buffer


def contour(
    rng: Rng, notes: Sequence[Note], samples: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how a soloist plays `notes`: pitch and loudness, a value each 10 ms."""
    size = samples // CONTROL + 2
    step = CONTROL / SAMPLE_RATE
    pitches, swell = np.full(size, np.nan), np.zeros(size)
    glide, attack = rng.uniform(0.01, 0.12), rng.uniform(0.005, 0.09)
    rate, depth, delay = rng.uniform(4.2, 7), rng.uniform(0, 0.6), rng.uniform(0, 0.35)
    tremolo = rng.uniform(0, 0.25)
    before: float | None = None
    for note in notes:
        first = int(note.start / step)
        places = np.arange(first, min(size, first + max(2, int(note.length / step))))
        if not len(places):
            continue
        time = (places - first) * step
        origin = before if before is not None and rng.random() < 0.8 else note.pitch - rng.uniform(0, 1.5)
        wave = np.sin(2 * np.pi * rate * rng.uniform(0.93, 1.07) * time)
        late = np.clip((time - delay) / 0.3, 0, 1)
        drift = 0.05 * np.convolve(rng.standard_normal(len(places) + 5), np.ones(6) / 6, "valid")
        pitches[places] = (
            note.pitch + (origin - note.pitch) * np.exp(-time / glide) + depth * late * wave + drift
        )
        edges = np.minimum(1, time / attack + 0.05) * np.minimum(1, (len(places) * step - time) / 0.04)
        arch = 1 - rng.uniform(-0.5, 0.5) * np.sin(np.pi * time / (time[-1] + 0.1))
        swell[places] = edges * (1 - tremolo * late * (wave * 0.5 + 0.5)) * arch * rng.uniform(0.6, 1)
        before = note.pitch
    known = np.flatnonzero(~np.isnan(pitches))
    if not len(known):
        return np.full(size, 60.0), swell
    return np.interp(np.arange(size), known, pitches[known]), swell


def oscillator_lead(rng: Rng, notes: Sequence[Note], samples: int) -> Wave:
    """Play a bowed, blown or synthetic solo voice, mono: rich tone and breath through two sets of resonances."""
    pitches, swell = contour(rng, notes, samples)
    time = np.arange(samples) / CONTROL
    frequency = hertz(np.interp(time, np.arange(len(pitches)), pitches))
    loudness = np.interp(time, np.arange(len(swell)), swell)
    voices = int(rng.choice([1, 1, 2, 3]))
    shape, width, second, third = (
        int(rng.integers(5)),
        rng.uniform(0.1, 0.5),
        rng.uniform(0, 2),
        rng.uniform(0, 0.3),
    )
    tone = np.zeros(samples)
    for _ in range(voices):
        detune = 1 + rng.uniform(-0.004, 0.004) * (voices > 1)
        phase = np.cumsum(frequency * detune / SAMPLE_RATE) + rng.random()
        tone += _waveform(shape, phase, width, second, third) / voices
    tone += rng.standard_normal(samples) * np.exp(rng.uniform(np.log(0.003), np.log(0.25)))
    dark, bright = (_resonate(rng, tone) for _ in range(2))
    if rng.random() < 0.3:
        mix = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.2, 4) * np.arange(samples) / SAMPLE_RATE)
    else:
        mix = loudness
    sound = (dark * (1 - mix) + bright * mix) * loudness
    edge = min(np.exp(rng.uniform(np.log(1500), np.log(16_000))), 20_000) / NYQUIST
    return level(signal.lfilter(*signal.butter(2, edge), sound).astype(np.float32))


def _waveform(
    shape: int, phase: npt.NDArray[np.float64], width: float, second: float, third: float
) -> npt.NDArray[np.float64]:
    part = phase % 1
    match shape:
        case 0:
            return 2 * part - 1
        case 1:
            return (part < width) - width
        case 2:
            return np.asarray(4 * np.abs(part - 0.5) - 1)
        case 3:
            overtone = 0.25 * second * np.sin(4 * np.pi * phase)
            return np.asarray(np.sin(2 * np.pi * phase) + overtone + third * np.sin(6 * np.pi * phase))
    return np.asarray(np.tanh(3 * np.sin(2 * np.pi * phase) + second * np.sin(4 * np.pi * phase)))


def _resonate(rng: Rng, tone: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    sound = tone * rng.uniform(0, 0.6)
    for _ in range(rng.integers(2, 5)):
        angle = 2 * np.pi * np.exp(rng.uniform(np.log(250), np.log(5000))) / SAMPLE_RATE
        alpha = np.sin(angle) / (2 * rng.uniform(1, 7))
        above = np.array([alpha, 0, -alpha]) / (1 + alpha)
        below = np.array([1 + alpha, -2 * np.cos(angle), 1 - alpha]) / (1 + alpha)
        sound = sound + signal.lfilter(above, below, tone) * rng.uniform(0.4, 1.6)
    return sound


def oscillators(rng: Rng, notes: Sequence[Note], samples: int, *, role: str) -> Wave:
    """Play a subtractive synthesizer, mono. `role` "bass" is dark, "pad" slow, others are plucked."""
    sound = np.zeros(samples, dtype=np.float32)
    shape = int(rng.integers(3))
    low, high = (250, 4000) if role == "bass" else (600, 9000)
    edge = np.exp(rng.uniform(np.log(low), np.log(high)))
    detune, octave = rng.uniform(0, 0.006), rng.uniform(0, 0.6) * (role == "bass")
    voices = int(rng.integers(1, 3 if role == "bass" else 4))
    attack = rng.uniform(0.1, 0.4) if role == "pad" else rng.uniform(0.002, 0.01)
    decay = 0.0 if role == "pad" else rng.uniform(0.3, 4)
    for note in notes:
        first = int(note.start * SAMPLE_RATE)
        length = min(int(note.length * SAMPLE_RATE) + 2000, samples - first)
        if length < 200:
            continue
        time = np.arange(length) / SAMPLE_RATE
        cycles = time * hertz(note.pitch)
        tone = octave * np.sin(np.pi * cycles)
        for voice in range(voices):
            part = (cycles * (1 + detune * (voice - (voices - 1) / 2)) + rng.random()) % 1
            tone += (2 * part - 1, np.sign(part - 0.5) * 0.7, 2 * np.abs(2 * part - 1) - 1)[shape] / voices
        edges = np.minimum(1, time / attack) * np.clip((time[-1] - time) / 0.03, 0, 1)
        sound[first : first + length] += tone * edges * np.exp(-time * decay) * note.velocity / 127
    filtered = signal.lfilter(*signal.butter(2, edge / NYQUIST), sound)
    return np.asarray(filtered, dtype=np.float32)


def sampled_drums(rng: Rng, bank: DrumBank, hits: Sequence[Hit], samples: int) -> Wave:
    """Return stereo [samples, 2] of a beat on a kit drawn from the bank, each drum retuned and panned."""
    loudness = {
        "kick": 1.0, "snare": rng.uniform(0.5, 0.9), "hat": rng.uniform(0.15, 0.4),
        "open": rng.uniform(0.15, 0.4), "crash": rng.uniform(0.2, 0.5), "tom": 0.7,
        "percussion": rng.uniform(0.2, 0.5),
    }  # fmt: skip
    kit = {}
    for kind, gain in loudness.items():
        sounds = bank.sounds[kind]
        sound = sounds[rng.integers(len(sounds))]
        tune = rng.uniform(0.85, 1.18)
        places = np.arange(int(len(sound) / tune)) * tune
        place = 0.0 if kind in {"kick", "snare"} else rng.uniform(-0.6, 0.6)
        kit[kind] = pan(np.interp(places, np.arange(len(sound)), sound).astype(np.float32) * gain, place)
    mix = np.zeros((samples, 2), dtype=np.float32)
    for hit in hits:
        first = int(hit.start * SAMPLE_RATE)
        if first < samples:
            sound = kit[hit.kind][: samples - first]
            mix[first : first + len(sound)] += sound * np.float32(hit.strength)
    return mix
