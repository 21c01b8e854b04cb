"""Open and decode untrusted audio. Runs in the sandboxed child only.

FFmpeg may use our demuxers and decoders and no protocol at all; the decoder of the chosen stream is checked
once more, because decoders ignore the list. The length of audio is what was decoded, never what a header
claims.
"""

from __future__ import annotations  # av's Packet is generic for type checkers only

import io
import wave
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, NamedTuple

import av
import av.error
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags2
from av.container.input import InputContainer
from av.packet import Packet
from numpy.typing import NDArray

from audio import formats
from audio.decoding import asf_header, header_duration
from audio.decoding.byte_window import Source, without_tags
from audio.decoding.resample import Samples, StereoConverter
from audio.errors import Damaged, NoAudio, TooLong, Unsupported
from audio.sandbox import process
from audio.types import Limits

CONTAINER_OPTIONS: Final = {
    "format_whitelist": ",".join(formats.DEMUXERS),
    "protocol_whitelist": "none",
    "codec_whitelist": ",".join(formats.DECODERS),
    "probesize": "5000000",
    "analyzeduration": "5000000",
    "max_streams": "16",
}
BLOCK: Final = 65_536  # frames that are handled at a time
MAX_BAD_PACKETS: Final = 1_000
MIN_COVERAGE: Final = 0.5  # of a bare MP3 or AAC stream must be packets: less is something else
CPU_PER_SECOND: Final = 0.05  # of sound at 48 kHz; most decoders need a tenth of it
SLOW_CODECS: Final = {
    "ape": 5
}  # times that; Monkey's Audio takes as long to decode as its encoder was told to

Sameness = Literal["samples", "bits", "packets"]

_LONGEST_PADDING: Final = 2_048  # samples: one frame of HE-AAC
_KNOWN: Final = (
    *(b"RIFF", b"RF64", b"riff", b"fLaC", b"OggS", b"FORM", b"caff", b"\x1aE\xdf\xa3"),
    *(asf_header.MAGIC, b"wvpk", b"MAC ", b"MP+", b"MPCK", b"DSD ", b".snd"),
)
_SKIPPED: Final = (av.error.FFmpegError, ValueError)


class Block(NamedTuple):
    """Decoded audio: ``[n, channels]`` samples in the decoder's own type."""

    samples: NDArray[Any]
    rate: int
    channel_names: tuple[str, ...]


