"""Audio formats that are accepted and produced.

``FORMATS`` is the only list of accepted containers: the sandbox, folder imports, the upload page, the API's
documentation and the content types of responses follow from it. ``OUTPUT`` is the list of download formats.
"""

from dataclasses import dataclass, field

STEREO_RATE = 44_100  # every model, stem and player of ours works at this rate

MIN_RATE, MAX_RATE = 8_000, 192_000
MAX_DSD_RATE = 705_600  # of the samples that FFmpeg makes of DSD128; they are an eighth of the bits
MAX_CHANNELS = 8


@dataclass(frozen=True)
class Format:
    """A container: FFmpeg's demuxer, our name, file extensions, and the content type of responses."""

    demuxer: str
    name: str
    extensions: tuple[str, ...]
    content_type: str


FORMATS = (
    Format("wav", "wav", ("wav", "wave", "bwf", "rf64"), "audio/wav"),
    Format("w64", "w64", ("w64",), "audio/x-w64"),
    Format("mp3", "mp3", ("mp3", "mp2"), "audio/mpeg"),
    Format("flac", "flac", ("flac",), "audio/flac"),
    Format("ogg", "ogg", ("ogg", "oga", "opus"), "audio/ogg"),
    Format("aac", "adts", ("aac",), "audio/aac"),
    Format("aiff", "aiff", ("aif", "aiff", "aifc"), "audio/aiff"),
    Format("caf", "caf", ("caf",), "audio/x-caf"),
    Format("mov", "m4a", ("m4a", "m4b", "m4r", "mp4", "m4v", "mov"), "audio/mp4"),
    Format("matroska", "matroska", ("mka", "mkv", "webm"), "audio/x-matroska"),
    Format("asf", "asf", ("wma", "wmv", "asf"), "audio/x-ms-wma"),
    Format("wv", "wavpack", ("wv",), "audio/x-wavpack"),
    Format("ape", "ape", ("ape",), "audio/x-ape"),
    Format("mpc", "musepack", ("mpc", "mp+"), "audio/x-musepack"),
    Format("mpc8", "musepack", (), "audio/x-musepack"),
    Format("dsf", "dsf", ("dsf",), "audio/x-dsf"),
    Format("ac3", "ac3", ("ac3",), "audio/ac3"),
    Format("eac3", "ac3", ("eac3", "ec3"), "audio/ac3"),
    Format("au", "au", ("au", "snd"), "audio/basic"),
)

# FFmpeg's demuxers, by the names its format_whitelist understands.
DEMUXERS = tuple(form.demuxer for form in FORMATS)
CONTAINER_TYPES = {form.name: form.content_type for form in FORMATS}
EXTENSIONS = tuple(extension for form in FORMATS for extension in form.extensions)

_INTEGERS = [f"pcm_{kind}{bits}{order}" for kind in "su" for bits in (16, 24, 32) for order in ("le", "be")]
PCM_INTEGER = frozenset([*_INTEGERS, "pcm_u8", "pcm_s8"])
PCM_FLOAT = frozenset({"pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be"})

# Decoder names (FFmpeg's) -> our codec name.
LOSSY = {
    "mp3": "mp3",
    "mp3float": "mp3",
    "mp2": "mp2",
    "mp2float": "mp2",
    "aac": "aac",
    "vorbis": "vorbis",
    "opus": "opus",
    "libopus": "opus",
    "wmav1": "wma",
    "wmav2": "wma",
    "wmapro": "wma",
    "mpc7": "musepack",
    "mpc8": "musepack",
    "ac3": "ac3",
    "eac3": "eac3",
}
# The same audio is the same samples. A-law and mu-law are here because programs cut them into packets as they like.
LOSSLESS = {
    "flac": "flac",
    "alac": "alac",
    "wavpack": "wavpack",
    "ape": "ape",
    "wmalossless": "wma",
    "pcm_mulaw": "mulaw",
    "pcm_alaw": "alaw",
} | dict.fromkeys(sorted(PCM_INTEGER | PCM_FLOAT), "pcm")
DSD = {"dsd_lsbf_planar": "dsd", "dsd_msbf_planar": "dsd"}  # the same audio is the same bits
DECODERS = LOSSY | LOSSLESS | DSD


@dataclass(frozen=True)
class OutputCodec:
    """A format for downloads. ``bitrates`` in kbit/s; empty for lossless ones."""

    name: str
    extension: str
    content_type: str
    bitrates: tuple[int, ...] = field(default=())
    default_bitrate: int | None = None

    @property
    def lossless(self) -> bool:
        """Whether samples are kept exactly (at 16 bits)."""
        return not self.bitrates

    def bitrate(self, wanted: int | None) -> int | None:
        """Return ``wanted`` or the default bitrate; ``None`` for lossless codecs.

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
