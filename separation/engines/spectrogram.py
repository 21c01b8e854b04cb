"""Short-time Fourier transform with a Hann window, for networks that leave the transform to their host.

Frame 0 is centred at the first sample of the song, and what the first and last frames reach beyond the song is
reflected, as ``torch.stft`` does it. A chunk therefore begins half a frame before its first frame's centre.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

Audio = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]

_BLOCK = 16
"""Frames that are transformed at once, so that they fit the processor's cache."""


@dataclass(frozen=True, slots=True)
class Transform:
    """Frames of `frame_length` samples, `hop` apart; `hop` divides the frame at least in four."""

    frame_length: int
    hop: int

    @property
    def bins(self) -> int:
        """Return the frequencies of a frame."""
        return self.frame_length // 2 + 1

    @property
    def window(self) -> Audio:
        """Return the periodic Hann window [frame_length]."""
        angle = 2 * np.pi * np.arange(self.frame_length) / self.frame_length
        return np.asarray(0.5 - 0.5 * np.cos(angle), dtype=np.float32)

    def length(self, frames: int) -> int:
        """Return the samples that so many frames cover."""
        return (frames - 1) * self.hop + self.frame_length


def song_frames(transform: Transform, samples: int, song: slice) -> range:
    """Return those frames of a chunk of so many `samples` that the whole song has, too.

    `song` tells which samples belong to the song: it begins after 0 only in the song's first chunk, and ends
    before `samples` only in its last.
    """
    half, hop = transform.frame_length // 2, transform.hop
    fitting = (samples - transform.frame_length) // hop + 1
    first = max(0, song.start - half) // hop
    return range(first, max(first, min(fitting, (song.stop - half) // hop + 1)))


def reflect_ends(transform: Transform, chunk: Audio, song: slice) -> None:
    """Write into `chunk` [2, n], on either side of the song's samples, the half frame that mirrors them."""
    half, length = transform.frame_length // 2, chunk.shape[1]
    before, after = min(half, song.start), min(half, length - song.stop)
    first = chunk[:, song.start : min(song.stop, song.start + half + 1)]
    last = chunk[:, max(song.start, song.stop - half - 1) : song.stop]
    if before:
        chunk[:, song.start - before : song.start] = _mirrored(first[:, ::-1], before)[:, ::-1]
    if after:
        chunk[:, song.stop : song.stop + after] = _mirrored(last, after)


def _mirrored(samples: Audio, count: int) -> Audio:
    """Return what follows `samples` when the last one is the mirror."""
    return np.pad(samples, ((0, 0), (0, count)), mode="reflect")[:, samples.shape[1] :]


class Analysis:
    """Turns chunks into spectra [frames, 2, bins] and back."""

    def __init__(self, transform: Transform) -> None:
        self.transform = transform
        self._window = transform.window
        self._squares = np.square(self._window.astype(np.float64))

    def spectra(self, chunk: Audio, frames: range) -> Spectrum:
        """Return the spectra of `frames` of `chunk` [2, n]."""
        transform = self.transform
        framed = np.lib.stride_tricks.sliding_window_view(chunk, transform.frame_length, axis=1)
        framed = framed[:, frames.start * transform.hop :: transform.hop][:, : len(frames)].transpose(1, 0, 2)
        result = np.empty((len(frames), 2, transform.bins), dtype=np.complex64)
        for start in range(0, len(frames), _BLOCK):
            block = slice(start, start + _BLOCK)
            result[block] = scipy.fft.rfft(framed[block] * self._window)
        return result

    def overlap_add(self, spectra: Spectrum, frames: range, samples: Audio) -> None:
        """Transform `spectra` back and add them to `samples` [2, n] where `frames` lie."""
        hop, length = self.transform.hop, self.transform.frame_length
        for start in range(0, len(frames), _BLOCK):
            waves = scipy.fft.irfft(spectra[start : start + _BLOCK], length)
            waves *= self._window
            for frame, wave in enumerate(waves, frames.start + start):
                samples[:, frame * hop : frame * hop + length] += wave

    def window_sum(self, samples: int, frames: range, *, starts: bool, ends: bool) -> npt.NDArray[np.float32]:
        """Return by how much `overlap_add` amplifies each of so many `samples`, neighbouring chunks included.

        `starts` and `ends` tell whether the song has no frame before, or after, `frames`.
        """
        hop, length = self.transform.hop, self.transform.frame_length
        reach = -(-length // hop) - 1
        total = np.zeros(samples + 2 * length)
        first = frames.start if starts else -reach
        last = frames.stop if ends else (samples - 1) // hop + 1
        for frame in range(first, last):
            total[length + frame * hop : 2 * length + frame * hop] += self._squares
        inside = total[length : length + samples]
        inside[inside < _FAINT] = 1  # no frame there
        return inside.astype(np.float32)


_FAINT = 1e-8