class Reader:
    """Decode one file.

    ``container``, ``codec``, ``decoder`` (FFmpeg's), ``sameness`` (what identity is computed from), ``lossless``,
    ``bits`` and ``metadata`` are set at once; ``sample_rate`` and ``channels`` come from the header until a block has
    been decoded; ``samples`` and ``duration`` are final when ``blocks()`` or ``stereo()`` is exhausted.
    """

    def __init__(self, descriptor: int, size: int, limits: Limits) -> None:
        self._limits = limits
        self._source = without_tags(descriptor, size)
        self._input = open_untrusted(self._source)
        self._stream = _audio_stream(self._input)
        context = self._stream.codec_context
        self.container = _container(self._input)
        self.codec = formats.DECODERS[context.name]
        self.decoder = context.name
        self.sample_rate = context.sample_rate
        self.channels = context.channels
        self.sameness = _sameness(context.name)
        self.lossless = self.sameness != "packets" and not header_duration.is_hybrid(self._source)
        self.bits = (
            header_duration.bits(context.name, context.extradata, self._source) if self.lossless else None
        )
        if self.container == "caf" and self.codec == "alac":
            context.flags2 |= (
                Flags2.skip_manual
            )  # the last packet is as short as it says; FFmpeg cuts it once more
        self.metadata = {**self._stream.metadata, **self._input.metadata}
        self.samples = 0
        self.duration = 0.0
        self._runs: list[tuple[int, int]] = []  # (samples, rate): one, unless a file was glued together
        self._bad = 0
        self._packets = 0
        self._packet_bytes = 0

    def blocks(self, on_packet: Callable[[Packet[AudioStream]], object] | None = None) -> Iterator[Block]:
        """Decode the whole file; call ``on_packet`` with each encoded packet.

        Raises ``TooLong``, ``NoAudio``, ``Damaged``, ``Unsupported``.
        """
        fifo = AudioFifo()
        form: tuple[int, int, str] | None = None
        names: tuple[str, ...] = ()
        for frame in self._frames(on_packet):
            current = (frame.sample_rate, frame.layout.nb_channels, frame.format.name)
            if current != form:  # the first frame, or a file glued together from several
                yield from self._drain(fifo, names, 0)
                _check_shape(current[0], current[1], self.codec)
                fifo, form = AudioFifo(), current
                names = tuple(channel.name for channel in frame.layout.channels)
                self._runs.append((0, current[0]))
                if len(self._runs) == 1:
                    self.sample_rate, self.channels = current[:2]
            frame.pts = None  # holes in the time line are closed, as FFmpeg does by default
            fifo.write(frame)
            if fifo.samples >= BLOCK + _LONGEST_PADDING:
                yield from self._drain(fifo, names, _LONGEST_PADDING)
        yield from self._drain(fifo, names, self._padding(fifo.samples))
        self._check_complete()

    def stereo(
        self,
        on_packet: Callable[[Packet[AudioStream]], object] | None = None,
        on_block: Callable[[Block], object] | None = None,
    ) -> Iterator[Samples]:
        """Decode the whole file to ``[2, n]`` float32 at 44,100 Hz; errors as ``blocks``."""
        converter: StereoConverter | None = None
        rate = 0
        for block in self.blocks(on_packet):
            if on_block is not None:
                on_block(block)
            if converter is None or block.rate != rate:
                if converter is not None:
                    yield from converter.finish()
                converter, rate = StereoConverter(block.rate), block.rate
            yield from converter.push(block.samples, block.channel_names)
        if converter is not None:
            yield from converter.finish()

    def _padding(self, left: int) -> int:
        """Return how many of the last ``left`` samples are padding of the last frame, by the MP4 header."""
        wanted = header_duration.trimmed_samples(self.container, self.codec, self._stream)
        extra = self.samples + left - wanted if wanted else 0
        return extra if 0 < extra <= min(left, _LONGEST_PADDING) and len(self._runs) == 1 else 0

    def _drain(self, fifo: AudioFifo, names: tuple[str, ...], keep: int) -> Iterator[Block]:
        while names and fifo.samples > keep:
            frame = fifo.read(min(BLOCK, fifo.samples - keep), partial=True)
            if frame is None:
                return
            self.samples += frame.samples
            length_so_far, rate = self._runs[-1]
            self._runs[-1] = (length_so_far + frame.samples, rate)
            self.duration = sum(length / rate for length, rate in self._runs)
            if self.duration > self._limits.max_seconds:
                raise TooLong(f"The recording is longer than {self._limits.max_seconds / 60:.0f} minutes.")
            cost = CPU_PER_SECOND * max(1, rate / 48_000) * SLOW_CODECS.get(self.codec, 1)
            process.allow_cpu(process.STARTING_CPU + cost * self.duration)
            samples = frame.to_ndarray()
            shaped = samples.T if frame.format.is_planar else samples.reshape(-1, len(names))
            yield Block(shaped, frame.sample_rate, names)

    def _frames(self, on_packet: Callable[[Packet[AudioStream]], object] | None) -> Iterator[AudioFrame]:
        context = self._stream.codec_context
        for packet in self._demux():
            self._packets += 1
            self._packet_bytes += packet.size
            if on_packet is not None:
                on_packet(packet)
            try:
                frames = context.decode(packet)
            except _SKIPPED:
                self._count_bad_packet()
                continue
            yield from frames
        try:
            rest = context.decode(None)
        except _SKIPPED:
            return
        yield from rest

    def _demux(self) -> Iterator[Packet[AudioStream]]:
        """Yield the packets of the stream; one that is cut off at the end of the file is dropped."""
        packets = self._input.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except _SKIPPED:
                self._bad += 1
                return
            if packet is None:
                return
            if packet.size:
                yield packet

    def _count_bad_packet(self) -> None:
        self._bad += 1
        if self._bad > MAX_BAD_PACKETS:
            raise Damaged

    def _check_complete(self) -> None:
        if not self.samples:
            raise Damaged if self._bad else NoAudio
        if self.container in {"mp3", "adts", "ac3"} and self._packet_bytes < MIN_COVERAGE * self._source.size:
            raise Unsupported
        claimed = header_duration.seconds(self.container, self._stream, self._source)
        if (
            claimed is not None
            and claimed <= self._limits.max_seconds
            and self.duration < 0.95 * claimed - 0.1
        ):
            held = f"{claimed:.0f} seconds are announced, {self.duration:.0f} are there"
            raise Damaged(f"The file is cut short: {held}.", reason="cut_short")
        size = header_duration.size(self.container, self._source)
        if size is not None and self._source.size < 0.95 * size - 4_096:
            raise Damaged(f"The file is cut short: {self._source.size} of {size} bytes.", reason="cut_short")
        if self._bad * 2 > self._packets:
            raise Damaged


