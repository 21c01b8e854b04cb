"""What headers claim: used to notice that a file is cut short, never to know how long it is."""

import re
from typing import Any, Final

import av
from av.audio.stream import AudioStream

from catalog.audio.identity import xing_offset
from catalog.audio.source import Source

# Programs that write into a pipe put a size near the largest number of their field: that claims nothing.
_ENDLESS: Final = 0x7FFF0000
_DIGITS = re.compile(r"\d+")
_LAST_PAGE_WITHIN: Final = 1 << 18
_MOST_CHUNKS: Final = 200


def seconds(container: str, stream: AudioStream, source: Source) -> float | None:
    """Seconds that the file says it holds, or ``None`` if it does not say."""
    if not stream.codec_context.sample_rate or container == "adts":
        return None
    if container in {"wav", "w64", "caf"} and source.at(0, 4) != b"RF64":
        return _data_seconds(container, stream, source)
    special = {"mp3": _xing_seconds, "flac": _flac_seconds, "ogg": _ogg_seconds}.get(container)
    if special is not None:
        return special(stream, source)
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    file: Any = stream.container
    return file.duration / av.time_base if file.duration else None


def trimmed_samples(container: str, codec: str, stream: AudioStream) -> int | None:
    """Samples without the padding at the end, which FFmpeg leaves in AAC; ``None`` if nothing is said."""
    if container != "m4a" or codec != "aac" or not stream.duration or stream.time_base is None:
        return None
    return round(stream.duration * stream.time_base * stream.codec_context.sample_rate)


def bits(decoder: str, extradata: bytes | None) -> int | None:
    """Bits per sample of a lossless stream, from the decoder's name or its header."""
    if decoder.startswith("pcm") and (digits := _DIGITS.search(decoder)):
        return int(digits[0])
    if decoder == "flac" and extradata and len(extradata) >= 18:
        return ((extradata[12] & 1) << 4 | extradata[13] >> 4) + 1
    if decoder == "alac" and extradata and len(extradata) >= 24:
        return extradata[17] if extradata[4:8] == b"alac" else extradata[5]
    return None


def _xing_seconds(stream: AudioStream, source: Source) -> float | None:
    head = source.at(0, 64)
    if len(head) < 48 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    at = xing_offset(head)
    if head[at : at + 4] not in {b"Xing", b"Info"} or not head[at + 7] & 1:
        return None
    rate = stream.codec_context.sample_rate
    return int.from_bytes(head[at + 8 : at + 12], "big") * (1152 if rate >= 32_000 else 576) / rate or None


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
    """From the position on the last page: FFmpeg's own answer ignores pages that are damaged."""
    tail = source.at(max(0, source.size - _LAST_PAGE_WITHIN), _LAST_PAGE_WITHIN)
    at = tail.rfind(b"OggS")
    while at >= 0:
        position = int.from_bytes(tail[at + 6 : at + 14], "little", signed=True)
        if position > 0:
            rate = 48_000 if "opus" in stream.codec_context.name else stream.codec_context.sample_rate
            begin = (
                float(stream.start_time * stream.time_base) if stream.start_time and stream.time_base else 0.0
            )
            return max(0.0, position / rate - max(0.0, begin))
        at = tail.rfind(b"OggS", 0, at)
    return None


def _announced_data(container: str, source: Source) -> int | None:
    """The size of the chunk that holds the samples."""
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
