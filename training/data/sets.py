"""What the models are judged on: mixtures whose parts are known.

Semi-real mixtures are made here from recordings of a band, track by track, and of singers. Synthetic songs
come from a pool that was made from seeds of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy import signal

from training.data import pool
from training.data.pool import SAMPLE_RATE, STEMS

Audio = npt.NDArray[np.float32]
"""[2, samples] at 44.1 kHz."""

_SECONDS = 24
_LEVELS = {"drums": 0.07, "bass": 0.07, "other": 0.08, "vocals": 0.09}
_SPREAD = (1.15, 0.85)
_ROOM_SECONDS = 1.2
_ROOM_LEVEL = 0.45


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """A mixture with known parts."""

    group: str
    """What it is reported under."""
    name: str
    stems: Audio
    """[4, 2, samples] in the order of `STEMS`; the mixture is their sum."""
    complete: bool = True
    """Whether drums, bass and other are apart."""

    @property
    def mix(self) -> Audio:
        """Return [2, samples]."""
        return np.asarray(self.stems.sum(axis=0), dtype=np.float32)

    @property
    def sung(self) -> bool:
        """Return whether anybody sings."""
        return bool(np.any(self.stems[0]))


def load(path: Path) -> Audio:
    """Load a recording as [2, samples] at 44.1 kHz. Raises what soundfile raises for what is none."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != SAMPLE_RATE:
        common = int(np.gcd(rate, SAMPLE_RATE))
        samples = signal.resample_poly(samples, SAMPLE_RATE // common, rate // common)
    stereo = np.repeat(samples, 2, axis=1) if samples.shape[1] == 1 else samples[:, :2]
    return np.ascontiguousarray(stereo.T, dtype=np.float32)


def load_band(folder: Path) -> Audio:
    """Load the aligned tracks of a band as [4, 2, samples]; no vocals. Names decide what is drums and bass."""
    tracks = {path.stem.lower(): load(path) for path in sorted(folder.iterdir()) if path.is_file()}
    if not tracks:
        raise FileNotFoundError(f"no tracks in {folder}")
    length = min(track.shape[1] for track in tracks.values())
    stems = np.zeros((len(STEMS), 2, length), dtype=np.float32)
    for name, track in tracks.items():
        stem = next((stem for stem in ("drums", "bass") if stem in name), "other")
        stems[STEMS.index(stem)] += track[:, :length]
    return stems


def semi_real(
    band: Audio, singers: dict[str, Audio], starts: Sequence[float] = (5, 20, 45)
) -> Iterator[Mixture]:
    """Set each singer over the band: at several places, levels and positions, dry and in a room, and in mono."""
    length = _SECONDS * SAMPLE_RATE
    for singer, voice in singers.items():
        for number, start in enumerate(starts):
            backing = _excerpt(band, int(start * SAMPLE_RATE), length)
            sung = _level(_looped(voice, length, number * SAMPLE_RATE), _LEVELS["vocals"])
            roomy = _level(_in_a_room(sung), _LEVELS["vocals"])
            for manner, vocals in (
                ("dry", sung),
                ("quiet", sung * np.float32(0.6)),
                ("loud", sung * np.float32(1.6)),
                ("room", roomy),
                ("off centre", _level(sung * np.array([[1.4], [0.5]], np.float32), _LEVELS["vocals"])),
            ):
                stems = backing.copy()
                stems[0] = vocals
                yield Mixture("semi-real", f"{singer} at {start:g} s, {manner}", _within_scale(stems))
            stems = backing.copy()
            stems[0] = roomy
            mono = np.repeat(stems.mean(axis=1, keepdims=True), 2, axis=1)
            yield Mixture("semi-real", f"{singer} at {start:g} s, room, mono", _within_scale(mono))


def instrumentals(
    band: Audio, recordings: dict[str, Audio], starts: Sequence[float] = (5, 20, 45)
) -> Iterator[Mixture]:
    """Return the band without a singer, and recordings of which nothing is known but that nobody sings."""
    length = _SECONDS * SAMPLE_RATE
    for start in starts:
        stems = _excerpt(band, int(start * SAMPLE_RATE), length)
        yield Mixture("instrumental band", f"band at {start:g} s", _within_scale(stems))
    for name, recording in recordings.items():
        yield Mixture(name, name, _unknown_parts(recording[:, : 60 * SAMPLE_RATE]), complete=False)


def synthetic(folder: Path) -> Iterator[Mixture]:
    """Return the songs of a pool, sung ones and instrumentals apart; solos by their family of instruments."""
    for name in pool.names(folder):
        song = pool.read(folder, name)
        stems = np.stack([song.excerpt(stem, 0, song.audio.shape[1]) for stem in range(len(STEMS))])
        group = song.group or ("synthetic" if stems[0].any() else "synthetic instrumental")
        yield Mixture(group, name, stems, complete=song.complete)


def _excerpt(band: Audio, start: int, length: int) -> Audio:
    stems = np.zeros((len(STEMS), 2, length), dtype=np.float32)
    part = band[:, :, start : start + length]
    stems[:, :, : part.shape[2]] = part
    for index, stem in enumerate(STEMS):
        stems[index] = _level(stems[index], _LEVELS[stem])
    return stems


def _looped(voice: Audio, length: int, offset: int) -> Audio:
    return np.roll(np.tile(voice, length // voice.shape[1] + 1), offset, axis=1)[:, :length]


def _in_a_room(voice: Audio) -> Audio:
    """Place a voice a quarter off the centre, in a stereo room; always the same room."""
    rng = np.random.default_rng(5)
    time = np.arange(int(_ROOM_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal((2, len(time))) * np.exp(-6.9 * time / _ROOM_SECONDS)
    tail /= np.sqrt((tail**2).sum(axis=1, keepdims=True))
    wet = signal.oaconvolve(voice, tail, axes=1)[:, : voice.shape[1]]
    return np.asarray(voice * np.array(_SPREAD)[:, None] + _ROOM_LEVEL * wet, dtype=np.float32)


def _level(wave: Audio, rms: float) -> Audio:
    now = np.sqrt(np.mean(wave**2))
    return wave if now < 1e-9 else np.asarray(wave * (rms / now), dtype=np.float32)


def _within_scale(stems: Audio) -> Audio:
    loudest = float(np.abs(stems.sum(axis=0)).max())
    return stems * np.float32(min(1.0, 0.95 / max(loudest, 1e-9)))


def _unknown_parts(recording: Audio) -> Audio:
    stems = np.zeros((len(STEMS), *recording.shape), dtype=np.float32)
    stems[STEMS.index("other")] = recording
    return stems
