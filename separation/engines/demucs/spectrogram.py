"""The spectrograms of Demucs, and back: frames of a Hann window, a quarter of it apart, scaled to keep the energy.

The signal is mirrored at its ends as far as frames reach beyond it. The middle of frame ``t`` is sample
``(t + 1/2) * hop``; the highest frequency (Nyquist's) is left out.
"""

import numpy as np
import numpy.typing as npt

from separation.engines.real_fft import irfft, rfft

Audio = npt.NDArray[np.float32]
Spectrogram = npt.NDArray[np.complex64]

_BLOCK = 16
"""Frames that are transformed at once, so that they stay in the processor's cache."""
_FRAMES_BEYOND = 2
"""Frames at each end that the original computes beyond those that the network sees; their spectra count as zero."""


class Transform:
    """Short-time Fourier transform with frames of `length` samples of signals of `samples`."""

    def __init__(self, length: int, samples: int) -> None:
        self._length = length
        self._hop = length // 4
        self._samples = samples
        self.frames = -(-samples // self._hop)
        """Frames of the spectrogram."""
        window = np.hanning(length + 1)[:-1]
        self._window = (window / np.sqrt(length)).astype(np.float32)
        self._synthesis = (window * np.sqrt(length)).astype(np.float32)
        # What overlapping windows add up to, squared, at each sample of the output.
        total = np.zeros((self.frames + 2 * _FRAMES_BEYOND + 4, self._hop))
        for quarter, part in enumerate(np.square(window).reshape(4, self._hop)):
            total[quarter : quarter + self.frames + 2 * _FRAMES_BEYOND] += part
        self._scale = (1 / total.ravel()[self._inside()]).astype(np.float32)

    def _inside(self) -> slice:
        """Return where the signal lies among all samples that all frames cover."""
        begin = self._length // 2 + self._hop * 3 // 2
        return slice(begin, begin + self._samples)

    def forward(self, signal: Audio) -> Spectrogram:
        """Return the spectrogram [frames, channels, frequencies] of `signal` [channels, samples]."""
        before = self._hop * 3 // 2
        missing = self.frames * self._hop - self._samples
        padded = _mirrored(signal, before, before + missing)
        channels = len(padded)
        padded = np.ascontiguousarray(padded)
        strides = (self._hop * padded.itemsize, padded.strides[0], padded.itemsize)
        shape = (self.frames, channels, self._length)
        framed = np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)
        spectrogram = np.empty((self.frames, channels, self._length // 2), dtype=np.complex64)
        for start in range(0, self.frames, _BLOCK):
            block = slice(start, start + _BLOCK)
            spectrogram[block] = rfft(framed[block] * self._window)[..., :-1]
        return spectrogram

    def backward(self, spectrogram: Spectrogram) -> Audio:
        """Return the signal [channels, samples] of `spectrogram` [frames, channels, frequencies]."""
        channels = spectrogram.shape[1]
        output = np.zeros((channels, self.frames + 2 * _FRAMES_BEYOND + 4, self._hop), dtype=np.float32)
        for start in range(0, self.frames, _BLOCK):
            frames = irfft(spectrogram[start : start + _BLOCK], self._length) * self._synthesis
            parts = frames.reshape(len(frames), channels, 4, self._hop).transpose(1, 2, 0, 3)
            begin = start + _FRAMES_BEYOND
            for quarter in range(4):
                output[:, begin + quarter : begin + quarter + len(frames)] += parts[:, quarter]
        return output.reshape(channels, -1)[:, self._inside()] * self._scale


def _mirrored(signal: Audio, before: int, after: int) -> Audio:
    """Return `signal` with its mirror images at both ends; a very short one is extended by zeros first."""
    missing = max(before, after) - signal.shape[1] + 1
    if missing > 0:
        right = min(after, missing)
        signal = np.pad(signal, ((0, 0), (missing - right, right)))
        before, after = before - (missing - right), after - right
    return np.pad(signal, ((0, 0), (before, after)), mode="reflect")
