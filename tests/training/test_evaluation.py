"""Judging weights through the project's engine, and packing them for it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from separation.engines import modelspec
from separation.engines.spleeter import weights
from training import evaluate, export, weightfile
from training.data import pool, sets
from training.data.pool import SAMPLE_RATE


def test_the_ratio_is_that_of_energies() -> None:
    signal = np.random.default_rng(0).normal(0, 0.1, (2, 10_000)).astype(np.float32)
    assert evaluate.ratio(signal, signal * 0.9) == pytest.approx(20, abs=0.01)
    assert evaluate.level(signal * 0.1, signal) == pytest.approx(-20, abs=0.01)


def test_mixtures_are_made_of_a_band_and_a_singer(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("Drums", "bassguitar", "horns", "organ"):
        soundfile.write(tmp_path / f"{name}.wav", rng.normal(0, 0.1, 30 * SAMPLE_RATE), SAMPLE_RATE)
    band = sets.load_band(tmp_path)
    singer = rng.normal(0, 0.1, (2, 5 * SAMPLE_RATE)).astype(np.float32)
    mixtures = list(sets.semi_real(band, {"singer": singer}, starts=(2,)))
    assert len(mixtures) == 6
    for mixture in mixtures:
        assert mixture.sung
        assert np.abs(mixture.mix).max() <= 0.96
        assert all(np.any(stem) for stem in mixture.stems)
    assert np.array_equal(mixtures[-1].stems[:, 0], mixtures[-1].stems[:, 1])
    assert not any(mixture.sung for mixture in sets.instrumentals(band, {"tune": singer}, starts=(2,)))


def test_solos_are_judged_by_their_family(tmp_path: Path) -> None:
    stems = np.zeros((4, SAMPLE_RATE, 2), dtype=np.float32)
    stems[3] = 0.1
    pool.write(tmp_path, "solo-trumpet", stems, {"voice": "none", "complete": False, "group": "brass"})
    pool.write(tmp_path, "song-1", stems, {"voice": "none"})
    assert [(each.group, each.complete) for each in sets.synthetic(tmp_path)] == [
        ("brass", False),
        ("synthetic instrumental", True),
    ]


@pytest.mark.parametrize("stem_count", [2, 4])
def test_packed_weights_run_in_the_engine(tmp_path: Path, stem_count: int) -> None:
    spec = modelspec.get(f"compact:{stem_count}stems")
    bundled = dict(weights.load(spec, tmp_path))
    path = export.pack(bundled, spec, tmp_path)
    arrays = weightfile.read(path)
    assert weightfile.spec_of(stem_count, arrays) == spec
    assert all(np.array_equal(arrays[name], bundled[name]) for name in bundled)
    tone = np.sin(np.arange(2 * SAMPLE_RATE) / 15, dtype=np.float32) * 0.2
    stems = np.zeros((4, 2, len(tone)), dtype=np.float32)
    stems[3] = tone
    mixtures = [sets.Mixture("instrumental", "tone", stems), sets.Mixture("sung", "tone", stems[::-1].copy())]
    figures = evaluate.judge(mixtures, {"packed": evaluate.load(stem_count, path, 1)})
    assert {what for _, what in figures["packed"].values} >= {"leak", "vocals"}
    assert "| instrumental | leak | 1 |" in evaluate.table(figures)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    spec = modelspec.get("compact:2stems")
    arrays = dict(weights.load(spec, tmp_path))
    with pytest.raises(ValueError, match="not the arrays"):
        export.half({**arrays, "more": arrays["vocals/mask/bias"]}, spec)
    with pytest.raises(ValueError, match="does not fit"):
        export.half({**arrays, "vocals/mask/bias": np.full(2, 7e4, np.float32)}, spec)
