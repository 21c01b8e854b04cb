"""What headers claim: used to notice that a file is cut short, never to know how long it is."""

import re

from av.audio.stream import AudioStream

from catalog.audio.identity import xing_offset
from catalog.audio.source import Source

# Programs that write into a pipe put a size near the largest number of their field: that claims nothing.
_ENDLESS = 0x7FFF0000
_DIGITS = re.compile(r"\d+")


def seconds(container: str, stream: AudioStream, source: Source) -> float | None:
    """Seconds that the file says it holds, or ``None`` if it does not say."""
    rate = stream.codec_context.sample_rate
    if not rate:
        return None
    if container == "mp3":
        frames = _xing_frames(source.at(0, 4096))
        return frames * (1152 if rate >= 32_000 else 576) / rate if frames else None
    if container == "flac":
        samples = _flac_samples(stream.codec_context.extradata)
        return samples / rate if samples else None
    if container in {"ogg", "adts"} or stream.duration is None or stream.time_base is None:
        return None
    claimed = float(stream.duration * stream.time_base)
    if container != "m4a" and stream.codec_context.name.startswith("pcm"):
        width = int((bits(stream.codec_context.name, None) or 8) / 8) * stream.codec_context.channels
        if claimed * rate * width >= _ENDLESS:
            return None
    return claimed if claimed > 0 else None


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


def _xing_frames(head: bytes) -> int | None:
    if len(head) < 48 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    at = xing_offset(head)
    if head[at : at + 4] not in {b"Xing", b"Info"} or not head[at + 7] & 1:
        return None
    return int.from_bytes(head[at + 8 : at + 12], "big")


def _flac_samples(extradata: bytes | None) -> int | None:
    if extradata is None or len(extradata) < 18:
        return None
    return (extradata[13] & 0x0F) << 32 | int.from_bytes(extradata[14:18], "big")
