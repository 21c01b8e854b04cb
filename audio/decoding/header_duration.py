"""Lengths announced in headers. They tell whether a file is cut short, never how long it is."""

import re
import struct
from typing import Any, Final

import av
from av.audio.stream import AudioStream

from audio.decoding import asf_header
from audio.decoding.byte_window import Source
from audio.identity import xing_offset

# Programs that write into a pipe put a size near the largest number of their field: that claims nothing.
_ENDLESS: Final = 0x7FFF0000
_DIGITS = re.compile(r"\d+")
_CLOCK = re.compile(r"(\d{1,4}):(\d{2}):(\d{2}(?:\.\d+)?)")
_LAST_PAGE_WITHIN: Final = 1 << 18
_MOST_CHUNKS: Final = 200
_FIXED_BITS: Final = {"pcm_mulaw": 8, "pcm_alaw": 8, "dsd_lsbf_planar": 1, "dsd_msbf_planar": 1}


def seconds(container: str, stream: AudioStream, source: Source) -> float | None:
    """Return the duration announced in the header in seconds, or ``None`` without one."""
    if not stream.codec_context.sample_rate or container in {"adts", "ac3"}:
        return None  # FFmpeg's answer is an estimate
    if container in {"wav", "w64", "caf"} and source.at(0, 4) != b"RF64":
        return _data_seconds(container, stream, source)
    special = {
        "mp3": _mp3_seconds,
        "flac": _flac_seconds,
        "ogg": _ogg_seconds,
        "matroska": _matroska_seconds,
        "asf": _asf_seconds,
        "wavpack": _wavpack_seconds,
        "musepack": _musepack_seconds,
        "dsf": _dsf_seconds,
    }.get(container)
    if special is not None:
        return special(stream, source)
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    file: Any = stream.container
    return file.duration / av.time_base if file.duration else None


def size(container: str, source: Source) -> int | None:
    """Return the size announced in the header, for containers whose video may be longer than the audio."""
    if container == "asf":
        return asf_header.announced_size(source)
    if container == "matroska":
        return _matroska_size(source)
    return None


def is_hybrid(source: Source) -> bool:
    """Whether this is lossy WavPack (hybrid mode without its correction file)."""
    head = source.at(0, 28)
    return head[:4] == b"wvpk" and bool(head[24] & 8)


def trimmed_samples(container: str, codec: str, stream: AudioStream) -> int | None:
    """Return the samples without the padding at the end, which FFmpeg does not remove from AAC; ``None`` if unknown."""
    if container != "m4a" or codec != "aac" or not stream.duration or stream.time_base is None:
        return None
    return round(stream.duration * stream.time_base * stream.codec_context.sample_rate)


def bits(decoder: str, extradata: bytes | None, source: Source | None = None) -> int | None:
    """Return the bits per sample of a lossless stream, from the name of its decoder or its header."""
    if decoder in _FIXED_BITS:
        return _FIXED_BITS[decoder]
    if decoder.startswith("pcm") and (digits := _DIGITS.search(decoder)):
        return int(digits[0])
    if decoder == "flac" and extradata and len(extradata) >= 18:
        return ((extradata[12] & 1) << 4 | extradata[13] >> 4) + 1
    if decoder == "alac" and extradata and len(extradata) >= 24:
        return extradata[17] if extradata[4:8] == b"alac" else extradata[5]
    return _bits_in_front(decoder, source.at(0, 128)) if source is not None else None


def _bits_in_front(decoder: str, head: bytes) -> int | None:
    """Read the bits per sample from the first header of WavPack and Monkey's Audio."""
    if decoder == "wavpack" and head[:4] == b"wvpk" and len(head) >= 28:
        return 8 * ((head[24] & 3) + 1) - (int.from_bytes(head[24:28], "little") >> 13 & 0x1F)
    if decoder == "ape" and head[:4] == b"MAC ":
        version, header = struct.unpack("<H2xI", head[4:12])
        if version >= 3_980 and header + 18 <= len(head):
            return int.from_bytes(head[header + 16 : header + 18], "little")
    return None


def _mp3_seconds(stream: AudioStream, source: Source) -> float | None:
    """Compute the duration from the frame count of a Xing, Info or VBRI header; ``None`` without one."""
    head = source.at(0, 64)
    if len(head) < 56 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    at = xing_offset(head)
    if head[at : at + 4] in {b"Xing", b"Info"} and head[at + 7] & 1:
        frames = int.from_bytes(head[at + 8 : at + 12], "big")
    elif head[36:40] == b"VBRI":
        frames = int.from_bytes(head[50:54], "big")
    else:
        return None
    rate = stream.codec_context.sample_rate
    return frames * (1152 if rate >= 32_000 else 576) / rate or None


def _flac_seconds(stream: AudioStream, _source: Source) -> float | None:
    header = stream.codec_context.extradata
    if header is None or len(header) < 18:
        return None
    samples = (header[13] & 0x0F) << 32 | int.from_bytes(header[14:18], "big")
    return samples / stream.codec_context.sample_rate or None


