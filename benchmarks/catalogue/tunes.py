"""Songs that differ as songs do: key, tempo, chords, tunes, sounds, from the composer of the training songs.

Their sound is plain (a few sines for each note, noise for drums), their notes are not: to a fingerprint, which
goes by the notes that sound together, they are as far apart as other people's songs.
"""

import numpy as np
from numpy.typing import NDArray

from training.synthesis import composition
from training.synthesis.composition import Frame, Note, Rng

Samples = NDArray[np.float32]

_DRUMS = {
    "kick": (60, 18),
    "snare": (190, 25),
    "hat": (0, 60),
    "open": (0, 12),
    "crash": (0, 4),
    "tom": (110, 12),
}


def tune(seed: int, seconds: float, rate: int = 44_100) -> Samples:
    """``[2, n]`` within -0.8..0.8; another ``seed`` is another song."""
    rng = np.random.default_rng([seed, 20])
    song = composition.frame(rng, seconds)
    sound = np.zeros((2, round(seconds * rate)), np.float32)
    for notes, loudness in _parts(rng, song):
        harmonics = rng.uniform(0, 1, rng.integers(2, 7)) / np.arange(1, 8)[: rng.integers(2, 7)].sum()
        _play(
            sound, rate, notes, harmonics, fade=rng.uniform(0.3, 6), gains=loudness * rng.uniform(0.4, 1, 2)
        )
    if rng.random() < 0.75:
        _drum(rng, sound, rate, song)
    return 0.8 * sound / max(float(np.abs(sound).max()), 1e-9)


def _parts(rng: Rng, song: Frame) -> list[tuple[list[Note], float]]:
    lead = composition.melody(
        rng, song, centre=rng.uniform(58, 76), density=0.95, rest=rng.uniform(0.05, 0.4)
    )
    parts = [(lead, 0.5), (composition.bass(rng, song), 0.4)]
    roles = rng.choice(composition.ROLES, rng.integers(1, 3), replace=False)
    parts.extend((composition.accompaniment(rng, song, str(role)), 0.25) for role in roles)
    return parts


def _play(
    sound: Samples,
    rate: int,
    notes: list[Note],
    harmonics: NDArray[np.float64],
    *,
    fade: float,
    gains: NDArray[np.float64],
) -> None:
    for note in notes:
        start = round(note.start * rate)
        time = (
            np.arange(max(0, min(round(note.length * rate), sound.shape[1] - start)), dtype=np.float32) / rate
        )
        if not len(time):
            continue
        phase = np.float32(2 * np.pi * 440 * 2 ** ((note.pitch - 69) / 12)) * time
        tone = sum(weight * np.sin((k + 1) * phase) for k, weight in enumerate(harmonics.astype(np.float32)))
        tone *= np.exp(np.float32(-fade) * time) * np.minimum(1, 100 * time) * np.minimum(1, 100 * time[::-1])
        sound[:, start : start + len(time)] += (gains * note.velocity / 127).astype(np.float32)[
            :, None
        ] * tone


def _drum(rng: Rng, sound: Samples, rate: int, song: Frame) -> None:
    for hit in composition.drums(rng, song):
        start = round(hit.start * rate)
        time = np.arange(max(0, min(rate // 3, sound.shape[1] - start)), dtype=np.float32) / rate
        pitch, fade = _DRUMS.get(hit.kind, (300, 30))
        tone = 0.4 * rng.standard_normal(len(time), dtype=np.float32) if pitch in {0, 190} else 0
        tone = tone + np.sin(2 * np.pi * pitch * time) * (pitch > 0)
        sound[:, start : start + len(time)] += 0.25 * hit.strength * np.exp(-fade * time) * tone
