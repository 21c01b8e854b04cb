"""Fourier transforms of real signals in float32, by FFTW.

NumPy 1.24 transforms in float64 only, which takes three to five times as long, and SciPy is 150 MB for this one
function.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Waves = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class _Plan:
    source: npt.NDArray[Any]
    run: Callable[[], npt.NDArray[Any]]


class _Plans(threading.local):
    """Plans of one thread, by shape: a plan has arrays of its own, which two threads must not share."""

    def __init__(self) -> None:
        self.by_shape: dict[tuple[object, ...], _Plan] = {}


_plans = _Plans()


def rfft(waves: Waves) -> Spectra:
    """Return the spectra [..., n / 2 + 1] of `waves` [..., n]; valid until this thread calls again."""
    plan = _plan("FFTW_FORWARD", waves.shape, waves.shape[-1])
    plan.source[...] = waves
    return plan.run()


def irfft(spectra: Spectra, length: int) -> Waves:
    """Return the waves [..., length] of `spectra`, whose missing high frequencies are zero.

    `length` is even. The imaginary parts of the lowest and the highest frequency are ignored. Valid until this thread
    calls again.
    """
    plan = _plan("FFTW_BACKWARD", spectra.shape, length)
    bins = spectra.shape[-1]
    plan.source[..., :bins] = spectra
    plan.source[..., bins:] = 0
    plan.source.imag[..., 0] = plan.source.imag[..., -1] = 0
    return plan.run()


def _plan(direction: str, shape: tuple[int, ...], length: int) -> _Plan:
    key = (direction, shape, length)
    if key not in _plans.by_shape:
        import pyfftw  # noqa: PLC0415 (only the separator has it)

        waves = pyfftw.empty_aligned((*shape[:-1], length), dtype=np.float32)
        spectra = pyfftw.empty_aligned((*shape[:-1], length // 2 + 1), dtype=np.complex64)
        source, result = (waves, spectra) if direction == "FFTW_FORWARD" else (spectra, waves)
        # An estimate, since measuring takes seconds and may choose another algorithm, that rounds otherwise, next time.
        run = pyfftw.FFTW(source, result, direction=direction, flags=("FFTW_ESTIMATE", "FFTW_DESTROY_INPUT"))
        _plans.by_shape[key] = _Plan(source, run)
    return _plans.by_shape[key]
