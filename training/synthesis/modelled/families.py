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
    """Draw a family for a tune: more often one that holds tones as singers do."""
    return str(rng.choice(list(FAMILIES), p=_ODDS))


def play(rng: Rng, family: str, notes: Sequence[Note], samples: int) -> Wave:
    """Return stereo [samples, 2] of `notes` on an instrument of `family`; effective value 0.1.

    Some players are doubled on both sides of the room, some play in a section.
    """
    takes = 1 if family in CHORDAL else int(rng.choice((1, 2, 3, 5), p=(0.82, 0.1, 0.05, 0.03)))
    sides = rng.uniform(-0.8, 0.8, takes) if takes > 1 else (0.0,)
    mix = np.zeros((samples, 2), dtype=np.float32)
    seed = int(rng.integers(1 << 32))
    for take, side in enumerate(sides):
        player = np.random.default_rng(seed) if take == 0 else np.random.default_rng([seed, take])
        mono = _coloured(player, np.nan_to_num(FAMILIES[family](player, notes, samples)))
        mix += effects.pan(effects.level(mono.astype(np.float32)), side)
    return effects.level(_heard(rng, mix))


def _coloured(rng: Rng, sound: Samples) -> Samples:
    """Filter `sound` by random resonances or a low-pass, or add noise, each sometimes.

    Neither formants nor breath make a singer.
    """
    if rng.random() < 0.35:
        hertz = np.exp(rng.uniform(np.log(200), np.log(3500), int(rng.integers(1, 5))))
        body = [(float(at), rng.uniform(1, 8), rng.uniform(0.3, 3)) for at in hertz]
        sound = sources.resonate(sound, body, rng.uniform(0.1, 1))
    if rng.random() < 0.3:
        sound = sources.low_pass(sound, np.exp(rng.uniform(np.log(250), np.log(2500))), 1)
    if rng.random() < 0.25:
        envelope = sources.low_pass(np.abs(sound), 15, 1)
        amount = np.exp(rng.uniform(np.log(0.005), np.log(0.2)))
        sound = sound + amount * envelope * rng.standard_normal(len(sound))
    return sound


def _heard(rng: Rng, sound: Wave) -> Wave:
    """Place a microphone. Near: fuller below. Far: less below and above, and much room. Between: as it is."""
    choice = rng.random()
    if choice < 0.25:
        low = sources.low_pass(sound.mean(axis=1).astype(np.float64), rng.uniform(150, 300), 1)
        return np.asarray(sound + rng.uniform(0.2, 0.8) * low[:, None], dtype=np.float32)
    if choice < 0.5:
        far = effects.high_pass(sound, rng.uniform(80, 250))
        return effects.room(rng, far, rng.uniform(0.6, 3), rng.uniform(0.3, 0.8))
    return sound
