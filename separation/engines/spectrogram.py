"""Short-time Fourier transform, for networks that leave the transform to their host.

As ``torch.stft`` does it by default: frame 0 is centred at the first sample, frame k `hop` samples times k later,
as long as the centre is within the sound or just behind it. What the first and last frames reach beyond the ends
mirrors the sound there.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from separation.engines.real_fft import irfft, rfft

Audio = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]
Weighting: TypeAlias = Literal["hann", "rectangular"]

_BLOCK = 16
"""Frames that are transformed at once, so that they fit the processor's cache."""
_NEGLIGIBLE = 1e-8


@dataclass(frozen=True)
class Stft:
    """Spectra are [frames, channels, bins]; sounds [channels, samples], padded ones half a frame longer at each end."""

    frame_length: int
    hop: int
    weighting: Weighting = "hann"

    @property
    def bins(self) -> int:
        """Return the number of frequencies, from 0 to half the sample rate."""
        return self.frame_length // 2 + 1

    @property
    def reach(self) -> int:
        """Return how many frames after a frame share samples with it."""
        return -(-self.frame_length // self.hop) - 1

    @cached_property
    def window(self) -> Audio:
        """Return the weights of a frame's samples, [frame_length]: a periodic Hann window, or ones."""
        if self.weighting == "rectangular":
            return np.ones(self.frame_length, dtype=np.float32)
        angle = 2 * np.pi * np.arange(self.frame_length) / self.frame_length
        return np.asarray(0.5 - 0.5 * np.cos(angle), dtype=np.float32)

    def frames(self, samples: int) -> int:
        """Return the number of frames of so many samples."""
        return samples // self.hop + 1

    def pad(self, sound: Audio) -> Audio:
        """Return `sound` with its mirror images at both ends."""
        half = self.frame_length // 2
        return np.pad(sound, ((0, 0), (half, half)), mode="reflect")

    def analyse(self, padded: Audio, frames: range) -> Spectrum:
        """Return the spectra of `frames` of a padded sound."""
        views = np.lib.stride_tricks.sliding_window_view(padded, self.frame_length, axis=1)
        views = views[:, frames.start * self.hop :: self.hop][:, : len(frames)].transpose(1, 0, 2)
        result = np.empty((*views.shape[:2], self.bins), dtype=np.complex64)
        for start in range(0, len(frames), _BLOCK):
            block = slice(start, start + _BLOCK)
            result[block] = rfft(views[block] * self.window)
        return result

    def add(self, spectra: Spectrum, frames: range, sound: Audio) -> None:
        """Transform `spectra` of `frames` back and add them, windowed, to `sound`, which is not padded."""
        for start in range(0, len(frames), _BLOCK):
            waves = irfft(spectra[start : start + _BLOCK], self.frame_length)
            waves *= self.window
            for frame, wave in enumerate(waves, frames.start + start):
                begin = frame * self.hop - self.frame_length // 2
                skipped = max(0, -begin)
                part = sound[:, begin + skipped : begin + self.frame_length]
                part += wave[:, skipped : skipped + part.shape[1]]

    def gain(self, samples: int, frames: range) -> Audio:
        """Return by how much analysing and adding `frames` amplifies each of so many samples; 1 where none lies.

        The frames may lie outside of the samples.
        """
        squares = np.square(self.window, dtype=np.float64)
        total = np.zeros(samples)
        for frame in frames:
            begin = frame * self.hop - self.frame_length // 2
            skipped = max(0, -begin)
            part = total[begin + skipped : max(0, begin + self.frame_length)]
            part += squares[skipped : skipped + len(part)]
        total[total < _NEGLIGIBLE] = 1
        return total.astype(np.float32)
