"""One random song: who plays, who sings, how it is mixed. A seed and the pack define every sample.

Two fifths of the songs are instrumentals, many of those chamber music without drums or one instrument alone,
because what a small network takes for a voice is any single tone that is held or bends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from training.data.pool import SAMPLE_RATE
from training.synthesis import composition, effects
from training.synthesis.composition import Frame, Note, Rng
from training.synthesis.instruments import (
    LEADS,
    PROGRAMS,
    STRUCK,
    Player,
    oscillator_lead,
    oscillators,
    sampled_drums,
)
from training.synthesis.modelled import families
from training.synthesis.sample_pack import Wave
from training.synthesis.studio import Studio
from training.synthesis.vocals import sing_vocals

_INSTRUMENTAL = 0.4
_ALONE = 0.4
"""Share of the instrumentals in which one or two instruments play and nobody else."""
_CHAMBER = 0.4
_MODELLED = 0.5
"""Share of the tunes that are played on computed instruments instead of recorded ones."""
_KINDS = {"sinsy": 0.1, "speech-song": 0.4, "vowels": 0.2, "take": 0.12, "speech": 0.18}


@dataclass(frozen=True, slots=True)
class Made:
    """A finished song: float32 [stem, samples, 2], and what is in it."""

    stems: effects.Stems
    facts: dict[str, Any]


def make(studio: Studio, seed: int, seconds: float) -> Made:
    """Make the song of that seed."""
    rng = np.random.default_rng(seed)
    samples = int(seconds * SAMPLE_RATE)
    song = composition.frame(rng, seconds)
    instrumental = rng.random() < _INSTRUMENTAL
    alone = instrumental and rng.random() < _ALONE
    chamber = alone or rng.random() < (_CHAMBER if instrumental else 0.06)
    silence = np.zeros((samples, 2), dtype=np.float32)
    drums = silence if chamber else _drums(rng, studio, song, samples)
    bass = silence if alone or (chamber and rng.random() < 0.6) else _bass(rng, studio, song, samples)
    if alone:
        other = _alone(rng, studio, song, samples)
    else:
        leads = _lead_count(rng, instrumental=instrumental, chamber=chamber)
        other = _other(rng, studio, song, samples, leads=leads)
    kind = "none" if instrumental else str(rng.choice(list(_KINDS), p=list(_KINDS.values())))
    vocals = silence if instrumental else sing_vocals(rng, studio, song, samples, kind)
    loudness = ((vocals, -3, 4), (drums, -5, 3), (bass, -5, 2), (other, -4, 3))
    stems = np.stack(
        [
            effects.level(wave) * np.float32(10 ** (rng.uniform(low, high) / 20))
            for wave, low, high in loudness
        ]
    )
    facts = {"voice": kind, "seed": seed, "tempo": round(song.tempo, 1), "alone": alone}
    return Made(_master(rng, np.nan_to_num(stems)), facts)


def make_solo(player: Player, seed: int, seconds: float, program: int) -> Made:
    """Play a tune on `player`'s General MIDI program in a small room, nobody else: for judging, never for training."""
    rng = np.random.default_rng(seed)
    samples = int(seconds * SAMPLE_RATE)
    song = composition.frame(rng, seconds)
    centre = 79 if program in {8, 46} else 67
    tune = composition.melody(rng, song, centre=centre, density=1, rest=0.1, stretch=2)
    mono = _tune(rng, player, tune, program, samples, bending=program not in STRUCK).mean(axis=1)
    stems = np.zeros((4, samples, 2), dtype=np.float32)
    stems[3] = effects.level(effects.room(rng, effects.pan(mono, 0), 1.2, 0.15))
    loudest = max(1.0, float(np.abs(stems).max()) / 0.9)
    return Made(stems / loudest, {"voice": "none", "seed": seed, "complete": False})


def _lead_count(rng: Rng, *, instrumental: bool, chamber: bool) -> int:
    if instrumental:
        return int(rng.choice([1, 1, 2, 3] if not chamber else [1, 1, 2, 3, 4]))
    return int(rng.choice([0, 0, 1, 1, 2]))


