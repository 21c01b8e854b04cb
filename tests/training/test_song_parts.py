"""Composing, playing and mixing: repeatable from a seed, and stems that still add up."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import soundfile
from scipy import signal

from training.data.pool import SAMPLE_RATE
from training.synthesis import (
    composition,
    effects,
    granular,
    instruments,
    sampler,
    singing,
    voice_analysis,
)


def test_the_same_seed_composes_the_same_music() -> None:
    first, second = (
        composition.melody(
            np.random.default_rng(3),
            composition.frame(np.random.default_rng(4), 20),
            centre=60,
            density=0.9,
            rest=0.1,
        )
        for _ in range(2)
    )
    assert first == second
    assert first
    assert all(48 <= note.pitch <= 72 for note in first)


@pytest.mark.parametrize("role", composition.ROLES)
def test_every_role_plays_within_the_song(role: str) -> None:
    rng = np.random.default_rng(1)
    song = composition.frame(rng, 15)
    notes = composition.accompaniment(rng, song, role)
    assert notes
    assert all(0 <= note.start < song.bars * song.bar + 1 and 24 < note.pitch < 120 for note in notes)


@pytest.mark.parametrize("line", [composition.bass, composition.walking_bass])
def test_basses_play_low_and_within_the_song(
    line: Callable[[composition.Rng, composition.Frame], list[composition.Note]],
) -> None:
    rng = np.random.default_rng(6)
    song = composition.frame(rng, 15)
    notes = line(rng, song)
    assert len({note.pitch for note in notes}) > 1
    assert all(0 <= note.start < song.bars * song.bar + 1 and 24 < note.pitch < 72 for note in notes)


def test_recorded_notes_are_played_at_other_pitches(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    for name, frequency in {"bass_1": 55.0, "bass_2": 110.0, "bass_chord": 82.4}.items():
        tone = sum(np.sin(2 * np.pi * frequency * part * time) / part for part in (1, 2, 3))
        soundfile.write(tmp_path / f"{name}.ogg", 0.3 * tone * np.exp(-time), SAMPLE_RATE)
    soundfile.write(tmp_path / "thunder.ogg", rng.normal(0, 0.1, SAMPLE_RATE), SAMPLE_RATE)
    bank = sampler.NoteBank.load(tmp_path)
    assert [[round(pitch) for pitch, _ in instrument] for instrument in bank.instruments] == [[33, 45]]
    for wanted in (40, 48):
        played = bank.play(rng, [composition.Note(0, 0.9, wanted)], SAMPLE_RATE)
        assert sampler.pitch_of(played) == pytest.approx(wanted, abs=0.3)
    assert not bank.play(rng, [composition.Note(0, 0.9, 100)], SAMPLE_RATE).any()


def test_a_limited_mix_is_quieter_and_stems_still_add_up() -> None:
    rng = np.random.default_rng(2)
    stems = rng.normal(0, 0.2, (4, SAMPLE_RATE, 2)).astype(np.float32)
    limited = effects.limit(np.random.default_rng(5), stems)
    loudest = np.abs(stems.sum(axis=0)).argmax()
    gain = limited.sum(axis=0).flat[loudest] / stems.sum(axis=0).flat[loudest]
    assert np.abs(limited.sum(axis=0)).max() < np.abs(stems.sum(axis=0)).max()
    np.testing.assert_allclose(
        [stem.flat[loudest] for stem in limited], [stem.flat[loudest] * gain for stem in stems], rtol=1e-4
    )


def test_lossy_copies_stay_aligned() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.3 * np.sin(2 * np.pi * 440 * time) * (time > 0.5)).astype(np.float32)
    stems = np.zeros((4, SAMPLE_RATE, 2), dtype=np.float32)
    stems[2] = tone[:, None]
    copied = effects.lossy(np.random.default_rng(0), stems)
    assert not copied[0].any()
    np.testing.assert_allclose(copied[2][:, 0], tone, atol=0.05)


def test_a_solo_glides_and_stays_near_its_tune() -> None:
    notes = [composition.Note(0.1, 0.8, 60), composition.Note(1.0, 0.8, 67)]
    pitches, swell = instruments.contour(np.random.default_rng(0), notes, 2 * SAMPLE_RATE)
    assert abs(pitches[80] - 60) < 1.5
    assert abs(pitches[170] - 67) < 1.5
    assert swell[5] == 0
    assert swell[40] > 0
    wave = instruments.oscillator_lead(np.random.default_rng(0), notes, 2 * SAMPLE_RATE)
    assert wave.shape == (2 * SAMPLE_RATE,)
    assert np.isfinite(wave).all()


def test_the_score_for_the_singer_has_every_beat_of_its_measures() -> None:
    notes = [composition.Note(0.5, 0.9, 69), composition.Note(1.3, 2.0, 70)]
    written = singing.score(np.random.default_rng(0), notes, 120, 2)
    measures = ET.fromstring(written).findall(".//measure")  # noqa: S314 (we wrote it)
    assert measures
    for measure in measures:
        assert sum(int(duration.text or 0) for duration in measure.iter("duration")) == 16
    first = measures[0].find(".//pitch/step")
    assert first is not None
    assert first.text == "G"


def test_syllables_are_cut_where_the_voice_sounds() -> None:
    pitch = np.concatenate([np.zeros(20), np.full(44, 200.0), np.zeros(10), np.full(3, 200.0)])
    assert voice_analysis.syllables(pitch) == [(6, 20, 42), (42, 42, 64)]


@pytest.mark.parametrize("formants", [1.0, 0.8])
def test_grains_sing_another_pitch_with_the_same_resonances(formants: float) -> None:
    seconds = 1.0
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    above, below = signal.iirpeak(1500, 8, SAMPLE_RATE)
    spoken = signal.lfilter(above, below, (np.diff(time * 200 % 1, prepend=0) < 0).astype(float))
    pitch = np.full(101, 200.0)
    found = granular.marks(spoken.astype(np.float32), pitch)
    assert np.median(np.diff(found.places)) == pytest.approx(SAMPLE_RATE / 200, abs=2)
    sung = granular.render(
        np.random.default_rng(0),
        spoken.astype(np.float32),
        found,
        source=np.linspace(20, 60, 101),
        pitch=np.full(101, 300.0),
        sounding=np.arange(101) < 80,
        formants=formants,
        samples=len(time),
    )
    assert not sung[int(0.85 * SAMPLE_RATE) :].any()
    spectrum = np.abs(np.fft.rfft(sung[: SAMPLE_RATE // 2] * np.hanning(SAMPLE_RATE // 2)))
    frequency = np.arange(len(spectrum)) * 2.0
    harmonic = spectrum[(frequency > 290) & (frequency < 310)].max()
    between = spectrum[(frequency > 180) & (frequency < 220)].max()
    assert harmonic > 5 * between
    strongest = frequency[spectrum.argmax()]
    assert strongest == pytest.approx(1500 * formants, abs=160)
