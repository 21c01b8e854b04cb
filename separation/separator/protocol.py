"""Results and errors that pass between the separator process and its parent."""

import base64
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


class SeparatorError(Exception):
    """A separation failed. `permanent`: trying again cannot help."""

    code = "separator_failed"
    permanent = False


class SeparatorCrashed(SeparatorError):  # noqa: N818
    """The process died, or reported an unexpected exception."""

    code = "separator_crashed"


class SeparatorNotStarted(SeparatorError):  # noqa: N818
    """The process ended, or did not answer, before it had accepted the song."""

    code = "separator_not_started"


class SeparatorStalled(SeparatorError):  # noqa: N818
    """There was no progress for too long, or the deadline passed; the process was killed."""

    code = "separator_stalled"


class SeparatorTooBig(SeparatorError):  # noqa: N818
    """The model needs more memory than the process may use."""

    code = "too_big"
    permanent = True  # memory depends on the model and the settings, not on luck


class SeparatorInterrupted(SeparatorError):  # noqa: N818
    """The process was killed because of a nested separation; this song is not the cause."""

    code = "separator_interrupted"


class SeparatorNoSpace(SeparatorError):  # noqa: N818
    """The disk for the stems is full."""

    code = "no_space"


@dataclass(frozen=True, slots=True)
class SeparatedStem:
    """One finished stem: a 16-bit FLAC file and its properties for the catalogue."""

    name: str
    path: Path
    size: int
    checksum: str
    """SHA-256 of the file."""
    audio_digest: str
    """SHA-256 of the samples, see `audio.identity.PcmDigest`."""
    samples: int
    peak: float
    """Largest absolute sample, 1.0 being full scale."""
    peaks: bytes
    """Largest absolute sample of both channels in each 4096 samples, as 0..255."""


@dataclass(frozen=True, slots=True)
class SeparatedSet:
    """All stems of one separation. Divided by `gain` they add up to the mixture, as far as the model keeps it."""

    samples: int
    sample_rate: int
    gain: float
    stems: list[SeparatedStem]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-serialisable types."""
        message = asdict(self)
        for stem in message["stems"]:
            stem["path"] = str(stem["path"])
            stem["peaks"] = base64.b64encode(stem["peaks"]).decode()
        return message

    @classmethod
    def from_json(cls, message: dict[str, Any]) -> Self:
        """Return what `to_json` made `message` of."""
        stems = [
            SeparatedStem(**stem | {"path": Path(stem["path"]), "peaks": base64.b64decode(stem["peaks"])})
            for stem in message["stems"]
        ]
        return cls(**message | {"stems": stems})
