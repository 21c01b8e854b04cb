"""The multichannel Wiener filter that Open-Unmix applies to its networks' estimates.

Each stem is modelled as a Gaussian process with a power for every frame and bin and a spatial covariance for
every bin; expectation-maximisation alternates between estimating these and filtering the mixture by them.
Nugraha, Liutkus, Vincent: "Multichannel music separation with deep neural networks", EUSIPCO 2016.

The covariance matrices of a centred sound are nearly singular. They are therefore added up and inverted in
float64, where the original, in float32, returns noise for them.
"""

import numpy as np
import numpy.typing as npt

from separation.engines.spectrogram import Spectrum

Reals = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

_EPSILON = 1e-10
_LOUDEST = 10.0
"""The mixture is scaled down so that no magnitude is above this."""
_BLOCK = 4
"""Frames that are filtered at once, so that they fit the processor's cache."""


def filter_estimates(mixture: Spectrum, estimates: Spectrum, iterations: int) -> None:
    """Replace `estimates` [stems, frames, 2, bins] of `mixture` [frames, 2, bins] by what the filter makes of them."""
    if iterations == 0:
        return
    scale = max(1.0, float(np.abs(mixture).max()) / _LOUDEST)
    for _ in range(iterations):
        covariances = [_covariance(estimate, scale) for estimate in estimates]
        for start in range(0, len(mixture), _BLOCK):
            block = slice(start, start + _BLOCK)
            _apply(mixture[block], estimates[:, block], covariances, scale)


class _Covariance:
    """A Hermitian matrix for each bin: [bins] of its left and right power, and of what they have in common."""

    def __init__(self, left: Reals, right: Reals, cross: Complexes) -> None:
        self.left, self.right, self.cross = left, right, cross


def _covariance(estimate: Spectrum, scale: float) -> _Covariance:
    left = np.zeros(estimate.shape[2])
    right = np.zeros(estimate.shape[2])
    cross = np.zeros(estimate.shape[2], dtype=np.complex128)
    for start in range(0, len(estimate), _BLOCK):
        block = estimate[start : start + _BLOCK]
        left += _power(block[:, 0]).sum(axis=0)
        right += _power(block[:, 1]).sum(axis=0)
        cross += (block[:, 0] * block[:, 1].conj()).sum(axis=0, dtype=np.complex128)
    # The weights that the original divides by are the sums of the mean power of both channels.
    total = (left + right) / 2 + _EPSILON * scale**2
    return _Covariance(left / total, right / total, cross / total)


def _power(spectrum: npt.NDArray[np.complex64]) -> Reals:
    power: Reals = np.square(spectrum.real, dtype=np.float64) + np.square(spectrum.imag, dtype=np.float64)
    return power


def _apply(mixture: Spectrum, estimates: Spectrum, covariances: list[_Covariance], scale: float) -> None:
    powers = [(_power(estimate[:, 0]) + _power(estimate[:, 1])) * (0.5 / scale**2) for estimate in estimates]
    left = np.full(powers[0].shape, np.sqrt(_EPSILON))
    right = left.copy()
    cross = np.zeros(powers[0].shape, dtype=np.complex128)
    for power, covariance in zip(powers, covariances, strict=True):
        left += power * covariance.left
        right += power * covariance.right
        cross += power * covariance.cross
    determinant = left * right - _squared(cross)
    # The mixture, whitened: the inverse of its modelled covariance times the mixture.
    first = (right * mixture[:, 0] - cross * mixture[:, 1]) / determinant
    second = (left * mixture[:, 1] - cross.conj() * mixture[:, 0]) / determinant
    for estimate, power, covariance in zip(estimates, powers, covariances, strict=True):
        estimate[:, 0] = power * (covariance.left * first + covariance.cross * second)
        estimate[:, 1] = power * (covariance.cross.conj() * first + covariance.right * second)


def _squared(values: Complexes) -> Reals:
    power: Reals = np.square(values.real) + np.square(values.imag)
    return power
