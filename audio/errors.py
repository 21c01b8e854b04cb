# ruff: noqa: N818 - the names say what is wrong, as the codes do
"""Errors in audio files that people send.

Every error has a stable ``code`` (programs and translations go by it) and a ``detail``: an English sentence
that helps a person. ``reason``, where there is one, says more exactly what is wrong; translations go by it, too.
Errors cross the border of the sandboxed child as JSON: ``as_dict`` there, ``from_dict`` here.
"""

from typing import Any, ClassVar


class AudioError(Exception):
    """Base of all; itself never raised."""

    code: ClassVar[str] = "probe_failed"
    default: ClassVar[str] = "This file could not be read as audio."

    def __init__(self, detail: str = "", *, reason: str = "") -> None:
        self.detail = detail or self.default
        self.reason = reason
        super().__init__(self.detail)

    def as_dict(self) -> dict[str, str]:
        """Return ``{"code", "detail", "reason"}``."""
        return {"code": self.code, "detail": self.detail, "reason": self.reason}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> "AudioError":
        """Build the error that ``data["code"]`` names; an unknown code is a ``ProbeFailed``."""
        kind = BY_CODE.get(str(data.get("code")), ProbeFailed)
        return kind(str(data.get("detail", ""))[:500], reason=str(data.get("reason", ""))[:40])


class EmptyFile(AudioError):
    """The file has no bytes."""

    code = "empty_file"
    default = "The file is empty."


class Unsupported(AudioError):
    """Not one of the accepted formats."""

    code = "unsupported"
    default = "This is not an audio format that is accepted here. Try MP3, FLAC, WAV, OGG, Opus or M4A."


class NoAudio(AudioError):
    """The format is known, but no sample came out of it."""

    code = "no_audio"
    default = "There is no sound in this file."


class Damaged(AudioError):
    """Too much of the file is missing or cannot be decoded."""

    code = "damaged"
    default = "The file is damaged or cut short. Try to copy or download it again."


class TooLong(AudioError):
    """More seconds than the limit."""

    code = "too_long"
    default = "The recording is too long."


class TooLarge(AudioError):
    """More bytes than the limit."""

    code = "too_large"
    default = "The file is too large."


class ProbeFailed(AudioError):
    """The sandboxed child was stopped by one of its limits, or died."""

    code = "probe_failed"
    default = "Reading this file took too much time or memory. Try to export it again with another program."


BY_CODE: dict[str, type[AudioError]] = {
    kind.code: kind for kind in (EmptyFile, Unsupported, NoAudio, Damaged, TooLong, TooLarge, ProbeFailed)
}
