"""Computed instruments: they play the notes asked for, and no two players are alike."""

import numpy as np
import pytest

from training.data.pool import SAMPLE_RATE
from training.synthesis import sampler
from training.synthesis.composition import Note
from training.synthesis.modelled import expression, families, modes, sources

_SECONDS = 2


@pytest.mark.parametrize("family", families.FAMILIES)
def test_family_plays_the_note_in_its_octave_and_falls_silent(family: str) -> None:
    pitches = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        sound = families.FAMILIES[family](rng, [Note(0.1, 1.2, 62)], _SECONDS * SAMPLE_RATE)
        assert sound.shape == (_SECONDS * SAMPLE_RATE,)
        assert np.isfinite(sound).all()
        heard = sound[SAMPLE_RATE // 4 : SAMPLE_RATE].astype(np.float32)
        assert np.abs(heard).max() > 30 * np.abs(sound[: SAMPLE_RATE // 20]).max()
        pitches.append(sampler.pitch_of(heard))
    away = [abs((pitch - 62 + 6) % 12 - 6) for pitch in pitches if pitch is not None]
    assert np.median(away) < 0.8


def test_players_of_one_instrument_differ_and_a_seed_repeats() -> None:
    tune = [Note(0.1, 0.5, 60), Note(0.7, 0.8, 64)]
    first, again, other = (
        families.play(np.random.default_rng(seed), "brass", tune, _SECONDS * SAMPLE_RATE)
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first[:, 0], other[:, 0])[0, 1]) < 0.5


def test_vibrato_comes_late_and_portamento_starts_from_the_note_before() -> None:
    manner = expression.Manner(
        legato=1, glide=(0.05, 0.05), vibrato=(0.5, 0.5), delay=(0.4, 0.5), drift=0, fall=0
    )
    notes = [Note(0, 0.5, 60), Note(0.5, 1.4, 67)]
    line = expression.perform(np.random.default_rng(3), notes, _SECONDS * SAMPLE_RATE, manner)
    pitch = 69 + 12 * np.log2(line.frequency / 440)
    at = (np.array([0.51, 0.75]) * SAMPLE_RATE).astype(int)
    assert pitch[at[0]] < 63
    assert pitch[at[1]] == pytest.approx(67, abs=0.3)
    early, late = (
        pitch[int(0.75 * SAMPLE_RATE) : int(0.85 * SAMPLE_RATE)],
        pitch[int(1.4 * SAMPLE_RATE) : int(1.8 * SAMPLE_RATE)],
    )
    assert np.ptp(late) > 2 * np.ptp(early)
    assert not line.loudness[int(1.95 * SAMPLE_RATE) :].any()


def test_partials_are_harmonics_and_none_aliases() -> None:
    frequency = np.full(SAMPLE_RATE, 4000.0)
    gains = np.ones((6, 101))
    sound = sources.partials(sources.cycles(np.random.default_rng(0), frequency), frequency, gains)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    loud = np.flatnonzero(spectrum > 0.1 * spectrum.max())
    assert {round(bin_ / 1000) for bin_ in loud} == {4, 8, 12}


def test_saw_teeth_alias_little() -> None:
    frequency = np.full(SAMPLE_RATE, 3001.0)
    phase = sources.cycles(np.random.default_rng(0), frequency)
    window = np.hanning(SAMPLE_RATE)
    rounded, naive = (
        np.abs(np.fft.rfft(wave * window)) for wave in (sources.saw(phase, frequency), 2 * (phase % 1) - 1)
    )
    between = np.ones(len(rounded), dtype=bool)
    for number in range(1, 8):
        between[3001 * number - 5 : 3001 * number + 6] = False
    assert rounded[between].max() < 0.5 * naive[between].max()


def test_struck_notes_overlap_and_higher_modes_fade_first() -> None:
    def tone(frequency: float) -> modes.Modes:
        assert frequency == pytest.approx(440)
        return modes.Modes(np.array([1.0, 5.0]), np.array([1.0, 1.0]), np.array([0.5, 0.05]))

    sound = modes.ring([Note(0, 0.8, 69)], SAMPLE_RATE, tone, ringing=1.0)
    spectra = [np.abs(np.fft.rfft(sound[first : first + 4410] * np.hanning(4410))) for first in (0, 22_050)]
    low, high = 44, 220
    assert spectra[0][high] > 0.3 * spectra[0][low]
    assert spectra[1][high] < 0.01 * spectra[1][low]


def test_a_tune_is_moved_into_the_range_by_whole_octaves() -> None:
    moved = expression.within([Note(0, 1, 90), Note(1, 1, 95)], 50, 70)
    assert [note.pitch for note in moved] == [54, 59] or [note.pitch for note in moved] == [66, 71]