def _master(rng: Rng, stems: effects.Stems) -> effects.Stems:
    if rng.random() < 0.35:
        stems = effects.limit(rng, stems)
    if rng.random() < 0.25:
        stems = effects.low_pass(rng, stems)
    if rng.random() < 0.04:
        stems = effects.lossy(rng, stems)
    loudest = max(float(np.abs(stems.sum(axis=0)).max()), float(np.abs(stems).max()), 0.9)
    return (stems * (0.9 / loudest)).astype(np.float32)


def _drums(rng: Rng, studio: Studio, song: Frame, samples: int) -> Wave:
    hits = composition.drums(rng, song)
    if rng.random() < 0.5:
        sound = studio.player.play_drums(rng, hits, samples)
    else:
        sound = sampled_drums(rng, studio.drums, hits, samples)
    loops = studio.drums.sounds["loop"]
    if loops and rng.random() < 0.12:
        sound = effects.level(sound) * np.float32(rng.random() < 0.5) + _loop(rng, loops, song, samples)
    if rng.random() < 0.6:
        sound = effects.compress(rng, effects.level(sound, 0.12))
    if rng.random() < 0.5:
        sound = effects.equalise(rng, sound, 5)
    if rng.random() < 0.6:
        sound = effects.room(rng, sound, rng.uniform(0.2, 1), rng.uniform(0.02, 0.2))
    return sound


def _loop(rng: Rng, loops: Sequence[Wave], song: Frame, samples: int) -> Wave:
    """Stretch a drum loop to whole bars of the song."""
    loop = loops[rng.integers(len(loops))]
    bars = max(1, round(len(loop) / SAMPLE_RATE / song.bar))
    places = np.linspace(0, len(loop) - 1, int(bars * song.bar * SAMPLE_RATE))
    stretched = np.interp(places, np.arange(len(loop)), loop).astype(np.float32)
    return effects.level(effects.pan(np.resize(stretched, samples), 0))


def _bass(rng: Rng, studio: Studio, song: Frame, samples: int) -> Wave:
    notes = (composition.walking_bass if rng.random() < 0.35 else composition.bass)(rng, song)
    choice = rng.random()
    if choice < 0.35 and studio.basses.instruments:
        mono = studio.basses.play(rng, notes, samples)
    elif choice < 0.75:
        program = int(rng.choice(PROGRAMS["bass"]))
        mono = studio.player.play(notes, program, samples).mean(axis=1)
    else:
        mono = oscillators(rng, notes, samples, role="bass")
    sound = effects.pan(mono, 0)
    if rng.random() < 0.3:
        sound = effects.distort(rng, sound, 7)
    if rng.random() < 0.7:
        sound = effects.compress(rng, effects.level(sound, 0.12))
    if rng.random() < 0.4:
        sound = effects.equalise(rng, sound, 5)
    return sound


def _other(rng: Rng, studio: Studio, song: Frame, samples: int, *, leads: int) -> Wave:
    mix = np.zeros((samples, 2), dtype=np.float32)
    for _ in range(rng.integers(1, 5)):
        role = str(rng.choice(composition.ROLES, p=[0.26, 0.22, 0.18, 0.14, 0.1, 0.1]))
        sound = _accompaniment(rng, studio, song, samples, role)
        if np.abs(sound).max() > 1e-5:
            mix += _placed(rng, sound, crunchy=role in {"strum", "riff"}) * effects.random_gain(rng, -9, 3)
    for _ in range(leads):
        mix += _lead(rng, studio, song, samples) * effects.random_gain(rng, -6, 5)
    return mix


def _accompaniment(rng: Rng, studio: Studio, song: Frame, samples: int, role: str) -> Wave:
    notes = composition.accompaniment(rng, song, role)
    choice = rng.random()
    if rng.random() < 0.2 and role not in {"pad", "stab"}:
        return families.play(rng, str(rng.choice(families.CHORDAL, p=[0.45, 0.4, 0.15])), notes, samples)
    if choice < 0.35 and role in {"strum", "riff", "arpeggio"} and studio.guitars.instruments:
        return effects.pan(studio.guitars.play(rng, notes, samples), 0)
    if choice < 0.85:
        return studio.player.play(notes, int(rng.choice(PROGRAMS[role])), samples)
    return effects.pan(oscillators(rng, notes, samples, role=role), 0)


