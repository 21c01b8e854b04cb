"""Random music as notes: keys, chords, rhythms, melodies. Times are in seconds, pitches are MIDI numbers."""

from dataclasses import dataclass

import numpy as np

Rng = np.random.Generator

_MINOR = (0, 2, 3, 5, 7, 8, 10)
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_PROGRESSIONS = (
    (0, 4, 5, 3), (5, 3, 0, 4), (0, 5, 3, 4), (0, 3, 4, 3), (0, 6, 5, 4), (1, 4, 0, 0),
    (0, 0, 3, 4), (0, 2, 3, 4), (5, 4, 3, 4), (0, 0, 0, 0), (3, 4, 2, 5), (0, 5, 0, 4),
)  # fmt: skip
_KICKS = ((0, 8), (0, 6, 8), (0, 4, 8, 12), (0, 3, 8, 11), (0, 7, 10), (0, 10))
_SNARES = ((4, 12), (4, 12), (4, 12), (8,), (4, 12, 15))
_BASS_LINES = ((0, 4, 8, 12), (0, 2, 4, 6, 8, 10, 12, 14), None, (0, 6, 10), (0,))
_LENGTHS = (1, 2, 3, 4, 6, 8, 12)
_LENGTH_ODDS = (0.06, 0.38, 0.11, 0.24, 0.10, 0.07, 0.04)
ROLES = ("pad", "strum", "arpeggio", "riff", "stab", "bells")


@dataclass(frozen=True, slots=True)
class Note:
    """One note. `pitch` may lie between semitones; `velocity` is 1 to 127."""

    start: float
    length: float
    pitch: float
    velocity: float = 95.0


@dataclass(frozen=True, slots=True)
class Hit:
    """One stroke on the drum called `kind`, `strength` 0 to 1."""

    start: float
    kind: str
    strength: float


