"""Transforms of real signals: what NumPy computes in float64, in float32."""

from threading import Thread

import numpy as np
import pytest

from separation.engines.real_fft import irfft, rfft

WAVES = np.random.default_rng(0).standard_normal((5, 2, 4096)).astype(np.float32)


@pytest.mark.parametrize("shape", [(5, 2, 4096), (2, 4096), (1, 2, 512)])
def test_there_and_back(shape: tuple[int, ...]) -> None:
    waves = WAVES.ravel()[: np.prod(shape)].reshape(shape)
    spectra = rfft(waves)
    assert spectra.dtype == np.complex64
    np.testing.assert_allclose(spectra, np.fft.rfft(waves), rtol=0, atol=1e-4)
    back = irfft(spectra.copy(), shape[-1])
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, waves, rtol=0, atol=2e-6)


def test_missing_frequencies_and_imaginary_ends_count_as_zero() -> None:
    spectra = np.fft.rfft(WAVES).astype(np.complex64)
    spectra[..., 0] += 3j
    for given in (spectra[..., :-1], spectra[..., :1000], spectra[..., :-1]):
        expected = np.fft.irfft(given, 4096)
        np.testing.assert_allclose(irfft(given, 4096), expected, rtol=0, atol=2e-6)


def test_threads_share_no_arrays() -> None:
    first = rfft(WAVES)
    kept = first.copy()
    thread = Thread(target=rfft, args=(WAVES * 2,))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(first, kept)
