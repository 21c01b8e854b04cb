"""Write stems as 16-bit FLAC while they are separated, with digests and peaks, and without clipping.

The loudest sample is known only at the end of a song, so stems are written with gain 1 until one of them
would clip. Then one lower gain is chosen for all of them, and what has been written is encoded again. From
the third time on the headroom doubles, so that this happens nine times at most. Meanwhile players read
complete segments from ``<stem>.flac``, whose header holds their offsets and the gain, and the peaks so far
from ``<stem>.peaks``.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from audio.flac import SEGMENT_SAMPLES, SegmentedFile
from audio.flac_frames import FRAME_SAMPLES
from audio.identity import PcmDigest, checksum
from separation.engines.descriptors import SAMPLE_RATE
from separation.separator.encoder import encoder
from separation.separator.protocol import SeparatedSet, SeparatedStem

PEAK_SAMPLES = FRAME_SAMPLES
_FULL_SCALE = 32768
_MAX_SAMPLE = 32767
_STEP_DB = 0.5
_MARGIN_DB = 1.0
# From the next time on the margin doubles: encoding a long song again takes a while.
_CONSTANT_MARGINS = 3
_BLOCK = 65_536
_UNKNOWN_SECONDS = 7200

Pcm = npt.NDArray[np.int16]


class StemWriter:
    """Write the FLAC files of one separation, ``out_dir/<stem>.flac``, of `expected` samples if that is known."""

    def __init__(self, out_dir: Path, names: Sequence[str], expected: int | None = None) -> None:
        self.gain = 1.0
        self._times_lowered = 0
        self._out_dir = out_dir
        self._names = tuple(names)
        self._segments = -(-(expected or _UNKNOWN_SECONDS * SAMPLE_RATE) // SEGMENT_SAMPLES)
        self._files = [_StemFile(self._path(name), self._segments, self.gain) for name in names]

    def _path(self, name: str) -> Path:
        return self._out_dir / f"{name}.flac"

    @property
    def segments(self) -> int:
        """Count the complete segments of every stem."""
        return min(file.segments for file in self._files)

    def write(self, chunk: npt.NDArray[np.float32]) -> None:
        """Append `chunk`, float32 [stems, 2, n]. Raises ValueError for samples that are not finite."""
        if chunk.shape[2] == 0:
            return
        peak = max(float(chunk.max()), -float(chunk.min()))
        if not math.isfinite(peak):
            raise ValueError("the stems contain values that are not numbers")
        if peak * self.gain * _FULL_SCALE > _MAX_SAMPLE:
            self._lower_gain(peak)
        scale = np.float32(self.gain * _FULL_SCALE)
        for file, stem in zip(self._files, chunk, strict=True):
            for start in range(0, stem.shape[1], _BLOCK):
                file.write(_to_pcm(stem[:, start : start + _BLOCK].T, scale))
            file.flush_peaks()

    def _lower_gain(self, peak: float) -> None:
        """Choose a gain with headroom for `peak`, and encode again what has been written."""
        margin = _MARGIN_DB * 2 ** max(0, self._times_lowered + 1 - _CONSTANT_MARGINS)
        steps = math.ceil((20 * math.log10(peak) + margin) / _STEP_DB)
        gain = 10 ** (-steps * _STEP_DB / 20)
        ratio = np.float32(gain / self.gain)
        for index, name in enumerate(self._names):
            path, partial = self._path(name), self._path(f"{name}.part")
            old = self._files[index]
            rest = old.close()
            # `close` closes it with the others from here on, also after an error.
            new = self._files[index] = _StemFile(partial, self._segments, gain)
            if old.samples > len(rest):  # a file without a frame cannot be read
                with soundfile.SoundFile(path) as written:
                    for block in written.blocks(_BLOCK, dtype="int16", always_2d=True):
                        new.write(_to_pcm(block, ratio))
            new.write(_to_pcm(rest, ratio))
            new.flush_peaks()
            # Renamed while open: the encoder goes on writing to the same files.
            partial.with_suffix(".peaks").replace(path.with_suffix(".peaks"))
            partial.replace(path)
        self.gain = gain
        self._times_lowered += 1

    def finish(self) -> SeparatedSet:
        """Close and fsync the files. Raises OSError if one of them is not whole."""
        stems = [
            file.finish(name, self._path(name)) for file, name in zip(self._files, self._names, strict=True)
        ]
        _fsync(self._out_dir)
        return SeparatedSet(stems[0].samples, SAMPLE_RATE, self.gain, stems)

    def close(self) -> None:
        """Close the files, finished or not."""
        for file in self._files:
            file.close()


class _StemFile:
    def __init__(self, path: Path, segments: int, gain: float) -> None:
        self._file = SegmentedFile(path, segments, gain)
        self._encoder = encoder(self._file)
        self._digest = PcmDigest()
        self.samples = 0
        """Samples written, including those that do not fill a frame yet."""
        self._peaks = bytearray()
        self._peaks_file = path.with_suffix(".peaks").open("wb", buffering=0)
        self._flushed_peaks = 0
        self._peak = 0
        self._rest: Pcm = np.empty((0, 2), dtype=np.int16)

    @property
    def segments(self) -> int:
        return self._file.segments

    def write(self, pcm: Pcm) -> None:
        if not len(pcm):
            return
        self.samples += len(pcm)
        self._digest.update(pcm, SAMPLE_RATE)
        pending = np.concatenate([self._rest, pcm]) if len(self._rest) else pcm
        whole = len(pending) // FRAME_SAMPLES * FRAME_SAMPLES
        self._encoder.write(pending[:whole])
        self._add_peaks(pending[:whole].reshape(-1, 2 * PEAK_SAMPLES))
        self._rest = pending[whole:].copy()

    def _add_peaks(self, blocks: Pcm) -> None:
        if blocks.size:
            highest, lowest = blocks.max(axis=1).astype(np.int32), blocks.min(axis=1).astype(np.int32)
            peaks = np.maximum(highest, -lowest)
            self._peak = max(self._peak, int(peaks.max()))
            self._peaks += np.minimum(np.rint(peaks * (255 / _MAX_SAMPLE)), 255).astype(np.uint8).tobytes()

    def flush_peaks(self) -> None:
        """Write the peaks so far."""
        self._peaks_file.write(bytes(self._peaks[self._flushed_peaks :]))
        self._flushed_peaks = len(self._peaks)

    def close(self) -> Pcm:
        """Close the file; return the samples that do not fill a frame and were not written."""
        self._encoder.close()
        self._peaks_file.close()
        return self._rest

    def finish(self, name: str, path: Path) -> SeparatedStem:
        self._encoder.write(self._rest)
        self._add_peaks(self._rest.reshape(1, -1))
        self.close()
        if soundfile.info(path).frames != self.samples:
            raise OSError(f"{path.name} was not written completely")
        _fsync(path)
        return SeparatedStem(
            name=name,
            path=path,
            size=path.stat().st_size,
            checksum=checksum(path),
            audio_digest=self._digest.hexdigest(),
            samples=self.samples,
            peak=self._peak / _FULL_SCALE,
            peaks=bytes(self._peaks),
        )


def _to_pcm(samples: npt.NDArray[Any], factor: np.float32) -> Pcm:
    """Multiply `samples` [n, 2], of any memory layout, by `factor`, and round to int16 [n, 2], C-contiguous."""
    pcm = np.empty(samples.shape, dtype=np.int16)
    for channel, scaled in zip(pcm.T, samples.T, strict=True):
        values = np.multiply(scaled, factor, dtype=np.float32)
        np.copyto(channel, np.rint(values, out=values), casting="unsafe")
    return pcm


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
