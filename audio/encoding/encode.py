"""Encode float32 ``[2, n]`` at 44,100 Hz into a file of one of ``formats.OUTPUT``.

Input is our own audio, so this runs in the calling process, streaming. Decoders that honour what a container
says about silence added by the encoder get back exactly as many samples as went in.
"""

import contextlib
import os
import tempfile
import wave
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Protocol

import lameenc
import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.decoding.decode import Samples
from audio.encoding import xing_header
from audio.formats import OUTPUT, STEREO_RATE
from audio.tags import writer as tag_writer
from audio.types import Tags

MP3_QUALITY: Final = 5  # of 2 (best) to 7: at these bitrates not heard, and half the time of 2
_VORBIS_WRITE: Final = 65_536  # frames; libsndfile's Vorbis overflows its stack with more
_VORBIS_QUALITY: Final = {96: 2, 128: 4, 160: 5, 192: 6, 256: 8, 320: 9}  # nominal at 44.1 kHz stereo
_AAC_FRAME: Final = 1_024
_AAC_PRIMING: Final = 1_024


class Writer(Protocol):
    """An encoder: ``write`` for each block, then ``finish`` once."""

    def write(self, block: Samples) -> None:
        """Encode ``[2, n]``."""

    def finish(self) -> None:
        """Flush and close the file; without this call the file is worthless."""


