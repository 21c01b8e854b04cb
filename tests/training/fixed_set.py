"""Songs made of nothing but arithmetic, for judging the bundled models wherever the tests run.

Nobody would take the singer for a human: a pulse train through three formants, with vibrato and consonants.
It is enough to notice weights that have become worse.
"""

from collections.abc import Iterator

import numpy as np
from scipy import signal

from training.data.pool import SAMPLE_RATE
from training.data.sets import Mixture
from training.synthesis import composition, effects, instruments
from training.synthesis.composition import Frame, Note, Rng
from training.synthesis.sample_pack import Wave
from training.synthesis.voice_analysis import Parameters

_SECONDS = 9
_SAMPLES = _SECONDS * SAMPLE_RATE
_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))


def mixtures() -> Iterator[Mixture]:
    """Three songs with a singer, low to high, and two without."""
    for seed, centre in enumerate((50, 57, 64)):
        yield _song(seed, centre)
    for seed in (10, 11):
        yield _song(seed, None)


def _song(seed: int, centre: float | None) -> Mixture:
    rng = np.random.default_rng(seed)
    song = composition.frame(rng, _SECONDS)
    keys = instruments.oscillators(
        rng, composition.accompaniment(rng, song, "arpeggio"), _SAMPLES, role="pluck"
    )
    pad = instruments.oscillators(rng, composition.accompaniment(rng, song, "pad"), _SAMPLES, role="pad")
    bass = instruments.oscillators(rng, composition.bass(rng, song), _SAMPLES, role="bass")
    other = effects.level(effects.pan(keys, -0.4)) + effects.level(effects.pan(pad, 0.3))
    stems = [
        np.zeros((_SAMPLES, 2), np.float32)
        if centre is None
        else effects.level(_voice(rng, song, centre), 0.1),
        effects.level(_drums(rng, song), 0.08),
        effects.level(effects.pan(bass, 0), 0.08),
        effects.level(other, 0.08),
    ]
    together = np.stack(stems).transpose(0, 2, 1)
    together = together * np.float32(0.9 / np.abs(together.sum(axis=0)).max())
    return Mixture("sung" if centre else "instrumental", f"song {seed}", together)


def _voice(rng: Rng, song: Frame, centre: float) -> Wave:
    tune = composition.melody(rng, song, centre=centre, density=0.95, rest=0.05, stretch=2)
    pitches, swell = instruments.contour(rng, tune, _SAMPLES)
    time = np.arange(_SAMPLES) / instruments.CONTROL
    frequency = instruments.hertz(np.interp(time, np.arange(len(pitches)), pitches))
    phase = np.cumsum(frequency / SAMPLE_RATE) % 1
    pulses = signal.lfilter(
        [1], [1, -0.9], np.maximum(0, np.sin(2 * np.pi * phase)) ** 3 - 0.4 * (phase < 0.1)
    )
    pulses = pulses + 0.02 * rng.standard_normal(_SAMPLES)
    sung = np.zeros(_SAMPLES)
    for note in tune:
        _add_note(rng, sung, note, pulses, np.interp(time, np.arange(len(swell)), swell))
    return effects.room(rng, effects.pan(sung.astype(np.float32), 0.05), 0.8, 0.1)


def _add_note(rng: Rng, sung: Parameters, note: Note, pulses: Parameters, swell: Parameters) -> None:
    first = int(note.start * SAMPLE_RATE)
    if first >= len(sung):
        return
    last = min(len(sung), first + int(note.length * SAMPLE_RATE))
    part = pulses[first:last] * swell[first:last]
    voiced = np.zeros(len(part))
    for formant, gain in zip(_VOWELS[rng.integers(len(_VOWELS))], (1, 0.6, 0.3), strict=True):
        above, below = signal.iirpeak(formant, formant / 110, SAMPLE_RATE)
        voiced += gain * signal.lfilter(above, below, part)
    sung[first:last] += voiced
    hiss = rng.standard_normal(min(3000, first)) * np.hanning(min(3000, first))
    sung[first - len(hiss) : first] += 0.02 * signal.lfilter(*signal.butter(2, 0.2, "high"), hiss)


def _drums(rng: Rng, song: Frame) -> Wave:
    mix = np.zeros(_SAMPLES + SAMPLE_RATE, dtype=np.float32)
    time = np.arange(SAMPLE_RATE // 3) / SAMPLE_RATE
    hiss = rng.standard_normal(len(time))
    sounds = {
        "kick": np.sin(2 * np.pi * (50 * time + 4 * (1 - np.exp(-40 * time)))) * np.exp(-12 * time),
        "snare": 0.5 * hiss * np.exp(-20 * time) + 0.4 * np.sin(2 * np.pi * 190 * time) * np.exp(-25 * time),
    }
    bright = signal.lfilter(*signal.butter(2, 0.3, "high"), hiss) * np.exp(-60 * time) * 0.3
    for hit in composition.drums(rng, song):
        sound = sounds.get(hit.kind, bright)
        first = int(hit.start * SAMPLE_RATE)
        if first < _SAMPLES:
            mix[first : first + len(sound)] += (sound * hit.strength).astype(np.float32)
    return effects.pan(mix[:_SAMPLES], 0)
