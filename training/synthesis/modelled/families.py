"""The families of computed instruments, each heard by a microphone near or far."""

from collections.abc import Callable, Sequence

import numpy as np

from training.synthesis import effects
from training.synthesis.composition import Note, Rng
from training.synthesis.modelled import (
    bowed,
    brass,
    flutes,
    guitars,
    keys,
    plucked,
    reeds,
    sources,
    synthesizers,
)
from training.synthesis.modelled.expression import Samples
from training.synthesis.sample_pack import Wave

FAMILIES: dict[str, Callable[[Rng, Sequence[Note], int], Samples]] = {
    "brass": brass.play,
    "reeds": reeds.play,
    "strings": bowed.play,
    "flutes": flutes.play,
    "plucked": plucked.play,
    "keys": keys.play,
    "synth leads": synthesizers.play,
    "distorted guitars": guitars.play,
}
CHORDAL = ("plucked", "keys", "distorted guitars")
"""Families that play several notes at once."""
_ODDS = (0.24, 0.18, 0.18, 0.12, 0.08, 0.08, 0.07, 0.05)


def draw(rng: Rng) -> str:
    """A family for a tune: more often one that holds tones as singers do."""
    return str(rng.choice(list(FAMILIES), p=_ODDS))


def play(rng: Rng, family: str, notes: Sequence[Note], samples: int) -> Wave:
    """Stereo [samples, 2] of `notes` on an instrument of `family`; effective value 0.1.

    Some players are doubled, on both sides of the room.
    """
    takes = 2 if family not in CHORDAL and rng.random() < 0.1 else 1
    sides = (-rng.uniform(0, 0.8), rng.uniform(0, 0.8)) if takes == 2 else (0.0,)
    mix = np.zeros((samples, 2), dtype=np.float32)
    seed = int(rng.integers(1 << 32))
    for take, side in enumerate(sides):
        player = np.random.default_rng(seed) if take == 0 else np.random.default_rng([seed, take])
        mono = effects.level(np.nan_to_num(FAMILIES[family](player, notes, samples)).astype(np.float32))
        mix += effects.pan(mono, side)
    return effects.level(_heard(rng, mix))


def _heard(rng: Rng, sound: Wave) -> Wave:
    """Near: fuller below. Far: less below and above, and much room. Between: as it is."""
    choice = rng.random()
    if choice < 0.25:
        low = sources.low_pass(sound.mean(axis=1).astype(np.float64), rng.uniform(150, 300), 1)
        return np.asarray(sound + rng.uniform(0.2, 0.8) * low[:, None], dtype=np.float32)
    if choice < 0.5:
        far = effects.high_pass(sound, rng.uniform(80, 250))
        return effects.room(rng, far, rng.uniform(0.6, 3), rng.uniform(0.3, 0.8))
    return sound