def encode(  # noqa: PLR0917 - what, where, how: callers read as a sentence
    chunks: Iterable[Samples],
    path: Path,
    codec: str,
    bitrate: int | None = None,
    tags: Tags | None = None,
    cover: bytes | None = None,
) -> int:
    """Encode ``chunks`` into ``path``; returns the number of samples taken.

    ``bitrate`` in kbit/s, ``None`` for the codec's default; ``cover`` is a JPEG. The file appears under its
    name complete, tagged and flushed to the disk, or not at all. Values beyond full scale are clipped.
    Raises ``ValueError`` for a codec or bitrate that is not offered, and ``OSError``.
    """
    if codec not in OUTPUT:
        raise ValueError(f"unknown codec {codec!r}; there are {', '.join(OUTPUT)}")
    rate = OUTPUT[codec].bitrate(bitrate)
    handle, name = tempfile.mkstemp(prefix=".", suffix=f".{OUTPUT[codec].extension}", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        taken = _write_all(_WRITERS[codec](temporary, rate or 0), chunks)
        tag_writer.write(temporary, codec, tags, cover, _itunes_gapless(taken) if codec == "m4a" else None)
        temporary.chmod(0o644)
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return taken


def to_int16(block: Samples) -> NDArray[np.int16]:
    """Convert ``[2, n]`` floats to interleaved ``[n, 2]`` 16-bit samples: 1.0 is 32768, rounded to even, clipped."""
    scaled = np.rint(block.T * np.float32(32768))
    samples: NDArray[np.int16] = np.clip(scaled, -32768, 32767).astype(np.int16, order="C")
    return samples


def _write_all(writer: Writer, chunks: Iterable[Samples]) -> int:
    taken = 0
    try:
        for block in chunks:
            if block.shape[1]:
                writer.write(np.ascontiguousarray(block, np.float32))
                taken += block.shape[1]
    except BaseException:
        with contextlib.suppress(Exception):  # the file is thrown away; the first error is the one to tell
            writer.finish()
        raise
    writer.finish()
    return taken


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Wav:
    def __init__(self, path: Path, _bitrate: int) -> None:
        self._file = wave.open(str(path), "wb")  # noqa: SIM115 - closed by finish
        self._file.setparams((2, 2, STEREO_RATE, 0, "NONE", ""))

    def write(self, block: Samples) -> None:
        self._file.writeframesraw(to_int16(block).astype("<i2", copy=False).tobytes())

    def finish(self) -> None:
        self._file.close()


class _Sndfile:
    """FLAC and Vorbis through libsndfile."""

    def __init__(self, path: Path, form: str, subtype: str, effort: float) -> None:
        self._integers = subtype == "PCM_16"
        self._file = soundfile.SoundFile(
            str(path), "w", STEREO_RATE, 2, subtype=subtype, format=form, compression_level=effort
        )

    def write(self, block: Samples) -> None:
        if self._integers:
            self._file.write(to_int16(block))
            return
        for start in range(0, block.shape[1], _VORBIS_WRITE):
            self._file.write(np.ascontiguousarray(np.clip(block[:, start : start + _VORBIS_WRITE].T, -1, 1)))

    def finish(self) -> None:
        self._file.close()


class _Mp3:
    def __init__(self, path: Path, bitrate: int) -> None:
        self._encoder: Any = lameenc.Encoder()
        self._encoder.set_bit_rate(bitrate)
        self._encoder.set_in_sample_rate(STEREO_RATE)
        self._encoder.set_out_sample_rate(STEREO_RATE)
        self._encoder.set_channels(2)
        self._encoder.set_quality(MP3_QUALITY)
        self._encoder.silence()
        self._file = path.open("w+b")
        self._header = b""
        self._samples = self._size = self._frames = self._beyond = 0

    def write(self, block: Samples) -> None:
        self._samples += block.shape[1]
        self._put(bytes(self._encoder.encode(to_int16(block).tobytes())))

    def finish(self) -> None:
        with self._file:
            if not self._samples:
                return
            self._put(bytes(self._encoder.flush()))
            self._file.seek(0)
            self._file.write(xing_header.info_frame(self._header, self._frames, self._size, self._samples))

    def _put(self, data: bytes) -> None:
        if not data:
            return
        if not self._header:
            self._header = data[:4]
            self._file.write(xing_header.info_frame(self._header, 0, 0, 0))  # its place
        self._file.write(data)
        self._size += len(data)
        found, after = xing_header.count_frames(data, self._beyond)
        self._frames += found
        self._beyond = after - len(data)


class _Ffmpeg:
    """AAC and Opus through PyAV."""

    def __init__(self, path: Path, form: str, encoder: str, rate: int, bitrate: int, **options: str) -> None:
        # FFmpeg is 17 MB that the website and the queue do without until somebody asks for these.
        import av  # noqa: PLC0415

        from audio.decoding.resample import StereoConverter  # noqa: PLC0415

        self._make_frame = av.AudioFrame.from_ndarray
        self._output = av.open(str(path), "w", format=form, options=options)
        stream: Any = self._output.add_stream(encoder, rate=rate)
        self._stream = stream
        self._rate = rate
        self._converter = StereoConverter(STEREO_RATE, rate)
        self._stream.layout = "stereo"
        self._stream.bit_rate = bitrate * 1000
        self._position = 0

    def write(self, block: Samples) -> None:
        for part in self._converter.push(block.T, ("FL", "FR")):
            self._encode(part)

    def _encode(self, part: Samples) -> None:
        frame = self._make_frame(np.clip(part, -1, 1), format="fltp", layout="stereo")
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._position
        self._position += part.shape[1]
        self._output.mux(self._stream.encode(frame))

    def finish(self) -> None:
        try:
            for part in self._converter.finish():
                self._encode(part)
            self._output.mux(self._stream.encode(None))
        finally:
            self._output.close()


def _itunes_gapless(samples: int) -> str:
    end = -(samples + _AAC_PRIMING) % _AAC_FRAME
    return f" 00000000 {_AAC_PRIMING:08X} {end:08X} {samples:016X}" + " 00000000" * 8


_WRITERS: dict[str, Callable[[Path, int], Writer]] = {
    "wav": _Wav,
    "flac": lambda path, _bitrate: _Sndfile(path, "FLAC", "PCM_16", 0.5),
    "mp3": _Mp3,
    "ogg": lambda path, bitrate: _Sndfile(path, "OGG", "VORBIS", 1 - _VORBIS_QUALITY[bitrate] / 10),
    "m4a": lambda path, bitrate: _Ffmpeg(
        path, "ipod", "aac", STEREO_RATE, bitrate, movie_timescale=str(STEREO_RATE), movflags="+faststart"
    ),
    "opus": lambda path, bitrate: _Ffmpeg(path, "ogg", "libopus", 48_000, bitrate),
}
