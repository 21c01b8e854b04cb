"""The spectrograms of Demucs."""

import numpy as np
import pytest

from separation.engines.demucs.spectrogram import Transform

LENGTH, HOP = 256, 64


def noise(samples: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(samples).normal(0, 0.3, (2, samples)).astype(np.float32)


def window() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(LENGTH) / LENGTH))


@pytest.mark.parametrize("samples", [1000, 1024])
def test_frames_are_windowed_around_their_middle(samples: int) -> None:
    signal = noise(samples)
    spectrogram = Transform(LENGTH, samples).forward(signal)
    assert spectrogram.shape == (16, 2, LENGTH // 2)
    begin = 8 * HOP - HOP * 3 // 2
    expected = np.fft.rfft(signal[:, begin : begin + LENGTH] * window())[:, :-1] / np.sqrt(LENGTH)
    np.testing.assert_allclose(spectrogram[8], expected, atol=1e-5)


def test_ends_are_mirrored() -> None:
    signal = noise(1024)
    before = HOP * 3 // 2
    mirrored = np.concatenate([signal[:, before:0:-1], signal], axis=1)[:, :LENGTH]
    expected = np.fft.rfft(mirrored * window())[:, :-1] / np.sqrt(LENGTH)
    np.testing.assert_allclose(Transform(LENGTH, 1024).forward(signal)[0], expected, atol=1e-5)


def test_back_again_is_the_same_away_from_the_ends() -> None:
    samples = 3000
    signal = np.sin(np.arange(samples) * [[0.03], [0.5]]).astype(np.float32)
    transform = Transform(LENGTH, samples)
    again = transform.backward(transform.forward(signal))
    assert again.shape == signal.shape
    inner = slice(2 * LENGTH, -2 * LENGTH)
    np.testing.assert_allclose(again[:, inner], signal[:, inner], atol=1e-5)


def test_the_shortest_signal_has_one_frame() -> None:
    transform = Transform(LENGTH, 1)
    spectrogram = transform.forward(noise(1))
    assert spectrogram.shape == (1, 2, LENGTH // 2)
    assert np.isfinite(transform.backward(spectrogram)).all()