def _data_seconds(container: str, stream: AudioStream, source: Source) -> float | None:
    context = stream.codec_context
    size = _announced_data(container, source)
    width = (bits(context.name, None) or 0) // 8 * context.channels
    return size / (width * context.sample_rate) if size and width and size < _ENDLESS else None


def _ogg_seconds(stream: AudioStream, source: Source) -> float | None:
    """Read the duration from the last page's granule position. FFmpeg's own value skips damaged pages."""
    tail = source.at(max(0, source.size - _LAST_PAGE_WITHIN), _LAST_PAGE_WITHIN)
    at = tail.rfind(b"OggS")
    while at >= 0:
        position = int.from_bytes(tail[at + 6 : at + 14], "little", signed=True)
        if position > 0:
            rate = 48_000 if "opus" in stream.codec_context.name else stream.codec_context.sample_rate
            begin = (
                float(stream.start_time * stream.time_base) if stream.start_time and stream.time_base else 0.0
            )
            return max(0.0, position / rate - max(0.0, begin) - _preskip(stream))
        at = tail.rfind(b"OggS", 0, at)
    return None


def _preskip(stream: AudioStream) -> float:
    """Return the pre-skip of an Opus stream in seconds. Granule positions include it (RFC 7845)."""
    header = stream.codec_context.extradata or b""
    return int.from_bytes(header[10:12], "little") / 48_000 if header[:8] == b"OpusHead" else 0.0


def _matroska_seconds(stream: AudioStream, _source: Source) -> float | None:
    """Read the DURATION tag of the track, limited to the duration of the file.

    Without it nothing is claimed where there are other tracks, as each of them may be the longest one.
    """
    file: Any = stream.container
    whole = file.duration / av.time_base if file.duration else None
    found = _CLOCK.match(stream.metadata.get("DURATION", ""))
    if found is None:
        return whole if len(file.streams) == 1 else None
    seconds = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
    return max(0.0, min(seconds, whole or seconds) - _preskip(stream))


def _matroska_size(source: Source) -> int | None:
    """Return where the Segment element ends; ``None`` where its size is unknown, as in streams."""
    at = 0
    for _ in range(2):
        head = source.at(at, 16)
        name = _length_of_number(head)
        number = _length_of_number(head[name:])
        if not name or not number or len(head) < name + number:
            return None
        value = int.from_bytes(head[name : name + number], "big") & (1 << 7 * number) - 1
        at += name + number + value
        if head[:name] == b"\x18\x53\x80\x67":
            return None if value == (1 << 7 * number) - 1 else at
    return None


def _length_of_number(data: bytes) -> int:
    """Return the length in bytes of an EBML variable-size integer; 0 if it is none."""
    return 9 - data[0].bit_length() if data and data[0] else 0


def _asf_seconds(stream: AudioStream, source: Source) -> float | None:
    if asf_header.announced_size(source) is None or stream.duration is None or stream.time_base is None:
        return None
    return float(stream.duration * stream.time_base) if len(stream.container.streams) == 1 else None


def _wavpack_seconds(stream: AudioStream, source: Source) -> float | None:
    head = source.at(0, 16)
    samples = int.from_bytes(head[12:16], "little") | head[11] << 32 if len(head) == 16 else 0
    if head[12:16] == b"\xff\xff\xff\xff":
        return None
    return samples / stream.codec_context.sample_rate or None


def _musepack_seconds(stream: AudioStream, source: Source) -> float | None:
    head = source.at(0, 64)
    rate = stream.codec_context.sample_rate
    if head[:3] == b"MP+":
        return int.from_bytes(head[4:8], "little") * 1152 / rate or None
    if head[:6] != b"MPCKSH":
        return None
    at = 6 + _length_of_continued(head[6:]) + 5  # the packet's size, a checksum, the version
    samples = 0
    for byte in head[at : at + _length_of_continued(head[at:])]:
        samples = samples << 7 | byte & 0x7F
    return samples / rate or None


def _dsf_seconds(_stream: AudioStream, source: Source) -> float | None:
    head = source.at(0, 72)
    if len(head) < 72 or head[28:32] != b"fmt ":
        return None
    rate, bits_of_a_channel = int.from_bytes(head[56:60], "little"), int.from_bytes(head[64:72], "little")
    return bits_of_a_channel / rate or None if rate else None


def _length_of_continued(data: bytes) -> int:
    """Return the length in bytes of a number whose bytes but the last have their highest bit set."""
    return next((index + 1 for index, byte in enumerate(data[:10]) if byte < 0x80), 0)


def _announced_data(container: str, source: Source) -> int | None:
    """Return the size of the chunk that holds the samples."""
    order, name, number, at, counted = {
        "wav": ("little", 4, 4, 12, 0),
        "w64": ("little", 16, 8, 40, 24),  # sizes there include the chunk's own header, and are padded to 8
        "caf": ("big", 4, 8, 8, 0),
    }[container]
    for _ in range(_MOST_CHUNKS):
        head = source.at(at, name + number)
        if len(head) < name + number:
            return None
        size = int.from_bytes(head[name:], "big" if order == "big" else "little") - counted
        if head[:4] == b"data":
            return size
        at += name + number + size
        at += -at % {"wav": 2, "w64": 8, "caf": 1}[container]
        if size < 0:
            return None
    return None
