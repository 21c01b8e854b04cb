"""Limits of a probe (``Limits``) and its result (``Probe``, ``Tags``)."""

from dataclasses import dataclass, field

MIB = 1 << 20
COVER_SIZES = (960, 320, 96)  # px; for pages and for files taken home, for tiles, for rows


@dataclass(frozen=True)
class Limits:
    """Bounds for one sandboxed child. Times in seconds, sizes in bytes.

    ``cpu_seconds`` is a ceiling; a child starts with 10 s and earns more for each second of sound it decodes.
    ``wall_seconds`` bounds a probe; for a streaming decode it bounds each single wait for data. ``fingerprint``:
    whether a probe makes one, where the library is there.
    """

    max_seconds: float = 7200.0
    max_bytes: int = 2048 * MIB
    cpu_seconds: int = 400
    wall_seconds: float = 600.0
    memory_bytes: int = 1024 * MIB
    fingerprint: bool = True


@dataclass(frozen=True)
class Tags:
    """Descriptive tags: NFC, no control characters, at most 255 characters; ``None`` is nothing.

    ``artists`` are the performers one by one, where a file tells them so; ``artist`` is how it says them.
    """

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    album_artist: str | None = None
    genre: str | None = None
    year: int | None = None
    track_number: int | None = None
    disc_number: int | None = None
    artists: tuple[str, ...] = ()
    compilation: bool = False


@dataclass(frozen=True)
class Probe:
    """Everything that is known about one file.

    ``samples`` counts frames at the file's rate, ``samples_44k`` those that ``decode()`` yields; ``peak`` is
    the largest absolute value of that decode; ``duration`` is in seconds of decoded sound. ``cover`` is one
    JPEG of each of ``COVER_SIZES``, or nothing. ``fingerprint`` is Chromaprint's, as little-endian uint32: empty
    where there is too little sound, ``None`` where there is no such library. ``raw_names`` are the bytes (as
    Latin-1) of those tags of which the encoding had to be guessed, and ``encoding`` is the guess; see ``encodings``.
    """

    checksum: str
    size: int
    container: str
    codec: str
    lossless: bool
    sample_rate: int
    channels: int
    samples: int
    duration: float
    samples_44k: int
    bits: int | None
    peak: float
    audio_digest: str
    tags: Tags
    cover: tuple[bytes, ...]
    fingerprint: bytes | None = None
    raw_names: dict[str, list[str]] = field(default_factory=dict)
    encoding: str = ""
