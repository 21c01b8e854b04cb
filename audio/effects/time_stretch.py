"""Longer or shorter, higher or lower: a phase vocoder for float32 ``[2, n]`` at 44,100 Hz, streaming.

Frames of 93 ms are taken from where the song is at that moment and put where they belong in the result. What keeps
tones whole is the phase: each frame is turned so that it goes on from the frame before, by as much as the song
itself goes on within one hop. A peak of the spectrum is turned together with what surrounds it (identity phase
locking: Laroche and Dolson, "Improved phase vocoder time-scale modification of audio", 1999), and both channels
alike, so the stereo image stays.

Attacks would be smeared over a frame. So around each one the song runs at its own speed, the rest between two of them
takes up the difference, and what the attack brings anew keeps the phases of the song itself (Röbel, "A new approach to
transient processing in the phase vocoder", 2003). In between nothing waits for more than a second: memory is bounded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.decoding.decode import Samples
from audio.effects.onsets import Attacks
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


def stretched(chunks: Iterable[Samples], tempo: float, semitones: float) -> Iterator[Samples]:
    """``chunks`` at ``tempo`` (2 is twice as fast), ``semitones`` higher: ``round(n / tempo)`` of ``n`` samples.

    A change of pitch is a stretch that resampling takes back. Voices change their colour with it.
    """
    rate = round(STEREO_RATE * 2 ** (semitones / 12))
    if rate == STEREO_RATE and tempo == 1:
        yield from chunks
        return
    from audio.decoding.resample import Stereo  # noqa: PLC0415  # FFmpeg, which most of the time nobody needs

    vocoder, resampler = Vocoder(rate / STEREO_RATE / tempo), Stereo(rate)
    taken = given = 0
    rest: list[Samples] = []
    for chunk in chunks:
        taken += chunk.shape[1]
        for block in vocoder.push(chunk):
            for part in resampler.push(block.T, ("FL", "FR")):
                given += part.shape[1]
                yield part
    for block in vocoder.finish():
        rest += resampler.push(block.T, ("FL", "FR"))
    rest += resampler.finish()
    yield _fitted(rest, round(taken / tempo) - given)


def _fitted(blocks: list[Samples], length: int) -> Samples:
    """``blocks`` as one of ``length`` samples; rounding twice may leave one too many or too few."""
    whole = np.zeros((2, max(length, 0)), np.float32)
    position = 0
    for block in blocks:
        part = block[:, : whole.shape[1] - position]
        whole[:, position : position + part.shape[1]] = part
        position += part.shape[1]
    return whole


@dataclass(frozen=True)
class _Waypoint:
    """Sample ``source`` of the song is sample ``target`` of the result. ``anew``: the bins that an attack there brings;
    None where there is none."""

    source: int
    target: int
    anew: NDArray[np.bool_] | None = None


class Vocoder:
    """Makes what is pushed ``factor`` times as long, 0.2 to 5; the pitch stays. Ends with ``finish``, once.

    The result has exactly ``round(n * factor)`` samples for ``n`` pushed.
    """

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._buffer: Samples = np.zeros((2, SIZE), np.float32)
        self._start = -SIZE  # where the buffer begins, in samples of the song
        self._taken = 0
        self._attacks = Attacks()
        self._found: list[int] = []
        self._here = _Waypoint(0, 0, np.ones(_BINS, np.bool_))
        self._frame = -1  # the first one is heard with its second half only
        self._last: Spectra = np.zeros((2, _BINS), np.complex64)
        self._sum: Samples = np.zeros((2, SIZE), np.float32)
        self._given = -HOP - _HALF  # where the sum begins, in samples of the result

    def push(self, block: Samples) -> Iterator[Samples]:
        """Take ``[2, n]``; some ``[2, m]`` that are done."""
        self._taken += block.shape[1]
        self._take(block)
        yield from self._go_on()

    def finish(self) -> Iterator[Samples]:
        """All that is left."""
        length = round(self._taken * self._factor)
        tail = SIZE + round(SIZE / self._factor)  # silence, in which the last frames end
        self._take(np.zeros((2, tail), np.float32))
        for block in self._go_on(until=self._taken + tail):
            wanted = block.shape[1] - max(0, self._given - length)
            if wanted > 0:
                yield block[:, :wanted]

    def _take(self, block: Samples) -> None:
        self._buffer = np.concatenate([self._buffer, block], axis=1)
        self._found += self._attacks.push(block)

    def _go_on(self, until: int | None = None) -> Iterator[Samples]:
        while (there := self._next(until)) is not None:
            for sources, targets, anew in _frames(self._here, there, self._frame):
                self._frame += len(targets)
                yield from self._put(sources, anew)
            self._here = there
            needless = there.source - SIZE - self._start
            if needless > 0:
                self._buffer = self._buffer[:, needless:].copy()
                self._start += needless

    def _next(self, until: int | None) -> _Waypoint | None:
        """The next attack, or a place on the way to a far one; None while too little of the song is there."""
        while self._found and self._found[0] <= self._here.source + HOP:
            self._found.pop(0)
        far = self._here.source + _LONGEST
        is_attack = bool(self._found) and self._found[0] < far + SIZE
        if not is_attack and until is None and self._attacks.searched < far + SIZE:
            return None
        source = self._found[0] if is_attack else far
        if self._start + self._buffer.shape[1] < source + SIZE:
            if until is None or until <= self._here.source:
                return None
            source, is_attack = until, False
        return _Waypoint(source, round(source * self._factor), self._anew(source) if is_attack else None)

    def _anew(self, source: int) -> NDArray[np.bool_]:
        """The bins with much more power in a frame that begins with ``source`` than in the one that ends there."""
        # The second is late enough to let a mere click through its window as well.
        places = np.array([source - _HALF, source + HOP])
        before, after = np.square(np.abs(self._spectra(places))).sum(axis=0)
        louder: NDArray[np.bool_] = after > _RISE * before
        return louder

    def _spectra(self, sources: Places) -> Spectra:
        """Of the frames around ``sources``: ``[2, frames, bins]``. Beyond the ends there is silence."""
        windows = sliding_window_view(self._buffer, SIZE, axis=1)
        places = np.clip(sources - _HALF - self._start, 0, windows.shape[1] - 1)
        return np.fft.rfft(windows[:, places] * _WINDOW).astype(np.complex64)

    def _put(self, sources: Places, anew: NDArray[np.bool_] | None) -> Iterator[Samples]:
        for start in range(0, len(sources), _BATCH):
            part = sources[start : start + _BATCH]
            turned = self._turned(self._spectra(part), self._spectra(part - HOP), anew)
            frames = np.fft.irfft(turned, SIZE).astype(np.float32) * (_WINDOW / np.float32(_OVERLAP))
            done = np.empty((2, len(part) * HOP), np.float32)
            for index in range(len(part)):
                self._sum += frames[:, index]
                done[:, index * HOP : (index + 1) * HOP] = self._sum[:, :HOP]
                self._sum[:, :-HOP] = self._sum[:, HOP:]
                self._sum[:, -HOP:] = 0
            before = max(0, -self._given)
            self._given += done.shape[1]
            if done.shape[1] > before:
                yield done[:, before:]

    def _turned(self, now: Spectra, back: Spectra, anew: NDArray[np.bool_] | None) -> Spectra:
        """``now`` with the phases that follow from the result so far; ``back`` is the song one hop before each."""
        power = np.square(np.abs(now)).sum(axis=0)
        is_peak = np.zeros(power.shape, np.bool_)
        middle = power[:, 2:-2]
        is_peak[:, 2:-2] = (
            (middle > power[:, 1:-3])
            & (middle > power[:, :-4])
            & (middle >= power[:, 3:-1])
            & (middle >= power[:, 4:])
        )
        turned = np.empty_like(now)
        for index in range(now.shape[1]):
            turns = (self._last * back[:, index].conj()).sum(axis=0)
            peaks = np.flatnonzero(is_peak[index])
            if len(peaks):
                own = turns[peaks - 1] + turns[peaks] + turns[peaks + 1]
                sizes = np.abs(own)
                heard = sizes > 1e-20
                own = np.where(heard, own / np.where(heard, sizes, 1), 1)
                edges = np.concatenate([[0], (peaks[:-1] + peaks[1:] + 1) // 2, [_BINS]])
                turn = np.repeat(own, np.diff(edges))
                if anew is not None:
                    turn[anew] = 1
                np.multiply(now[:, index], turn, out=turned[:, index], casting="same_kind")
            else:
                turned[:, index] = now[:, index]
            self._last = turned[:, index]
        return turned


def _frames(
    here: _Waypoint, there: _Waypoint, first: int
) -> Iterator[tuple[Places, Places, NDArray[np.bool_] | None]]:
    """Where the frames from number ``first`` to before ``there`` come from and go to, with the bins that an attack
    brings: three parts at most."""
    targets = np.arange(first, -(-there.target // HOP), dtype=np.int64) * HOP
    room = int(_SHARE * min(there.source - here.source, there.target - here.target))
    after = here.target + min(_HALF, room) * (here.anew is not None)
    before = there.target - min(_HALF, room) * (there.anew is not None)
    near, far = here.source + after - here.target, there.source + before - there.target
    slope = (far - near) / max(before - after, 1)
    begin, end = np.searchsorted(targets, [after, before])
    for part, sources, anew in (
        (targets[:begin], targets[:begin] - here.target + here.source, here.anew),
        (targets[begin:end], near + np.rint((targets[begin:end] - after) * slope).astype(np.int64), None),
        (targets[end:], targets[end:] - there.target + there.source, there.anew),
    ):
        if len(part):
            yield sources, part, anew
