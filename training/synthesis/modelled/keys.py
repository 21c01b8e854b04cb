"""Pianos, electric pianos, clavinets, organs, celestas, vibraphones: hammers, key noise, rotating speakers."""

from collections.abc import Sequence

import numpy as np

from training.synthesis.composition import Note, Rng
from training.synthesis.modelled import modes, sources
from training.synthesis.modelled.expression import Manner, Samples, perform, within

_BARS = (
    ((1, 2.76, 5.4, 8.9), (72, 103), (0.4, 1.8)),
    ((1, 4.0, 10.1), (53, 89), (0.8, 4.0)),
    ((1, 3.98, 9.6), (48, 86), (0.1, 0.5)),
    ((1, 2.0, 3.01, 6.2), (60, 96), (0.5, 2.5)),
)
"""Frequencies of the modes, range, decay in seconds: glockenspiel and celesta, vibraphone, marimba, music box."""
_DRAWBARS = np.array([0.5, 1.5, 1, 2, 3, 4, 5, 6, 8])


def play(rng: Rng, notes: Sequence[Note], samples: int) -> Samples:
    """Return [samples] of `notes`, chords too, on one keyboard or mallet instrument, moved into its range."""
    notes = [
        Note(note.start, note.length, note.pitch, note.velocity * rng.uniform(0.5, 1.2)) for note in notes
    ]
    kind = int(rng.choice(4, p=[0.34, 0.22, 0.3, 0.14]))
    match kind:
        case 0:
            sound = _piano(rng, within(notes, 33, 96), samples)
        case 1:
            sound = _electric(rng, within(notes, 40, 88), samples)
        case 2:
            sound = _bars(rng, notes, samples)
        case _:
            return _organ(rng, within(notes, 40, 88), samples)
    noise = modes.knocks(
        rng, notes, samples, low=rng.uniform(80, 400), high=rng.uniform(800, 4000), seconds=0.006
    )
    return sound + rng.uniform(0, 0.12) * noise


def _piano(rng: Rng, notes: list[Note], samples: int) -> Samples:
    """Play two strings a note, apart by a little."""
    place, hard, lasting = rng.uniform(0.08, 0.15), rng.uniform(900, 5000), rng.uniform(0.5, 3)
    plucked = rng.random() < 0.25  # a harpsichord or clavinet
    sound = np.zeros(samples)
    for detuned in (0, rng.uniform(0, 0.08)):
        tuned = [Note(note.start, note.length, note.pitch + detuned, note.velocity) for note in notes]
        sound += modes.ring(
            tuned,
            samples,
            lambda frequency: modes.string(
                rng,
                frequency,
                place=place,
                hardness=hard * (3 if plucked else 1),
                decay=lasting * (200 / frequency) ** 0.6,
                stiffness=1e-4 if plucked else 4e-4,
            ),
            ringing=rng.uniform(1, 2),
            release=rng.uniform(0.05, 0.2),
        )
    return sound


def _electric(rng: Rng, notes: list[Note], samples: int) -> Samples:
    """Play a tine with a bell's attack before a pickup that bends its wave, often in tremolo."""
    bell, lasting = rng.uniform(4.5, 7.5), rng.uniform(0.8, 3)
    ratios, gains = np.array([1, 2, 3, bell]), np.array([1, 0.15, 0.05, rng.uniform(0.05, 0.5)])

    def tine(frequency: float) -> modes.Modes:
        slower = lasting * (220 / frequency) ** 0.4
        return modes.Modes(ratios, gains, slower * np.array([1, 0.7, 0.5, 0.08]))

    sound = modes.ring(notes, samples, tine, ringing=1.2, release=0.08)
    drive, bias = rng.uniform(0.3, 3), rng.uniform(0, 0.8)
    sound = np.tanh(drive * sound / (np.abs(sound).max() + 1e-9) * 2 + bias) - np.tanh(bias)
    shaking = np.sin(2 * np.pi * sources.cycles(rng, np.full(samples, rng.uniform(3, 7))))
    return sources.high_pass(sound * (1 + rng.uniform(0, 0.6) * shaking), 40, 1)


def _bars(rng: Rng, notes: list[Note], samples: int) -> Samples:
    ratios, span, decay = _BARS[rng.integers(len(_BARS))]
    tuned = np.array(ratios) * np.exp(rng.normal(0, 0.01, len(ratios)))
    softer, lasting = rng.uniform(0.15, 0.7), rng.uniform(*decay)
    gains = softer ** np.arange(len(ratios))

    def bar(frequency: float) -> modes.Modes:
        return modes.Modes(tuned / tuned[0], gains, lasting * (500 / frequency) ** 0.5 / np.sqrt(tuned))

    sound = modes.ring(within(notes, *span), samples, bar, ringing=rng.uniform(1, 4), release=0.1)
    if rng.random() < 0.25:  # the vibraphone's fans
        sound *= 1 + rng.uniform(0.1, 0.6) * np.sin(
            2 * np.pi * sources.cycles(rng, np.full(samples, rng.uniform(2, 7)))
        )
    return sound


def _organ(rng: Rng, notes: list[Note], samples: int) -> Samples:
    """Play drawbars or pipes, with key clicks and sometimes a rotating speaker. A chord needs a line for each voice."""
    manner = Manner(
        attack=(0.003, 0.04),
        scoop=(0, 0),
        glide=(0.001, 0.002),
        vibrato=(0, 0),
        tremolo=(0, 0),
        drift=0,
        fall=0,
    )
    gains = rng.uniform(0, 1, len(_DRAWBARS)) * (rng.random(len(_DRAWBARS)) < 0.6)
    gains[2] = 1
    sound = np.zeros(samples)
    for voice in _voices(notes):
        line = perform(rng, voice, samples, manner)
        phase = sources.cycles(rng, line.frequency)
        pressed = np.clip(line.loudness * 6, 0, 1)
        for ratio, gain in zip(_DRAWBARS, gains, strict=True):
            if gain and ratio * line.frequency.max() < 15_000:
                sound += gain * pressed * np.sin(2 * np.pi * ratio * phase)
        sound += rng.uniform(0, 0.3) * line.onset * pressed * sources.band_noise(rng, samples, 800, 6000)
    if rng.random() < 0.6:
        turning = sources.cycles(rng, np.full(samples, rng.choice([0.8, 6.5]) * rng.uniform(0.85, 1.15)))
        places = np.arange(samples) + 20 * np.sin(2 * np.pi * turning)
        sound = np.interp(places, np.arange(samples), sound) * (1 + 0.3 * np.sin(2 * np.pi * turning))
    return np.asarray(np.tanh(sound / (np.abs(sound).max() + 1e-9) * rng.uniform(0.5, 4)), dtype=np.float64)


def _voices(notes: list[Note]) -> list[list[Note]]:
    """Deal `notes` out to at most six lines of one note at a time."""
    lines: list[list[Note]] = []
    for note in sorted(notes, key=lambda note: note.start):
        free = next((line for line in lines if line[-1].start + line[-1].length <= note.start + 0.01), None)
        if free is not None:
            free.append(note)
        elif len(lines) < 6:
            lines.append([note])
    return lines
