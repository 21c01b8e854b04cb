"""The exam: every family of instruments alone, each in a small room, as mixtures in which nobody sings."""

import itertools
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from training.data.pool import SAMPLE_RATE
from training.data.sets import Mixture
from training.exam import oscillators, playing, waveguides
from training.exam.waveguides import Samples
from training.synthesis import composition, effects
from training.synthesis.composition import Note, Rng

_Notes = Callable[[Rng, list[Note], int], Samples]


def _guided(model: waveguides.Model) -> waveguides.Model:
    return lambda rng, frequency, loudness: waveguides.play(rng, model, frequency, loudness)


def _driven(rng: Rng, notes: list[Note], samples: int, drive: float) -> Samples:
    return oscillators.overdriven(oscillators.plucked(rng, notes, samples, 0.999), drive)


BENDING: dict[tuple[str, str], tuple[float, waveguides.Model]] = {
    ("brass", "trumpet"): (70, _guided(waveguides.lips)),
    ("brass", "trombone"): (67, _guided(waveguides.lips)),
    ("brass", "brass section"): (62, oscillators.modulated_brass),
    ("reeds", "clarinet"): (67, _guided(waveguides.clarinet)),
    ("reeds", "saxophone"): (60, _guided(waveguides.saxophone)),
    ("strings", "violin"): (74, _guided(waveguides.bow)),
    ("strings", "cello"): (50, _guided(waveguides.bow)),
    ("flutes", "flute"): (77, _guided(waveguides.flute)),
    ("flutes", "alto flute"): (65, _guided(waveguides.flute)),
    ("synth leads", "modulated"): (69, oscillators.modulated_lead),
    ("synth leads", "synchronised"): (62, oscillators.synchronised),
}
"""By family and name: the middle of the tune's range as a MIDI pitch, and the sound of a frequency and a loudness."""
STRUCK: dict[tuple[str, str], tuple[float, _Notes]] = {
    ("plucked", "guitar"): (57, partial(oscillators.plucked, sustain=0.997)),
    ("plucked", "harp"): (72, partial(oscillators.plucked, sustain=0.9995)),
    ("keys", "electric piano"): (60, oscillators.tines),
    ("keys", "bells"): (76, oscillators.bells),
    ("distorted guitars", "overdrive"): (57, partial(_driven, drive=2)),
    ("distorted guitars", "distortion"): (64, partial(_driven, drive=15)),
}
"""The same for instruments that sound from a stroke on."""
FAMILIES = tuple(dict.fromkeys(family for family, _ in (*BENDING, *STRUCK)))


def solos(seconds: float = 6, tunes: int = 1) -> Iterator[Mixture]:
    """Play every instrument with tunes of its own, grouped by family."""
    samples = int(seconds * SAMPLE_RATE)
    for seed, (number, (family, name)) in itertools.product(range(tunes), enumerate((*BENDING, *STRUCK))):
        rng = np.random.default_rng([seed, number])
        centre = (BENDING | STRUCK)[family, name][0]
        song = composition.frame(rng, seconds)
        tune = composition.melody(rng, song, centre=centre, density=1, rest=0, stretch=2)
        sound = _play(rng, (family, name), tune, samples)
        level = effects.level(np.nan_to_num(sound).astype(np.float32))
        heard = effects.room(rng, effects.pan(level, rng.uniform(-0.3, 0.3)), 1.0, 0.12)
        stems = np.zeros((4, 2, samples), dtype=np.float32)
        stems[3] = heard.T * np.float32(min(1.0, 0.9 / np.abs(heard).max()))
        yield Mixture(family, name, stems, complete=False)


def _play(rng: Rng, instrument: tuple[str, str], tune: list[Note], samples: int) -> Samples:
    if instrument in STRUCK:
        hit = [Note(note.start, note.length, note.pitch, rng.uniform(60, 115)) for note in tune]
        return STRUCK[instrument][1](rng, hit, samples)
    frequency, loudness = playing.curves(rng, tune, samples)
    return BENDING[instrument][1](rng, frequency, loudness)
