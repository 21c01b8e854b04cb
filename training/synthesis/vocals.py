"""The vocals of a song: one singer or several, a choir, speech."""

import numpy as np

from training.data.pool import SAMPLE_RATE
from training.synthesis import composition, effects, singing, voices
from training.synthesis.composition import Frame, Note, Rng
from training.synthesis.sample_pack import Wave
from training.synthesis.studio import Studio
from training.synthesis.voice_analysis import Utterance
from training.synthesis.voices import Manner

_SINSY_HOME = 67
"""The pitch at which the Sinsy voice is itself; others are sung there and moved."""


def sing_vocals(rng: Rng, studio: Studio, song: Frame, samples: int, kind: str) -> Wave:
    low = bool(rng.random() < 0.5)
    centre = rng.uniform(43, 60) if low else rng.uniform(56, 74)
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
            mix = mix + effects.pan(second, rng.uniform(-1, 1)) * effects.random_gain(rng, -14, -4)
    if rng.random() < 0.12:
        mix = effects.level(mix) + _choir(rng, studio, song, samples) * effects.random_gain(rng, -10, 0)
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
    """Place recorded groups of singers on the song's chords."""
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
            rng, (0.76, 0.95) if low and self.pool[0].kind == "reader" else (0.84, 1.28)
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
        """Sing the tune `interval` semitones up, mono."""
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
        """Sing phrases of two bars, each with another utterance of the same speaker."""
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
