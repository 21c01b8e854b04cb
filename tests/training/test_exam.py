"""The exam's instruments sound as they should, and training knows nothing of them."""

import subprocess
import sys

import numpy as np
import pytest

from training.exam import solos, waveguides
from training.synthesis import sampler
from training.synthesis.modelled import families

_MODELS = (waveguides.lips, waveguides.clarinet, waveguides.saxophone, waveguides.flute, waveguides.bow)


@pytest.mark.parametrize("model", _MODELS, ids=lambda model: model.__name__)
def test_waveguide_sounds_at_its_pitch_and_stops(model: waveguides.Model) -> None:
    size = 44_100
    loudness = np.where(np.arange(size) < 0.7 * size, 0.6, 0.0)
    sound = waveguides.play(np.random.default_rng(0), model, np.full(size, 523.25), loudness)
    heard = sound[size // 4 : size // 2].astype(np.float32)
    assert sampler.pitch_of(heard) == pytest.approx(72, abs=0.5)
    assert np.abs(sound[int(0.95 * size) :]).max() < 0.1 * np.abs(heard).max()


def test_every_family_that_training_computes_is_examined() -> None:
    assert set(solos.FAMILIES) == set(families.FAMILIES)


def test_exam_is_instruments_alone_and_always_the_same() -> None:
    first, again = (list(solos.solos(seconds=1.5)) for _ in range(2))
    assert len(first) == len(solos.BENDING) + len(solos.STRUCK)
    for mixture, same in zip(first, again, strict=True):
        assert not mixture.sung
        assert np.sqrt(np.mean(mixture.mix**2)) > 0.02
        assert np.array_equal(mixture.stems, same.stems)


def test_songs_to_train_on_are_made_without_the_exam() -> None:
    script = (
        "import sys, training.generate, training.synthesis.modelled.families\n"
        "sys.exit(any(name.startswith('training.exam') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
