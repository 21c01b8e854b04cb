"""One random song: who plays, who sings, how it is mixed. A seed and the pack define every sample.

A third of the songs are instrumentals, many of those chamber music without drums or one instrument alone,
because what a small network takes for a voice is any single tone that is held or bends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from training import composition, effects, singing, voices
from training.composition import Frame, Note, Rng
from training.instruments import (
    LEADS,
    PROGRAMS,
    SOLOISTS,
    STRUCK,
    Player,
    oscillator_lead,
    oscillators,
    sampled_drums,
)
from training.material import SOUNDFONT, DrumBank, Wave
from training.pool import SAMPLE_RATE
from training.sampler import NoteBank
from training.voices import Manner, Utterance

_INSTRUMENTAL = 0.4
_ALONE = 0.25
"""Share of the instrumentals in which one or two instruments play and nobody else."""
_CHAMBER = 0.4
_KINDS = {"sinsy": 0.1, "speech-song": 0.4, "vowels": 0.2, "take": 0.12, "speech": 0.18}
_SINSY_HOME = 67
"""The pitch at which the Sinsy voice is itself; others are sung there and moved."""


class Studio:
    """Everything loaded that songs are made of. One for each process."""

    def __init__(self, pack: Path, cache: Path) -> None:
        self.player = Player(pack / SOUNDFONT)
        self.drums = DrumBank.load(pack)
        self.basses = NoteBank.load(pack / "bass")
        self.guitars = NoteBank.load(pack / "guitar")
        self.voices = voices.load(pack, cache)
        self.singer = singing.Singer(next((pack / "vox/sinsy").glob("*.htsvoice")))

    def of_kind(self, *kinds: str) -> list[Utterance]:
        """The utterances of these kinds."""
        return [voice for voice in self.voices if voice.kind in kinds]


@dataclass(frozen=True, slots=True)
class Made:
    """A finished song: float32 [stem, samples, 2], and what is in it."""

    stems: effects.Stems
    facts: dict[str, Any]


def make(studio: Studio, seed: int, seconds: float) -> Made:
    """The song of that seed."""
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
    vocals = silence if instrumental else _vocals(rng, studio, song, samples, kind)
    loudness = ((vocals, -3, 4), (drums, -5, 3), (bass, -5, 2), (other, -4, 3))
    stems = np.stack(
        [
            effects.level(wave) * np.float32(10 ** (rng.uniform(low, high) / 20))
            for wave, low, high in loudness
        ]
    )
    facts = {"voice": kind, "seed": seed, "tempo": round(song.tempo, 1), "alone": alone}
    return Made(_master(rng, np.nan_to_num(stems)), facts)


def make_solo(studio: Studio, seed: int, seconds: float, name: str) -> Made:
    """One of the `SOLOISTS` with a tune in a small room, nobody else: for judging, never for training."""
    rng = np.random.default_rng(seed)
    samples = int(seconds * SAMPLE_RATE)
    song = composition.frame(rng, seconds)
    tune = composition.melody(
        rng, song, centre=79 if name == "celesta" else 67, density=1, rest=0.1, stretch=2
    )
    mono = _tune(rng, studio, tune, SOLOISTS[name], samples, bending=SOLOISTS[name] not in STRUCK).mean(
        axis=1
    )
    stems = np.zeros((4, samples, 2), dtype=np.float32)
    stems[3] = effects.level(effects.room(rng, effects.pan(mono, 0), 1.2, 0.15))
    return Made(
        stems / max(1.0, np.abs(stems).max() / 0.9), {"voice": "none", "seed": seed, "complete": False}
    )


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
    """A drum loop stretched to whole bars of the song."""
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
            mix += _placed(rng, sound, crunchy=role in {"strum", "riff"}) * _gain(rng, -9, 3)
    for _ in range(leads):
        mix += _lead(rng, studio, song, samples) * _gain(rng, -6, 5)
    return mix


def _accompaniment(rng: Rng, studio: Studio, song: Frame, samples: int, role: str) -> Wave:
    notes = composition.accompaniment(rng, song, role)
    choice = rng.random()
    if choice < 0.35 and role in {"strum", "riff", "arpeggio"} and studio.guitars.instruments:
        return effects.pan(studio.guitars.play(rng, notes, samples), 0)
    if choice < 0.85:
        return studio.player.play(notes, int(rng.choice(PROGRAMS[role])), samples)
    return effects.pan(oscillators(rng, notes, samples, role=role), 0)


def _alone(rng: Rng, studio: Studio, song: Frame, samples: int) -> Wave:
    """Tunes or chords of one instrument, sometimes of two.

    Never of oscillators through resonances that move: alone, they are what a synthetic singer is.
    """
    mix = np.zeros((samples, 2), dtype=np.float32)
    for _ in range(int(rng.choice([1, 1, 1, 2]))):
        if rng.random() < 0.7:
            sound = _lead(rng, studio, song, samples, synthetic=0.0)
        else:
            sound = _accompaniment(rng, studio, song, samples, str(rng.choice(composition.ROLES)))
        if np.abs(sound).max() > 1e-5:
            mix += _placed(rng, sound, crunchy=False, panned=True) * _gain(rng, -6, 0)
    return mix


def _tune(rng: Rng, studio: Studio, tune: list[Note], program: int, samples: int, *, bending: bool) -> Wave:
    """Stereo [samples, 2]: a tune on the soundfont, with the glides and swells of who can, or stroke by stroke."""
    if bending:
        return studio.player.play_lead(rng, tune, program, samples)
    struck = [Note(note.start, note.length * 1.5, note.pitch, rng.uniform(50, 115)) for note in tune]
    return studio.player.play(struck, program, samples)


def _lead(rng: Rng, studio: Studio, song: Frame, samples: int, *, synthetic: float = 0.2) -> Wave:
    """A solo instrument with a tune, now and then a section or a second voice in thirds below it.

    With probability `synthetic` it is made of oscillators.
    """
    centre = float(rng.choice([50, 55, 60, 62, 67, 72, 79, 84]))
    stretch = int(rng.choice([1, 1, 2, 4]))
    tune = composition.melody(
        rng, song, centre=centre, density=rng.uniform(0.6, 1), rest=rng.uniform(0.05, 0.5), stretch=stretch
    )
    if not tune:
        return np.zeros((samples, 2), dtype=np.float32)
    program = int(rng.choice(LEADS))
    bending = program not in STRUCK or rng.random() < 0.2
    play = partial(_tune, rng, studio, program=program, samples=samples, bending=bending)
    choice = rng.random()
    if choice < synthetic:
        sound = effects.pan(oscillator_lead(rng, tune, samples), 0)
    elif choice > 0.93 and studio.guitars.instruments:
        sound = effects.pan(studio.guitars.play(rng, tune, samples), 0)
    else:
        sound = play(tune)
        for interval in rng.choice([-3, -4, -5, -8, -12, 0], int(rng.choice([0, 0, 0, 1, 1, 2]))):
            below = [Note(note.start, note.length, note.pitch + interval) for note in tune]
            sound = sound + play(below) * _gain(rng, -8, 0)
    if np.abs(sound).max() < 1e-5:
        return sound
    if rng.random() < 0.75:
        width = 0.15 if rng.random() < 0.6 else 0.9
        sound = effects.pan(sound.mean(axis=1), rng.uniform(-width, width))
    if rng.random() < 0.25:
        sound = effects.echo(rng, sound, song.beat)
    return _placed(rng, sound, crunchy=rng.random() < 0.4, panned=True)


def _placed(rng: Rng, sound: Wave, *, crunchy: bool, panned: bool = False) -> Wave:
    """An instrument's place in the mix: distortion, position, tone, room; effective value 0.1."""
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