def warm_up() -> None:
    """Decode a small file, so that what is imported on first use is loaded before the sandbox closes."""
    silence = io.BytesIO()
    with wave.open(silence, "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(4 * 256))
    silence.seek(0)
    stereo = StereoConverter(48_000)
    with av.open(silence, "r", container_options=CONTAINER_OPTIONS) as container:
        for frame in container.decode(audio=0):
            fifo = AudioFifo()
            frame.pts = None
            fifo.write(frame)
            whole = fifo.read()
            if whole is not None:
                stereo.push(whole.to_ndarray().reshape(-1, 2), tuple(c.name for c in frame.layout.channels))
    stereo.finish()


def open_untrusted(source: Source) -> InputContainer:
    if source.size <= 0:
        raise NoAudio
    head = source.at(0, 12)
    if head[:3] == b"MP+" and int.from_bytes(head[4:8], "little") * 2 > source.size:
        raise Damaged  # FFmpeg makes room for as many frames as are announced; none is shorter than 20 bits
    try:
        return av.open(source, "r", container_options=CONTAINER_OPTIONS, metadata_errors="surrogateescape")
    except MemoryError:
        raise
    except Exception as error:  # FFmpeg's errors come as many kinds: IndexError, PermissionError, ...
        if (head[:4] == b"RIFF" and head[8:] == b"AVI ") or head[:4] == b"FRM8":
            kind, ending = ("AVI", "avi") if head[:4] == b"RIFF" else ("DSDIFF", "dff")
            raise Unsupported(f"{kind} files are not accepted here.", reason=ending) from error
        known = head.startswith(_KNOWN) or head[4:8] == b"ftyp"
        raise (Damaged if known else Unsupported) from error


def _audio_stream(container: InputContainer) -> AudioStream:
    streams = container.streams.audio
    if not streams:
        raise NoAudio
    stream = next((one for one in streams if _decoder(one) in formats.DECODERS), streams[0])
    context = stream.codec_context
    name = _decoder(stream)
    if name not in formats.DECODERS:
        raise Unsupported(f"Audio of the kind “{name[:30]}” is not accepted here.", reason="codec")
    if _tag(context) in {"drms", "drmi", "enca"}:
        raise Unsupported("The file is locked by copy protection.", reason="protected")
    if context.sample_rate or context.channels:
        codec = formats.DECODERS[name]
        _check_shape(context.sample_rate or formats.MIN_RATE, context.channels or 1, codec)
    context.thread_count = 1
    return stream


def _decoder(stream: AudioStream) -> str:
    return str(
        getattr(stream.codec_context, "name", "unknown")
    )  # FFmpeg has no context for what it does not know


def _tag(context: Any) -> str:
    """Return MP4's four-letter code of the codec; empty where other containers have a number."""
    try:
        return str(context.codec_tag)
    except UnicodeDecodeError:
        return ""


def _container(container: InputContainer) -> str:
    names = container.format.name.split(",")
    return next((form.name for form in formats.FORMATS if form.demuxer in names), names[0])


def _sameness(decoder: str) -> Sameness:
    if decoder in formats.DSD:
        return "bits"
    return "samples" if decoder in formats.LOSSLESS else "packets"


def _check_shape(rate: int, channels: int, codec: str) -> None:
    if codec == "dsd" and rate > formats.MAX_DSD_RATE:
        raise Unsupported("DSD of more than 5.6 MHz (DSD128) is not accepted here.", reason="dsd_rate")
    if codec != "dsd" and not formats.MIN_RATE <= rate <= formats.MAX_RATE:
        raise Unsupported(
            f"A sample rate of {rate} Hz is not accepted; 8 to 192 kHz are.", reason="sample_rate"
        )
    if not 1 <= channels <= formats.MAX_CHANNELS:
        raise Unsupported(
            f"{channels} channels are not accepted; 1 to {formats.MAX_CHANNELS} are.", reason="channels"
        )
