"""What the separator process and its parent tell each other, and what can go wrong between them."""

import base64
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


class SeparatorError(Exception):
    """A separation that did not come to its end. `permanent` says that trying again cannot help."""

    code = "separator_failed"
    permanent = False


class SeparatorCrashed(SeparatorError):  # noqa: N818
    """The process died, or broke in a way it should not."""

    code = "separator_crashed"


class SeparatorNotStarted(SeparatorError):  # noqa: N818
    """The process ended, or did not answer, before it had taken the song."""

    code = "separator_not_started"


class SeparatorStalled(SeparatorError):  # noqa: N818
    """No progress for too long, or the deadline passed; the process was killed."""

    code = "separator_stalled"


class SeparatorTooBig(SeparatorError):  # noqa: N818
    """The process needed more memory than it may use, and was killed."""

    code = "too_big"
    permanent = True  # memory depends on the model and the settings, not on luck


class SeparatorInterrupted(SeparatorError):  # noqa: N818
    """The process was ended because of another song that it was separating in between; this one is innocent."""

    code = "separator_interrupted"


class SeparatorNoSpace(SeparatorError):  # noqa: N818
    """The disk that the stems are written to is full."""

    code = "no_space"


@dataclass(frozen=True, slots=True)
class SeparatedStem:
    """One finished stem: a 16-bit FLAC file and what the catalogue wants to know about it."""

    name: str
    path: Path
    size: int
    checksum: str
    """SHA-256 of the file."""
    audio_digest: str
    """SHA-256 of the samples, as the catalogue identifies lossless audio."""
    samples: int
    peak: float
    """Largest absolute sample, 1.0 being full scale."""
    peaks: bytes
    """Largest absolute sample of both channels in each 4096 samples, as 0..255."""


@dataclass(frozen=True, slots=True)
class SeparatedSet:
    """All stems of one separation. Divided by `gain` they add up to what the model kept of the mixture."""

    samples: int
    sample_rate: int
    gain: float
    stems: list[SeparatedStem]

    def to_json(self) -> dict[str, Any]:
        message = asdict(self)
        for stem in message["stems"]:
            stem["path"] = str(stem["path"])
            stem["peaks"] = base64.b64encode(stem["peaks"]).decode()
        return message

    @classmethod
    def from_json(cls, message: dict[str, Any]) -> Self:
        stems = [
            SeparatedStem(**stem | {"path": Path(stem["path"]), "peaks": base64.b64decode(stem["peaks"])})
            for stem in message["stems"]
        ]
        return cls(**message | {"stems": stems})