@dataclass(frozen=True, slots=True)
class Frame:
    """What all parts of a song share."""

    tempo: float
    bars: int
    key: int
    scale: tuple[int, ...]
    chords: tuple[int, ...]
    """Scale degree of each bar's chord."""
    kick: tuple[int, ...]
    swing: float
    looseness: float

    @property
    def beat(self) -> float:
        """Return the seconds of a beat."""
        return 60 / self.tempo

    @property
    def bar(self) -> float:
        """Return the seconds of a bar of four beats."""
        return 4 * self.beat

    def degree(self, step: int) -> int:
        """Return the pitch of a scale step above the key, in octave zero."""
        return self.key + self.scale[step % 7] + 12 * (step // 7)

    def time(self, rng: Rng, bar: int, sixteenth: float) -> float:
        """Return when a player would play that sixteenth."""
        late = self.swing if int(sixteenth) % 2 else 0.0
        return bar * self.bar + sixteenth * self.beat / 4 + late + abs(rng.normal(0, self.looseness))


def frame(rng: Rng, seconds: float) -> Frame:
    """Draw a random song's skeleton that is at least `seconds` long."""
    tempo = rng.uniform(66, 172)
    bars = int(seconds / (240 / tempo)) + 1
    progression = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    return Frame(
        tempo=tempo,
        bars=bars,
        key=int(rng.integers(12)),
        scale=_MINOR if rng.random() < 0.5 else _MAJOR,
        chords=tuple(progression[bar % 4] for bar in range(bars)),
        kick=_KICKS[rng.integers(len(_KICKS))],
        swing=rng.uniform(0, 0.12) * 60 / tempo if rng.random() < 0.25 else 0.0,
        looseness=rng.uniform(0, 0.012),
    )


def melody(
    rng: Rng, song: Frame, *, centre: float, density: float, rest: float, stretch: int = 1
) -> list[Note]:
    """Compose a tune around `centre`: mostly steps, chord tones on strong beats. `stretch` makes notes longer."""
    notes: list[Note] = []
    step = 0
    for bar in range(song.bars):
        if rng.random() < rest:
            continue
        place = int(rng.choice([0, 0, 2, 4]))
        end = int(rng.choice([12, 14, 16, 16]))
        while place < end:
            length = min(int(rng.choice(_LENGTHS, p=_LENGTH_ODDS)) * stretch, end - place)
            if song.tempo > 130:
                length = max(2, length)
            if place % 8 == 0 and rng.random() < 0.6:
                step = int(rng.choice([0, 2, 4])) + song.chords[bar]
            else:
                step += int(rng.choice([-2, -1, -1, 0, 0, 1, 1, 2]))
            pitch = song.degree(step)
            pitch -= 12 * round((pitch - centre) / 12)
            if rng.random() < density:
                start = max(0.05, bar * song.bar + place * song.beat / 4 + rng.normal(0, 0.01))
                notes.append(Note(start, length * song.beat / 4 * rng.uniform(0.75, 0.99), pitch))
            place += max(1, length)
    return notes


def drums(rng: Rng, song: Frame) -> list[Hit]:
    """Compose a beat with fills, ghost notes, and percussion now and then."""
    snares = _SNARES[rng.integers(len(_SNARES))]
    every = int(rng.choice([1, 2, 2, 4]))
    percussion = set(rng.choice(16, rng.integers(2, 7), replace=False)) if rng.random() < 0.35 else set()
    hits: list[Hit] = []

    def hit(bar: int, place: int, kind: str, low: float, high: float = 1.0) -> None:
        hits.append(Hit(song.time(rng, bar, place), kind, rng.uniform(low, high)))

    for bar in range(song.bars):
        fill_from = 12 if bar % 4 == 3 and rng.random() < 0.6 else 16
        if bar % 8 == 0 and rng.random() < 0.7:
            hit(bar, 0, "crash", 0.6)
        for place in range(16):
            if place in song.kick or rng.random() < 0.03:
                hit(bar, place, "kick", 0.8)
            if place in snares and place < fill_from:
                hit(bar, place, "snare", 0.8)
            elif rng.random() < 0.04:
                hit(bar, place, "snare", 0.1, 0.4)
            if place % every == 0:
                accent = 1.0 if place % 4 == 0 else 0.7
                kind = "open" if place == 14 and rng.random() < 0.3 else "hat"
                hit(bar, place, kind, 0.5 * accent, accent)
            if place in percussion:
                hit(bar, place, "percussion", 0.5)
            if place >= fill_from:
                hit(bar, place, "tom" if rng.random() < 0.6 else "snare", 0.6)
    return hits


def bass(rng: Rng, song: Frame) -> list[Note]:
    """Compose a line on the chords' roots."""
    places = _BASS_LINES[rng.integers(len(_BASS_LINES))] or song.kick
    floor = 24 + 12 * int(rng.random() < 0.6)
    notes = []
    for bar in range(song.bars):
        root = song.degree(song.chords[bar]) % 12 + floor
        root += 12 if root < 26 else 0
        for place, following in zip(places, (*places[1:], 16), strict=True):
            leap = int(rng.choice([0, 0, 0, 7, 12, 5])) if place and rng.random() < 0.35 else 0
            length = (following - place) * song.beat / 4 * rng.uniform(0.6, 0.98)
            notes.append(Note(song.time(rng, bar, place), length, root + leap, rng.uniform(85, 120)))
    return notes


def walking_bass(rng: Rng, song: Frame) -> list[Note]:
    """Compose a line that wanders along the scale, in a rhythm that two bars share."""
    floor = 24 + 12 * int(rng.random() < 0.6)
    wandering = rng.uniform(0.3, 0.9)
    places: list[int] = []
    notes = []
    for bar in range(song.bars):
        if bar % 2 == 0:
            places = [0, *sorted(rng.choice(range(1, 16), rng.integers(2, 9), replace=False).tolist())]
        chord = song.chords[bar]
        root = song.degree(chord) % 12 + floor
        for place, following in zip(places, (*places[1:], 16), strict=True):
            step = int(rng.integers(-3, 10)) if place and rng.random() < wandering else 0
            pitch = root + song.degree(chord + step) - song.degree(chord)
            length = (following - place) * song.beat / 4 * rng.uniform(0.4, 0.98)
            start = song.time(rng, bar, place)
            notes.append(Note(start, length, pitch if pitch > 25 else pitch + 12, rng.uniform(75, 120)))
    return notes


def accompaniment(rng: Rng, song: Frame, role: str) -> list[Note]:
    """Compose chords in one of the `ROLES`."""
    base = 48 + 12 * int(rng.integers(2)) + (12 * int(rng.integers(1, 3)) if role == "bells" else 0)
    variant = int(rng.integers(2))
    notes: list[Note] = []
    for bar in range(song.bars):
        if rng.random() < 0.08:
            continue
        chord = [song.degree(song.chords[bar] + third) % 12 + base for third in (0, 2, 4)]
        chord = [pitch + 12 if pitch < chord[0] and rng.random() < 0.7 else pitch for pitch in chord]
        notes += _bar_of_chord(rng, song, role, bar=bar, chord=chord, variant=variant)
    return notes


def _bar_of_chord(
    rng: Rng, song: Frame, role: str, *, bar: int, chord: list[int], variant: int
) -> list[Note]:
    sixteenth = song.beat / 4
    match role:
        case "pad":
            return [
                Note(song.time(rng, bar, 0), song.bar * 0.99, pitch, rng.uniform(60, 95)) for pitch in chord
            ]
        case "strum":
            places: tuple[int, ...] = (0, 4, 6, 8, 12, 14) if variant else (0, 2, 4, 6, 8, 10, 12, 14)
            return [
                Note(
                    song.time(rng, bar, place) + 0.012 * string,
                    sixteenth * rng.uniform(1, 2.4),
                    pitch,
                    rng.uniform(60, 110),
                )
                for place in places
                for string, pitch in enumerate((*chord, chord[0] + 12))
            ]
        case "arpeggio" | "bells":
            tones = (*chord, chord[0] + 12, chord[1] + 12)
            step = 2 if song.tempo > 100 or role == "bells" else 1
            return [
                Note(
                    song.time(rng, bar, place),
                    song.beat * (1.5 if role == "bells" else 0.5),
                    tones[(place // 2 * (3 if variant else 1)) % 5],
                    rng.uniform(60, 105),
                )
                for place in range(0, 16, step)
                if role != "bells" or rng.random() < 0.8
            ]
        case "stab":
            places = (4, 12) if variant else (0, 6, 11)
            return [
                Note(song.time(rng, bar, place), song.beat * 0.3, pitch, rng.uniform(80, 115))
                for place in places
                for pitch in chord
            ]
    notes = []
    place = 0
    while place < 16:
        length = int(rng.choice([1, 2, 2, 4, 6]))
        if rng.random() < 0.75:
            pitch = song.degree(int(rng.integers(9))) % 12 + chord[0] // 12 * 12
            start = song.time(rng, bar, place)
            notes.append(Note(start, length * sixteenth * 0.95, pitch, rng.uniform(70, 110)))
        place += length
    return notes
