"""Violins to basses: saw teeth with bow noise through a body, portamento, double stops, sections of players."""

from collections.abc import Sequence

import numpy as np

from training.synthesis.composition import Note, Rng
from training.synthesis.modelled import sources
from training.synthesis.modelled.expression import Manner, Samples, perform, within

_BODY = (
    (275, 12, 0.9),
    (460, 14, 1.2),
    (540, 12, 1.2),
    (1000, 5, 0.5),
    (1600, 5, 0.5),
    (2500, 2, 0.9),
    (3600, 3, 0.4),
)
"""Air and wood of a violin; larger bodies have them lower."""
_SIZES = ((1.0, (55, 91)), (0.8, (48, 81)), (0.46, (36, 69)), (0.3, (28, 52)))
_ODDS = (0.5, 0.17, 0.25, 0.08)
_INTERVALS = (3, 4, 5, 7, 8, 9, 12)
_MANNER = Manner(
    attack=(0.01, 0.12), release=(0.03, 0.2), scoop=(0, 0.7), glide=(0.012, 0.1), vibrato=(0, 0.5),
    rate=(4.5, 6.8), delay=(0, 0.5), tremolo=(0, 0.4), fall=0.02,
)  # fmt: skip


def play(rng: Rng, notes: Sequence[Note], samples: int) -> Samples:
    """Return [samples] of `notes` on one bowed string instrument or a section of them, moved into its range."""
    size, (low, high) = _SIZES[int(rng.choice(len(_SIZES), p=_ODDS))]
    notes = within(notes, low, high)
    body = [
        (
            hertz * size * rng.uniform(0.88, 1.14),
            sharpness * rng.uniform(0.6, 1.4),
            gain * rng.uniform(0.3, 1.6),
        )
        for hertz, sharpness, gain in _BODY
    ]
    players = int(rng.integers(4, 8)) if rng.random() < 0.2 else 1
    strings = sum(_string(rng, notes, samples, size) for _ in range(players))
    if players == 1 and rng.random() < 0.25:
        interval = int(rng.choice(_INTERVALS))
        stopped = [
            Note(note.start, note.length, note.pitch + interval) for note in notes if rng.random() < 0.6
        ]
        strings = strings + rng.uniform(0.4, 1) * _string(rng, stopped, samples, size)
    sound = sources.resonate(np.asarray(strings), body, rng.uniform(0.05, 0.5))
    if rng.random() < 0.12:  # with a mute on the bridge
        sound = sources.low_pass(sound, rng.uniform(1200, 2500), 1)
    return sound


def _string(rng: Rng, notes: Sequence[Note], samples: int, size: float) -> Samples:
    line = perform(rng, notes, samples, _MANNER)
    phase = sources.cycles(rng, line.frequency, rng.uniform(0.001, 0.006))
    tone = sources.saw(phase, line.frequency)
    if rng.random() < 0.5:  # the bow's place on the string cancels harmonics
        tone = tone - rng.uniform(0.3, 0.9) * sources.saw(phase - rng.uniform(0.06, 0.2), line.frequency)
    loudness = np.clip(line.loudness, 0, 1.3)
    if rng.random() < 0.08:  # bowed tremolo
        loudness = loudness * (
            0.55 + 0.45 * np.sin(2 * np.pi * sources.cycles(rng, np.full(samples, rng.uniform(8, 14))))
        )
    edge = rng.uniform(2500, 7000) * size**0.5
    dark, bright = sources.low_pass(tone, edge * 0.4, 1), sources.low_pass(tone, edge, 1)
    tone = dark + (bright - dark) * loudness
    rosin = sources.band_noise(rng, samples, 600 * size**0.5, rng.uniform(5000, 10_000))
    sticking = 0.4 + 1.2 * np.clip(1 - 4 * (phase % 1), 0, 1)  # noise comes when the string slips
    amount = np.exp(rng.uniform(np.log(0.005), np.log(0.08)))
    scratch = rng.uniform(0, 0.3) * line.onset
    noise = rosin * sticking * amount * (loudness + 5 * scratch * (line.loudness > 0))
    return np.asarray(tone * loudness + noise, dtype=np.float64)
