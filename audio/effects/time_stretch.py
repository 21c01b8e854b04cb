"""Time stretching and pitch shifting: a streaming phase vocoder for float32 ``[2, n]`` at 44,100 Hz.

Frames of 93 ms are read at the analysis position and added at the synthesis position. Each frame's phases advance from
those of the frame before by as much as the song's own phases advance within one hop. A spectral peak is rotated
together with its neighbourhood (identity phase locking: Laroche and Dolson, "Improved phase vocoder time-scale
modification of audio", 1999), and both channels alike, which keeps the stereo image.

Onsets would be smeared over a frame. So around each onset the song runs at its original speed, the rest between two
onsets makes up the difference, and the bins of the onset keep the original phases (Röbel, "A new approach to
transient processing in the phase vocoder", 2003). Waypoints are at most a second apart, so memory is bounded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.decoding.decode import Samples
from audio.effects.onsets import OnsetDetector
from audio.formats import STEREO_RATE

SIZE: Final = 4096
HOP: Final = SIZE // 4
_HALF: Final = SIZE // 2
_BINS: Final = _HALF + 1
_LONGEST: Final = STEREO_RATE  # samples between two waypoints
_SHARE: Final = 0.4  # of the way to the next waypoint that may run at the song's own speed
_BATCH: Final = 32  # frames transformed together
_RISE: Final = 4.0  # in power: such bins belong to an attack
_OVERLAP: Final = 1.5  # sum of the squared windows
_WINDOW: Final = np.hanning(SIZE + 1)[:-1].astype(np.float32)

Spectra = NDArray[np.complex64]
Places = NDArray[np.int64]


def time_stretch(chunks: Iterable[Samples], tempo: float, semitones: float) -> Iterator[Samples]:
    """Yield ``chunks`` at ``tempo`` (2 is twice as fast), ``semitones`` higher: ``round(n / tempo)`` of ``n`` samples.

    Pitch shifting is a stretch followed by resampling, so formants move with the pitch.
    """
    rate = round(STEREO_RATE * 2 ** (semitones / 12))
    if rate == STEREO_RATE and tempo == 1:
        yield from chunks
        return
    from audio.decoding.resample import StereoConverter  # noqa: PLC0415  # FFmpeg, which most of the time nobody needs

    vocoder, resampler = Vocoder(rate / STEREO_RATE / tempo), StereoConverter(rate)
    received = emitted = 0
    rest: list[Samples] = []
    for chunk in chunks:
        received += chunk.shape[1]
        for block in vocoder.push(chunk):
            for part in resampler.push(block.T, ("FL", "FR")):
                emitted += part.shape[1]
                yield part
    for block in vocoder.finish():
        rest += resampler.push(block.T, ("FL", "FR"))
    rest += resampler.finish()
    yield _fit_length(rest, round(received / tempo) - emitted)


def _fit_length(blocks: list[Samples], length: int) -> Samples:
    """Join ``blocks`` to exactly ``length`` samples; rounding twice may leave one too many or too few."""
    whole = np.zeros((2, max(length, 0)), np.float32)
    position = 0
    for block in blocks:
        part = block[:, : whole.shape[1] - position]
        whole[:, position : position + part.shape[1]] = part
        position += part.shape[1]
    return whole


@dataclass(frozen=True)
class _Waypoint:
    """Sample ``source`` of the song is sample ``target`` of the result.

    ``onset_bins``: the frequency bins of the onset there; ``None`` without one.
    """

    source: int
    target: int
    onset_bins: NDArray[np.bool_] | None = None


class Vocoder:
    """Make a stream ``factor`` times as long, 0.2 to 5, at the same pitch. Call ``push``, then ``finish`` once.

    The result has exactly ``round(n * factor)`` samples for ``n`` pushed.
    """

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._buffer: Samples = np.zeros((2, SIZE), np.float32)
        self._start = -SIZE  # where the buffer begins, in samples of the song
        self._received = 0
        self._onsets = OnsetDetector()
        self._pending: list[int] = []
        self._here = _Waypoint(0, 0, np.ones(_BINS, np.bool_))
        self._frame = -1  # the first one is heard with its second half only
        self._last: Spectra = np.zeros((2, _BINS), np.complex64)
        self._sum: Samples = np.zeros((2, SIZE), np.float32)
        self._emitted = -HOP - _HALF  # where the sum begins, in samples of the result

    def push(self, block: Samples) -> Iterator[Samples]:
        """Take ``[2, n]``; yield the ``[2, m]`` blocks that are ready."""
        self._received += block.shape[1]
        self._append(block)
        yield from self._synthesize()

    def finish(self) -> Iterator[Samples]:
        """Yield the rest."""
        length = round(self._received * self._factor)
        tail = SIZE + round(SIZE / self._factor)  # silence, in which the last frames end
        self._append(np.zeros((2, tail), np.float32))
        for block in self._synthesize(until=self._received + tail):
            wanted = block.shape[1] - max(0, self._emitted - length)
            if wanted > 0:
                yield block[:, :wanted]

    def _append(self, block: Samples) -> None:
        self._buffer = np.concatenate([self._buffer, block], axis=1)
        self._pending += self._onsets.push(block)

    def _synthesize(self, until: int | None = None) -> Iterator[Samples]:
        while (there := self._next_waypoint(until)) is not None:
            for sources, targets, onset_bins in _frames(self._here, there, self._frame):
                self._frame += len(targets)
                yield from self._overlap_add(sources, onset_bins)
            self._here = there
            needless = there.source - SIZE - self._start
            if needless > 0:
                self._buffer = self._buffer[:, needless:].copy()
                self._start += needless

    def _next_waypoint(self, until: int | None) -> _Waypoint | None:
        """Return the next onset, or a waypoint a second ahead; ``None`` until enough of the song has been pushed."""
        while self._pending and self._pending[0] <= self._here.source + HOP:
            self._pending.pop(0)
        far = self._here.source + _LONGEST
        is_attack = bool(self._pending) and self._pending[0] < far + SIZE
        if not is_attack and until is None and self._onsets.searched < far + SIZE:
            return None
        source = self._pending[0] if is_attack else far
        if self._start + self._buffer.shape[1] < source + SIZE:
            if until is None or until <= self._here.source:
                return None
            source, is_attack = until, False
        return _Waypoint(
            source, round(source * self._factor), self._onset_bins(source) if is_attack else None
        )

    def _onset_bins(self, source: int) -> NDArray[np.bool_]:
        """Return which bins have much more power in the frame after ``source`` than in the one before."""
        # The second is late enough to let a mere click through its window as well.
        places = np.array([source - _HALF, source + HOP])
        before, after = np.square(np.abs(self._spectra(places))).sum(axis=0)
        louder: NDArray[np.bool_] = after > _RISE * before
        return louder

    def _spectra(self, sources: Places) -> Spectra:
        """Return the spectra ``[2, frames, bins]`` of the frames around ``sources``; silence beyond the ends."""
        windows = sliding_window_view(self._buffer, SIZE, axis=1)
        places = np.clip(sources - _HALF - self._start, 0, windows.shape[1] - 1)
        return np.fft.rfft(windows[:, places] * _WINDOW).astype(np.complex64)

    def _overlap_add(self, sources: Places, onset_bins: NDArray[np.bool_] | None) -> Iterator[Samples]:
        for start in range(0, len(sources), _BATCH):
            part = sources[start : start + _BATCH]
            rotated = self._propagate_phases(self._spectra(part), self._spectra(part - HOP), onset_bins)
            frames = np.fft.irfft(rotated, SIZE).astype(np.float32) * (_WINDOW / np.float32(_OVERLAP))
            done = np.empty((2, len(part) * HOP), np.float32)
            for index in range(len(part)):
                self._sum += frames[:, index]
                done[:, index * HOP : (index + 1) * HOP] = self._sum[:, :HOP]
                self._sum[:, :-HOP] = self._sum[:, HOP:]
                self._sum[:, -HOP:] = 0
            before = max(0, -self._emitted)
            self._emitted += done.shape[1]
            if done.shape[1] > before:
                yield done[:, before:]

    def _propagate_phases(self, now: Spectra, back: Spectra, onset_bins: NDArray[np.bool_] | None) -> Spectra:
        """Return ``now`` with phases that continue the result; ``back`` is the song one hop before each frame."""
        power = np.square(np.abs(now)).sum(axis=0)
        is_peak = np.zeros(power.shape, np.bool_)
        middle = power[:, 2:-2]
        is_peak[:, 2:-2] = (
            (middle > power[:, 1:-3])
            & (middle > power[:, :-4])
            & (middle >= power[:, 3:-1])
            & (middle >= power[:, 4:])
        )
        rotated = np.empty_like(now)
        for index in range(now.shape[1]):
            rotations = (self._last * back[:, index].conj()).sum(axis=0)
            peaks = np.flatnonzero(is_peak[index])
            if len(peaks):
                own = rotations[peaks - 1] + rotations[peaks] + rotations[peaks + 1]
                sizes = np.abs(own)
                heard = sizes > 1e-20
                own = np.where(heard, own / np.where(heard, sizes, 1), 1)
                edges = np.concatenate([[0], (peaks[:-1] + peaks[1:] + 1) // 2, [_BINS]])
                rotation = np.repeat(own, np.diff(edges))
                if onset_bins is not None:
                    rotation[onset_bins] = 1
                np.multiply(now[:, index], rotation, out=rotated[:, index], casting="same_kind")
            else:
                rotated[:, index] = now[:, index]
            self._last = rotated[:, index]
        return rotated


def _frames(
    here: _Waypoint, there: _Waypoint, first: int
) -> Iterator[tuple[Places, Places, NDArray[np.bool_] | None]]:
    """Yield (source positions, target positions, onset bins) of the frames from number ``first`` to before ``there``.

    At most three parts: at the original speed after ``here``, stretched, at the original speed before ``there``.
    """
    targets = np.arange(first, -(-there.target // HOP), dtype=np.int64) * HOP
    room = int(_SHARE * min(there.source - here.source, there.target - here.target))
    after = here.target + min(_HALF, room) * (here.onset_bins is not None)
    before = there.target - min(_HALF, room) * (there.onset_bins is not None)
    near, far = here.source + after - here.target, there.source + before - there.target
    slope = (far - near) / max(before - after, 1)
    begin, end = np.searchsorted(targets, [after, before])
    for part, sources, onset_bins in (
        (targets[:begin], targets[:begin] - here.target + here.source, here.onset_bins),
        (targets[begin:end], near + np.rint((targets[begin:end] - after) * slope).astype(np.int64), None),
        (targets[end:], targets[end:] - there.target + there.source, there.onset_bins),
    ):
        if len(part):
            yield sources, part, onset_bins