def _gain(rng: Rng, low: float, high: float) -> np.float32:
    return np.float32(10 ** (rng.uniform(low, high) / 20))


def _vocals(rng: Rng, studio: Studio, song: Frame, samples: int, kind: str) -> Wave:
    low = bool(rng.random() < 0.5)
    centre = rng.uniform(46, 58) if low else rng.uniform(57, 70)
    tune = composition.melody(
        rng,
        song,
        centre=centre,
        density=rng.uniform(0.75, 1),
        rest=rng.uniform(0.05, 0.3),
        stretch=int(rng.choice([1, 1, 2])),
    )
    if not tune:
        kind = "speech"
    ensemble = _Singers(rng, studio, song, samples=samples, kind=kind, tune=tune, low=low, centre=centre)
    lead = effects.compress(rng, effects.level(effects.high_pass(ensemble.take(0), rng.uniform(70, 160))))
    width = 0.12 if rng.random() < 0.65 else 0.85
    mix = effects.pan(lead, rng.uniform(-width, width))
    if kind != "speech" and rng.random() < 0.35:
        for interval in (int(rng.choice([0, 0, 12, -12])), int(rng.choice([0, 3, 4, 7, -5]))):
            second = effects.level(ensemble.take(interval))
            mix = mix + effects.pan(second, rng.uniform(-1, 1)) * _gain(rng, -14, -4)
    if rng.random() < 0.12:
        mix = effects.level(mix) + _choir(rng, studio, song, samples) * _gain(rng, -10, 0)
    if rng.random() < 0.12:
        mix = effects.chorus(rng, mix)
    if rng.random() < 0.6:
        mix = effects.equalise(rng, mix, 5)
    if rng.random() < 0.25:
        mix = effects.echo(rng, mix, song.beat)
    if rng.random() < 0.8:
        wet = rng.uniform(0.03, 0.28) if rng.random() < 0.65 else rng.uniform(0.25, 0.6)
        mix = effects.room(rng, mix, rng.uniform(0.3, 2.8), wet)
    return mix


