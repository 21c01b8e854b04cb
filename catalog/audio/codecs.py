"""Which audio is accepted and which is produced."""

from dataclasses import dataclass, field

STEREO_RATE = 44_100  # every model, stem and player of ours works at this rate

MIN_RATE, MAX_RATE = 8_000, 192_000
MAX_CHANNELS = 8

# FFmpeg's demuxers, by the names its format_whitelist understands.
DEMUXERS = ("wav", "w64", "mp3", "flac", "ogg", "aac", "aiff", "caf", "mov", "matroska")

# What an FFmpeg demuxer's (long) name means to us: the first match counts.
CONTAINERS = {
    "mov": "m4a",
    "matroska": "matroska",
    "wav": "wav",
    "w64": "w64",
    "mp3": "mp3",
    "flac": "flac",
    "ogg": "ogg",
    "aac": "adts",
    "aiff": "aiff",
    "caf": "caf",
}

_INTEGERS = [f"pcm_{kind}{bits}{order}" for kind in "su" for bits in (16, 24, 32) for order in ("le", "be")]
PCM_INTEGER = frozenset([*_INTEGERS, "pcm_u8", "pcm_s8"])
PCM_FLOAT = frozenset({"pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be"})

# Decoder names (FFmpeg's) -> our codec name.
LOSSY = {"mp3": "mp3", "mp3float": "mp3", "aac": "aac", "vorbis": "vorbis", "opus": "opus", "libopus": "opus"}
LOSSLESS = {"flac": "flac", "alac": "alac"} | dict.fromkeys(sorted(PCM_INTEGER | PCM_FLOAT), "pcm")
DECODERS = LOSSY | LOSSLESS


@dataclass(frozen=True)
class OutputCodec:
    """One way of encoding for people. ``bitrates`` in kbit/s; empty for lossless ones."""

    name: str
    extension: str
    content_type: str
    bitrates: tuple[int, ...] = field(default=())
    default_bitrate: int | None = None

    @property
    def lossless(self) -> bool:
        """Whether every sample survives (at 16 bits)."""
        return not self.bitrates

    def bitrate(self, wanted: int | None) -> int | None:
        """The bitrate to use: ``wanted``, or the default; ``None`` for lossless codecs.

        Raises ``ValueError`` for a bitrate that this codec does not offer.
        """
        if self.lossless:
            return None
        if wanted is None:
            return self.default_bitrate
        if wanted not in self.bitrates:
            raise ValueError(f"{self.name} offers {', '.join(map(str, self.bitrates))} kbit/s")
        return wanted


OUTPUT: dict[str, OutputCodec] = {
    codec.name: codec
    for codec in (
        OutputCodec("wav", "wav", "audio/wav"),
        OutputCodec("flac", "flac", "audio/flac"),
        OutputCodec("mp3", "mp3", "audio/mpeg", (96, 128, 160, 192, 256, 320), 256),
        OutputCodec("ogg", "ogg", "audio/ogg", (96, 128, 160, 192, 256, 320), 192),
        OutputCodec("m4a", "m4a", "audio/mp4", (96, 128, 160, 192, 256, 320), 256),
        OutputCodec("opus", "opus", "audio/ogg", (64, 96, 128, 160, 192, 256), 160),
    )
}
