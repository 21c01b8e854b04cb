"""Convert decoded audio of any type, rate and layout to float32 stereo at 44,100 Hz."""

import itertools
from fractions import Fraction
from typing import Any

import av
import av.filter
import numpy as np
from numpy.typing import NDArray

from audio.formats import STEREO_RATE

Samples = NDArray[np.float32]

MAX_AMPLITUDE = 16.0  # +24 dBFS; more than that is no sound but a mistake or an attack
_MINUS_3_DB = 0.70710678
_LEFT = {
    "FL": 1.0,
    "FC": _MINUS_3_DB,
    "SL": _MINUS_3_DB,
    "BL": _MINUS_3_DB,
    "FLC": _MINUS_3_DB,
    "BC": 0.5,
    "TFL": _MINUS_3_DB,
    "DL": 1.0,
}
_RIGHT = {
    "FR": 1.0,
    "FC": _MINUS_3_DB,
    "SR": _MINUS_3_DB,
    "BR": _MINUS_3_DB,
    "FRC": _MINUS_3_DB,
    "BC": 0.5,
    "TFR": _MINUS_3_DB,
    "DR": 1.0,
}
_LEFT_OUT = {"LFE", "LFE2"}
# The order of channels in files without a layout, as in FLAC (RFC 9639, section 9.1.3) and most WAV files.
_DEFAULT_LAYOUTS = {
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}


def as_float(samples: NDArray[Any]) -> Samples:
    """Convert any PCM type to float32 with full scale 1.0."""
    if samples.dtype == np.int16:
        return samples * np.float32(1 / 32768)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) * np.float32(1 / 128)
    if samples.dtype == np.int32:
        return samples.astype(np.float32) * np.float32(1 / 2147483648)
    with np.errstate(over="ignore", invalid="ignore"):
        return samples.astype(np.float32, copy=False)


def sanitize(samples: Samples) -> Samples:
    """Replace NaN and infinities by silence, and limit other values to ``MAX_AMPLITUDE``."""
    if samples.size == 0:
        return samples
    top = np.maximum(samples.max(), -samples.min())
    if top <= MAX_AMPLITUDE:  # false for NaN
        return samples
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -MAX_AMPLITUDE, MAX_AMPLITUDE)


def downmix(samples: Samples, names: tuple[str, ...]) -> Samples:
    """Convert ``[n, channels]`` to ``[2, n]``: mono is doubled, more channels are mixed without new clipping."""
    channels = samples.shape[1]
    if channels == 1:
        return np.ascontiguousarray(np.broadcast_to(samples.T, (2, len(samples))))
    if channels == 2:
        return np.ascontiguousarray(samples.T)
    if not {*_LEFT, *_RIGHT, *_LEFT_OUT}.intersection(names):
        names = _DEFAULT_LAYOUTS.get(channels, names)
    matrix = np.zeros((2, channels), np.float32)
    for index, name in enumerate(names):
        matrix[0, index] = _LEFT.get(name, 0.0)
        matrix[1, index] = _RIGHT.get(name, 0.0)
        if name not in _LEFT and name not in _RIGHT and name not in _LEFT_OUT:
            matrix[index % 2, index] = _MINUS_3_DB
    matrix /= max(1.0, float(matrix.sum(axis=1).max()))
    return np.ascontiguousarray(matrix @ samples.T)


class StereoConverter:
    """Convert a stream of one sample rate. Call ``push`` for each block, then ``finish`` once.

    The output has exactly ``round(n * target / rate)`` samples for ``n`` pushed.
    """

    def __init__(self, rate: int, target: int = STEREO_RATE) -> None:
        self._rate = rate
        self._target = target
        self._received = 0
        self._emitted = 0
        self._graph = None if rate == target else _resampler(rate, target)

    def push(self, samples: NDArray[Any], names: tuple[str, ...]) -> list[Samples]:
        """Take ``[n, channels]`` and return the ``[2, m]`` blocks that are ready."""
        block = downmix(sanitize(as_float(samples)), names)
        if self._graph is None:
            return [block]
        if not block.shape[1]:  # FFmpeg has no frames without samples
            return []
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._received
        self._received += block.shape[1]
        self._graph.push(frame)
        return self._pull()

    def finish(self) -> list[Samples]:
        """Return what the resampler still holds, to the exact length."""
        if self._graph is None or not self._received:
            return []
        self._graph.push(None)
        rest = self._pull()
        missing = round(self._received * self._target / self._rate) - self._emitted
        if missing > 0:
            rest.append(np.zeros((2, missing), np.float32))
        return rest

    def _pull(self) -> list[Samples]:
        if self._graph is None:
            return []
        blocks: list[Samples] = []
        end = round(self._received * self._target / self._rate)
        while True:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                return blocks
            block = as_float(frame.to_ndarray())[:, : max(0, end - self._emitted)]
            self._emitted += block.shape[1]
            if block.shape[1]:
                blocks.append(block)


def _resampler(rate: int, target: int) -> av.filter.Graph:
    graph = av.filter.Graph()
    graph.threads = 1  # the sandbox lets nobody start a thread
    nodes = [
        graph.add(
            "abuffer",
            sample_rate=str(rate),
            sample_fmt="fltp",
            channel_layout="stereo",
            time_base=f"1/{rate}",
        ),
        graph.add("aresample", str(target)),
        graph.add("aformat", sample_fmts="fltp", channel_layouts="stereo", sample_rates=str(target)),
        graph.add("abuffersink"),
    ]
    for before, after in itertools.pairwise(nodes):
        before.link_to(after)
    graph.configure()
    return graph