def _choir(rng: Rng, studio: Studio, song: Frame, samples: int) -> Wave:
    """Recorded groups of singers on the song's chords."""
    groups = studio.of_kind("choir")
    mix = np.zeros((samples, 2), dtype=np.float32)
    for third in (0, 2, 4):
        notes = [
            Note(bar * song.bar, song.bar, song.degree(song.chords[bar] + third) % 12 + 60)
            for bar in range(song.bars)
        ]
        mix += effects.pan(voices.recorded_notes(rng, groups, notes, samples), rng.uniform(-0.8, 0.8))
    return effects.level(mix)


class _Singers:
    """One singer, who can be asked for the same tune again, higher or lower, never quite the same."""

    def __init__(
        self,
        rng: Rng,
        studio: Studio,
        song: Frame,
        *,
        samples: int,
        kind: str,
        tune: list[Note],
        low: bool,
        centre: float,
    ) -> None:
        self.rng, self.studio, self.song, self.samples = rng, studio, song, samples
        self.kind, self.tune, self.centre = kind, tune, centre
        self.pool = self._pool(low=low)
        self.manner = Manner.draw(
            rng, (0.76, 0.95) if low and self.pool[0].kind == "reader" else (0.84, 1.22)
        )
        self.sung: singing.Sung | None = None
        self.size = rng.uniform(0.9, 1.1)

    def _pool(self, *, low: bool) -> list[Utterance]:
        rng, studio = self.rng, self.studio
        match self.kind:
            case "vowels" | "take" | "sinsy":
                sex = "male" if low else "female"
                kinds = ("vowel", "choir") if self.kind == "take" and rng.random() < 0.3 else ("vowel",)
                pool = [voice for voice in studio.of_kind(*kinds) if voice.name.startswith(sex)]
                colour = str(rng.choice(["aa", "oo", ""]))
                return [voice for voice in pool if colour in voice.name] or pool
            case "speech":
                kinds = ("reader",) if rng.random() < 0.6 else ("flite",)
            case _:
                kinds = (str(rng.choice(["reader", "flite", "espeak"], p=[0.5, 0.36, 0.14])),)
        pool = studio.of_kind(*kinds)
        speaker = pool[rng.integers(len(pool))].name.rpartition("_" if kinds[0] != "reader" else "-")[0]
        return [voice for voice in pool if voice.name.startswith(speaker)]

    def take(self, interval: int) -> Wave:
        """The tune `interval` semitones up, mono."""
        rng = self.rng
        notes = [
            Note(max(0.0, note.start + rng.normal(0, 0.012)), note.length, note.pitch + interval)
            for note in self.tune
        ]
        match self.kind:
            case "speech":
                return voices.recorded_speech(rng, self.pool, self.samples)
            case "take":
                return voices.recorded_notes(rng, self.pool, notes, self.samples)
            case "sinsy":
                return self._sinsy(interval)
        return self._vocoded(notes)

    def _sinsy(self, interval: int) -> Wave:
        shift = int(np.clip(round(self.centre - _SINSY_HOME), -14, 2))
        if self.sung is None:
            self.sung = self.studio.singer.sing(self.rng, self.tune, self.song.tempo, shift)
        formants = float(np.clip(2 ** (shift / 12 * 0.38), 0.72, 1.1) * self.size)
        return singing.render(
            self.rng,
            self.sung,
            self.samples,
            shift=shift + interval,
            formants=formants,
            breath=self.manner.breath,
        )

    def _vocoded(self, notes: list[Note]) -> Wave:
        """Phrases of two bars, each with another utterance of the same speaker."""
        rng, phrase = self.rng, 2 * self.song.bar
        sound = np.zeros(self.samples, dtype=np.float32)
        for begin in np.arange(0, self.samples / SAMPLE_RATE, phrase):
            sung = [
                Note(note.start - begin, note.length, note.pitch)
                for note in notes
                if begin <= note.start < begin + phrase
            ]
            first = int(begin * SAMPLE_RATE)
            length = min(int((phrase + 0.6) * SAMPLE_RATE), self.samples - first)
            if sung and length > SAMPLE_RATE // 2:
                voice = self.pool[rng.integers(len(self.pool))]
                sound[first : first + length] += voices.sing(rng, voice, sung, length, self.manner)
        return sound
