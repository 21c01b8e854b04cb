"""Change tempo and pitch of the parts of a song, float32 ``[2, n]`` at 44,100 Hz.

All parts go through one stretcher, each with two channels, and get their gains and pans afterwards. Stretched one by
one, what leaks from one into another would not add up any more: up to 3 dB less of it was measured.

The library could transpose as well, but then low tones are up to 30 cents off. So a part is stretched by more or less,
and resampled. Formants move with the pitch.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil, sqrt
from typing import Final

import numpy as np

from audio.decoding.decode import Samples
from audio.effects.block_reader import BlockReader
from audio.effects.panning import level_matrix
from audio.effects.stretcher import HOP, Stretcher
from audio.formats import STEREO_RATE

SPEEDS: Final = (
    0.5,
    2.0,
)  # below, the library draws phases by chance, and tones swing; above, it misses attacks
# Each with its gain, or with a matrix of gains as ``panning`` has it.
Streams = Sequence[tuple[Iterable[Samples], float | Samples]]


def time_stretch(streams: Streams, tempo: float, semitones: float) -> Iterator[Samples]:
    """Yield the sum of ``streams``, each times its gain, at ``tempo`` (2 is twice as fast) and ``semitones`` higher.

    ``round(n / tempo)`` samples of ``n``, those of the longest.
    """
    rate = int(STEREO_RATE * 2 ** (semitones / 12) + 0.5)
    speed = tempo * STEREO_RATE / rate
    together = _Together(streams)
    stretched = _stretch(together.read, 2 * len(streams), speed)
    mixed = _until_end(stretched, together, speed)
    yield from _fit_length(_resample(mixed, rate), together, tempo)


class _Together:
    """Read several streams side by side, ``[2 * streams, n]``, with silence after the end of each."""

    def __init__(self, streams: Streams) -> None:
        self._readers = [BlockReader(stream) for stream, _level in streams]
        self._matrix: Samples = np.concatenate([level_matrix(level) for _stream, level in streams], axis=1)

    @property
    def is_finished(self) -> bool:
        return all(reader.is_finished for reader in self._readers)

    @property
    def length(self) -> int:
        """Samples of the longest stream that have been read."""
        return max(reader.length for reader in self._readers)

    def read(self, count: int) -> Samples:
        samples = np.zeros((2 * len(self._readers), count), np.float32)
        for index, reader in enumerate(self._readers):
            block = reader.read(count)
            samples[2 * index : 2 * index + 2, : block.shape[1]] = block
        return samples

    def mix(self, samples: Samples) -> Samples:
        """Return the sum of the streams in ``samples``, ``[2, n]``, each times its gain."""
        mixed: Samples = self._matrix @ samples
        return mixed


def _stretch(read: Callable[[int], Samples], channels: int, speed: float) -> Iterator[Samples]:
    """Yield ``HOP`` samples at a time, without end."""
    if speed == 1:
        while True:
            yield read(HOP)
    if not SPEEDS[0] <= speed <= SPEEDS[1]:
        speed = sqrt(speed)
        read = BlockReader(_stretch(read, channels, speed), channels).read
    stretcher = Stretcher(channels, speed)
    stretcher.begin(read)
    while True:
        yield stretcher.advance(read)


def _until_end(hops: Iterator[Samples], together: _Together, speed: float) -> Iterator[Samples]:
    """Yield the mix of ``hops`` up to the end of the song, and a little more, for the resampler to look at.

    The stretcher reads ahead, so the length is known before its end is heard.
    """
    emitted = 0
    while not (together.is_finished and emitted >= ceil(together.length / speed) + HOP):
        yield together.mix(next(hops))
        emitted += HOP


def _resample(blocks: Iterator[Samples], rate: int) -> Iterator[Samples]:
    if rate == STEREO_RATE:
        yield from blocks
        return
    from audio.decoding.resample import StereoConverter  # noqa: PLC0415  # FFmpeg, which most of the time nobody needs

    converter = StereoConverter(rate)
    for block in blocks:
        yield from converter.push(block.T, ("FL", "FR"))
    yield from converter.finish()


def _fit_length(blocks: Iterator[Samples], together: _Together, tempo: float) -> Iterator[Samples]:
    emitted = 0
    for block in blocks:
        left = round(together.length / tempo) - emitted if together.is_finished else block.shape[1]
        if left <= 0:
            return
        emitted += min(left, block.shape[1])
        yield block[:, :left]
