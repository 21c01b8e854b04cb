"""The Wiener filter behind Open-Unmix's networks; that it is the original's, ``test_reference`` tells."""

import numpy as np
import pytest

from separation.engines.openunmix.wiener import filter_estimates
from separation.engines.spectrogram import Spectrum


def noise(*shape: int, seed: int) -> Spectrum:
    generator = np.random.default_rng(seed)
    return (generator.normal(0, 1, shape) + 1j * generator.normal(0, 1, shape)).astype(np.complex64)


def directions() -> tuple[Spectrum, Spectrum]:
    """A mixture of two sources from different directions, and the sources, [2, frames, 2, bins]."""
    sources = [
        noise(50, 1, 8, seed=seed) * np.array([gains]).T for seed, gains in enumerate([(1, 0.2), (0.3, 1)])
    ]
    return (sources[0] + sources[1]).astype(np.complex64), np.stack(sources).astype(np.complex64)


def test_what_the_networks_confuse_is_told_apart_by_direction() -> None:
    mixture, sources = directions()
    estimates = np.ascontiguousarray(0.8 * sources + 0.2 * sources[::-1]).astype(np.complex64)
    before = np.abs(estimates - sources).mean()
    filter_estimates(mixture, estimates, 2)
    assert np.abs(estimates - sources).mean() < 0.7 * before


def test_stems_add_up_to_the_mixture() -> None:
    mixture, sources = directions()
    filter_estimates(mixture, sources, 1)
    np.testing.assert_allclose(sources.sum(axis=0), mixture, rtol=0, atol=1e-3)


@pytest.mark.parametrize("level", [0, 1e-20, 1e9])
def test_silence_and_absurd_levels_stay_numbers(level: float) -> None:
    mixture = (level * noise(10, 2, 8, seed=3)).astype(np.complex64)
    estimates = np.stack([mixture, np.zeros_like(mixture)])
    filter_estimates(mixture, estimates, 2)
    assert np.isfinite(estimates).all()


def test_no_step_changes_nothing() -> None:
    mixture, sources = directions()
    given = sources.copy()
    filter_estimates(mixture, given, 0)
    np.testing.assert_array_equal(given, sources)
