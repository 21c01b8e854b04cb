"""Synthesizer leads: saw teeth and pulses in unison, filters with envelopes, glides, pulse-width modulation."""

from collections.abc import Sequence

import numpy as np

from training.synthesis.composition import Note, Rng
from training.synthesis.modelled import sources
from training.synthesis.modelled.expression import Line, Manner, Samples, perform, within

_HELD = Manner(
    attack=(0.003, 0.05), release=(0.01, 0.15), scoop=(0, 0.3), glide=(0.003, 0.2), vibrato=(0, 0.6),
    rate=(3.5, 8), delay=(0, 0.6), tremolo=(0, 0.05), fall=0.03, drift=0.01,
)  # fmt: skip


def play(rng: Rng, notes: Sequence[Note], samples: int) -> Samples:
    """Return [samples] of `notes` on one synthesizer, moved into its range."""
    line = perform(rng, within(notes, 48, 90), samples, _HELD)
    voices = int(rng.choice([1, 1, 2, 3, 7]))
    spread = rng.uniform(0.001, 0.012) * (voices > 1)
    shape = str(rng.choice(["saw", "pulse", "triangle", "sine", "square"], p=[0.35, 0.25, 0.12, 0.1, 0.18]))
    sound = np.zeros(samples)
    for detuned in np.linspace(-spread, spread, voices):
        sound += _oscillator(rng, line.frequency * (1 + detuned), shape)
    if rng.random() < 0.3:
        sound += rng.uniform(0.2, 0.8) * _oscillator(rng, line.frequency / 2, "square")
    if rng.random() < 0.25:
        sound += rng.uniform(0.02, 0.3) * sources.band_noise(rng, samples, 500, 9000)
    held = np.where(line.loudness > 0.02, 0.75 + 0.25 * line.loudness, 0.0)
    sound = _filter(rng, sound, line) * held
    if rng.random() < 0.3:
        sound = np.tanh(rng.uniform(0.5, 4) * sound)
    return sources.low_pass(sound, 9000, 1) if rng.random() < 0.4 else sound


def _oscillator(rng: Rng, frequency: Samples, shape: str) -> Samples:
    phase = sources.cycles(rng, frequency)
    match shape:
        case "saw":
            return sources.saw(phase, frequency)
        case "square":
            return sources.pulse(phase, frequency, 0.5)
        case "pulse":
            slow = np.sin(2 * np.pi * sources.cycles(rng, np.full(len(frequency), rng.uniform(0.2, 5))))
            return sources.pulse(phase, frequency, rng.uniform(0.15, 0.5) + rng.uniform(0, 0.12) * slow)
        case "triangle":
            return np.asarray(4 * np.abs(phase % 1 - 0.5) - 1, dtype=np.float64)
    return np.asarray(np.sin(2 * np.pi * phase), dtype=np.float64)


def _filter(rng: Rng, sound: Samples, line: Line) -> Samples:
    """Apply a low-pass that opens with each note and closes again, or stands still."""
    edge = np.exp(rng.uniform(np.log(700), np.log(8000)))
    if rng.random() < 0.4:
        return sources.low_pass(sound, edge, int(rng.choice([1, 2, 4])))
    envelope = line.onset ** rng.uniform(0.1, 0.6)
    swept = edge * 2 ** (rng.uniform(0, 3) * envelope) * (0.4 + 0.6 * np.clip(line.loudness, 0, 1))
    return sources.sweep(sound, np.minimum(swept, 14_000), rng.uniform(1, 4), band=rng.uniform(0, 0.6))