def _alone(rng: Rng, studio: Studio, song: Frame, samples: int) -> Wave:
    """Play tunes or chords of one instrument, sometimes of two.

    Never of oscillators through resonances that move: alone, they are what a synthetic singer is.
    """
    mix = np.zeros((samples, 2), dtype=np.float32)
    for _ in range(int(rng.choice([1, 1, 1, 2]))):
        if rng.random() < 0.7:
            sound = _lead(rng, studio, song, samples, synthetic=0.0)
        else:
            sound = _accompaniment(rng, studio, song, samples, str(rng.choice(composition.ROLES)))
        if np.abs(sound).max() > 1e-5:
            mix += _placed(rng, sound, crunchy=False, panned=True) * effects.random_gain(rng, -6, 0)
    return mix


def _tune(rng: Rng, player: Player, tune: list[Note], program: int, samples: int, *, bending: bool) -> Wave:
    """Return stereo [samples, 2]: a tune on the soundfont, with glides and swells, or stroke by stroke."""
    if bending:
        return player.play_lead(rng, tune, program, samples)
    struck = [Note(note.start, note.length * 1.5, note.pitch, rng.uniform(50, 115)) for note in tune]
    return player.play(struck, program, samples)


def _lead(rng: Rng, studio: Studio, song: Frame, samples: int, *, synthetic: float = 0.2) -> Wave:
    """Play a solo instrument with a tune, now and then a section or a second voice in thirds below it.

    With probability `synthetic` it is made of oscillators.
    """
    centre = float(rng.choice([50, 55, 60, 62, 67, 72, 79, 84]))
    stretch = int(rng.choice([1, 1, 2, 4]))
    tune = composition.melody(
        rng, song, centre=centre, density=rng.uniform(0.6, 1), rest=rng.uniform(0.05, 0.5), stretch=stretch
    )
    if not tune:
        return np.zeros((samples, 2), dtype=np.float32)
    if rng.random() < _MODELLED:
        sound = families.play(rng, families.draw(rng), tune, samples)
        return _placed(rng, sound, crunchy=False, panned=rng.random() < 0.7)
    program = int(rng.choice(LEADS))
    bending = program not in STRUCK or rng.random() < 0.2
    play = partial(_tune, rng, studio.player, program=program, samples=samples, bending=bending)
    choice = rng.random()
    if choice < synthetic:
        sound = effects.pan(oscillator_lead(rng, tune, samples), 0)
    elif choice > 0.93 and studio.guitars.instruments:
        sound = effects.pan(studio.guitars.play(rng, tune, samples), 0)
    else:
        sound = play(tune)
        for interval in rng.choice([-3, -4, -5, -8, -12, 0], int(rng.choice([0, 0, 0, 1, 1, 2]))):
            below = [Note(note.start, note.length, note.pitch + interval) for note in tune]
            sound = sound + play(below) * effects.random_gain(rng, -8, 0)
        if bending and rng.random() < 0.5:
            sound = effects.blown(rng, sound)
    if np.abs(sound).max() < 1e-5:
        return sound
    if rng.random() < 0.75:
        width = 0.15 if rng.random() < 0.6 else 0.9
        sound = effects.pan(sound.mean(axis=1), rng.uniform(-width, width))
    if rng.random() < 0.25:
        sound = effects.echo(rng, sound, song.beat)
    return _placed(rng, sound, crunchy=rng.random() < 0.4, panned=True)


def _placed(rng: Rng, sound: Wave, *, crunchy: bool, panned: bool = False) -> Wave:
    """Give an instrument its place in the mix: distortion, position, tone, room; effective value 0.1."""
    if crunchy and rng.random() < 0.3:
        sound = effects.distort(rng, sound, 14)
    choice = 1.0 if panned else rng.random()
    if choice < 0.45:
        sound = effects.pan(sound.mean(axis=1), rng.uniform(-0.9, 0.9))
    elif choice < 0.6:
        sound = effects.widen(sound.mean(axis=1), rng.uniform(0.008, 0.025))
    if rng.random() < 0.12:
        sound = effects.chorus(rng, sound)
    if rng.random() < 0.5:
        sound = effects.equalise(rng, sound)
    if rng.random() < 0.3:
        sound = effects.compress(rng, effects.level(sound))
    if rng.random() < 0.65:
        sound = effects.room(rng, sound)
    return effects.level(sound)
