"""Electric guitars with distortion: sustained strings with bends, power chords, wah-wah, feedback, a cabinet."""

from collections.abc import Sequence

import numpy as np

from training.synthesis.composition import Note, Rng
from training.synthesis.modelled import modes, plucked, sources
from training.synthesis.modelled.expression import Manner, Samples, perform, within


def play(rng: Rng, notes: Sequence[Note], samples: int) -> Samples:
    """Return [samples] of `notes` on one electric guitar, moved into its range."""
    notes = within(notes, 45, 81)
    if rng.random() < 0.3:
        notes = [Note(note.start, note.length, note.pitch + up) for note in notes for up in (-12, -5)]
    place, hard, lasting = rng.uniform(0.06, 0.3), rng.uniform(1500, 6000), rng.uniform(1.0, 4)

    def tone(frequency: float) -> modes.Modes:
        return modes.string(rng, frequency, place=place, hardness=hard, decay=lasting, stiffness=1e-4)

    bend = plucked.Bends(rng).of if rng.random() < 0.7 and len(notes) < 80 else None
    sound = modes.ring(notes, samples, tone, ringing=1.0, release=rng.uniform(0.02, 0.1), bend=bend)
    picks = modes.knocks(rng, notes, samples, low=400, high=5000, seconds=rng.uniform(0.002, 0.01))
    sound = sources.high_pass(sound + rng.uniform(0, 0.2) * picks, rng.uniform(60, 250), 1)
    if rng.random() < 0.15:
        sound = sound + _feedback(rng, notes, samples)
    driven = _amplify(rng, sound)
    if rng.random() < 0.15:  # a wah-wah pedal
        pedal = 450 * 2 ** (
            2 * (0.5 + 0.5 * np.sin(2 * np.pi * sources.cycles(rng, np.full(samples, rng.uniform(0.4, 4)))))
        )
        driven = sources.sweep(driven, pedal, 4, band=rng.uniform(0.5, 1.5))
    return _cabinet(rng, driven)


def _feedback(rng: Rng, notes: Sequence[Note], samples: int) -> Samples:
    """Return a tone that grows while a note lasts, an octave or two above it."""
    manner = Manner(attack=(0.4, 1.5), vibrato=(0, 0.5), scoop=(0, 0))
    above = [Note(note.start, note.length, note.pitch + int(rng.choice([12, 19, 24]))) for note in notes]
    line = perform(rng, above, samples, manner)
    return np.asarray(
        rng.uniform(0.02, 0.2) * line.loudness * np.sin(2 * np.pi * sources.cycles(rng, line.frequency)),
        dtype=np.float64,
    )


def _amplify(rng: Rng, sound: Samples) -> Samples:
    """Clip in one or two stages, softer on one side, with what that adds at 0 Hz taken away."""
    sound = sound / (np.sqrt(np.mean(sound**2)) + 1e-9)
    for _ in range(int(rng.integers(1, 3))):
        bias = rng.uniform(0, 0.5)
        sound = np.tanh(np.exp(rng.uniform(np.log(0.7), np.log(12))) * sound + bias) - np.tanh(bias)
        sound = sources.high_pass(sound, 30, 1)
    return sound


def _cabinet(rng: Rng, sound: Samples) -> Samples:
    """Apply a loudspeaker and the microphone before it."""
    resonances = [
        (rng.uniform(90, 160), 2, rng.uniform(0.2, 1)),
        (rng.uniform(1800, 3500), 1.5, rng.uniform(0.3, 1.5)),
    ]
    sound = sources.resonate(sound, resonances, rng.uniform(0.4, 0.8))
    return sources.low_pass(sources.high_pass(sound, 80), rng.uniform(3000, 6500), 4)
