"""Recipes: what a rendition is made of and how. Its name is the same for recipes that give the same file."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from audio.decoding.decode import Samples
from audio.effects import mixing
from audio.effects.clicks import Clicks
from audio.types import Tags
from catalog.models import AudioFile

# Raise them when the encoders, or what mixes and stretches, change enough that old files should be made again.
RECIPE_VERSION = 1
MIX_VERSION = 2
PANS_VERSION = 1
CLICKS_VERSION = 1
SEGMENTS_VERSION = 1


class MixPart(NamedTuple):
    """A stored audio file with its gain and pan; one that ``keeps_pitch`` is not transposed with the others."""

    audio: AudioFile
    gain: float
    keeps_pitch: bool = False
    pan: float = 0.0


@dataclass(frozen=True)
class Mix:
    """Parts of a song. ``tempo`` 2 is twice as fast, 0.5 half as fast. The ``cut`` comes before all changes."""

    parts: tuple[MixPart, ...]
    tempo: float = 1.0
    semitones: float = 0.0
    cut: mixing.Cut = mixing.WHOLE
    clicks: Clicks | None = None


@dataclass(frozen=True)
class Excerpt:
    """Samples ``[start, stop)`` at 44,100 Hz; ``stop`` may lie beyond the end."""

    start: int
    stop: int

    def of(self, chunks: Iterable[Samples]) -> Iterator[Samples]:
        """Yield the excerpt of ``[2, n]`` blocks; do not read beyond ``stop``."""
        return mixing.excerpt(chunks, self.start, self.stop)


@dataclass(frozen=True)
class Recipe:
    """Everything that a rendition of ``audio`` depends on; ``name`` is stored in its row.

    ``bitrate`` as ``check_codec`` returns it, in kbit/s. A rendition of a ``mix`` belongs to the ``audio`` that its
    parts come from, and goes with it, and so does one of the Opus segments of ``segmented_files``, all in one file. An
    ``excerpt`` is not cut from these.
    """

    audio: AudioFile
    codec: str
    bitrate: int | None
    tags: Tags | None = None
    cover_key: str = ""
    mix: Mix | None = None
    excerpt: Excerpt | None = None
    segmented_files: tuple[AudioFile, ...] = ()

    @cached_property
    def name(self) -> str:
        said: dict[str, Any] = {
            "codec": self.codec,
            "bitrate": self.bitrate,
            "tags": asdict(self.tags) if self.tags else None,
            "cover_key": self.cover_key,
            "version": RECIPE_VERSION,
        }
        if self.mix is not None:
            said["mix"] = [
                MIX_VERSION,
                [(part.audio.audio_digest, part.gain, part.keeps_pitch) for part in self.mix.parts],
                self.mix.tempo,
                self.mix.semitones,
                asdict(self.mix.cut),
            ]
        if self.mix is not None and any(part.pan for part in self.mix.parts):
            said["pans"] = [PANS_VERSION, [part.pan for part in self.mix.parts]]
        if self.mix is not None and self.mix.clicks is not None:
            said["clicks"] = [CLICKS_VERSION, asdict(self.mix.clicks)]
        if self.excerpt is not None:
            said["excerpt"] = [self.excerpt.start, self.excerpt.stop]
        if self.segmented_files:
            said["segments"] = [SEGMENTS_VERSION, *(audio.audio_digest for audio in self.segmented_files)]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @cached_property
    def lock_name(self) -> str:
        """Return a name that only equal renditions of the same audio share."""
        return f"{self.audio.pk.hex}-{self.name[:32]}"

    @property
    def growing_path(self) -> Path:
        """Return where segments are while the others are being made."""
        return settings.WORK_DIR / "segments" / self.lock_name
