"""Probe an untrusted file in the sandbox: format, identity, tags, cover, fingerprint."""

import base64
import itertools
import re
import struct
import tempfile
import time
from pathlib import Path
from typing import Any

from audio import identity
from audio.errors import AudioError, EmptyFile, ProbeFailed, TooLarge
from audio.fingerprint import chromaprint
from audio.sandbox.process import Child, parse_answer
from audio.tags import cleaning
from audio.types import COVER_SIZES, MIB, Limits, Probe, Tags

__all__ = ["Limits", "Probe", "Tags", "fingerprint", "picture", "probe", "self_test"]

PICTURE_LIMITS = Limits(max_bytes=32 * MIB, cpu_seconds=20, wall_seconds=30.0)
_LONGEST_ANSWER = 1 << 18
_LARGEST_COVER = 4 << 20
_JPEG = b"\xff\xd8\xff"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def probe(path: Path, limits: Limits | None = None) -> Probe:
    """Examine ``path`` in a sandboxed child, hashing its bytes meanwhile.

    Raises ``AudioError`` and ``OSError``.
    """
    limits = limits or Limits()
    size = path.stat().st_size
    if size == 0:
        raise EmptyFile
    if size > limits.max_bytes:
        raise TooLarge
    with path.open("rb") as source, Child("probe", source, limits) as child:
        checksum = identity.checksum(path)
        found, extra = _answer(child, limits)
    try:
        return _build_probe(found, extra, checksum, size)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ProbeFailed from error


def fingerprint(path: Path, limits: Limits | None = None) -> bytes | None:
    """Compute the fingerprint of a recording that was probed without one; see ``Probe``. Errors as ``probe``."""
    limits = limits or Limits()
    with path.open("rb") as source, Child("fingerprint", source, limits) as child:
        found, _ = _answer(child, limits)
    try:
        return _fingerprint(found)
    except (KeyError, ValueError) as error:
        raise ProbeFailed from error


def picture(path: Path) -> tuple[bytes, ...]:
    """Convert the picture at ``path`` to JPEGs of every size (see ``COVER_SIZES``) in a sandboxed child.

    Returns an empty tuple when it is no picture. Raises ``AudioError`` and ``OSError``.
    """
    with path.open("rb") as source, Child("picture", source, PICTURE_LIMITS) as child:
        found, extra = _answer(child, PICTURE_LIMITS)
    try:
        return _pictures(found, extra)
    except (KeyError, TypeError, ValueError) as error:
        raise ProbeFailed from error


def _answer(child: Child, limits: Limits) -> tuple[dict[str, Any], bytes]:
    deadline = time.monotonic() + limits.wall_seconds
    child.wait_until_ready(deadline)
    length, extra = struct.unpack("<II", child.read(8, deadline))
    if length > _LONGEST_ANSWER or extra > _LARGEST_COVER:
        raise ProbeFailed
    answer = parse_answer(child.read(length, deadline))
    if isinstance(answer.get("error"), dict):
        raise AudioError.from_dict(answer["error"])
    if not isinstance(answer.get("ok"), dict):
        raise ProbeFailed
    return answer["ok"], child.read(extra, deadline)


def _pictures(found: dict[str, Any], extra: bytes) -> tuple[bytes, ...]:
    """Split the concatenated JPEGs in ``extra``: one of every size, or none at all."""
    ends = list(
        itertools.accumulate((int(length) for length in found["cover"][: len(COVER_SIZES)]), initial=0)
    )
    pictures = tuple(extra[start:end] for start, end in itertools.pairwise(ends))
    whole = len(pictures) == len(COVER_SIZES) and all(jpeg.startswith(_JPEG) for jpeg in pictures)
    return pictures if whole else ()


def _fingerprint(found: dict[str, Any]) -> bytes | None:
    """Validate and decode the fingerprint that the child sent."""
    text = found["fingerprint"]
    if text is None:
        return None
    values = base64.b64decode(str(text), validate=True)
    if len(values) % 4 or len(values) > 4 * chromaprint.MOST_VALUES:
        raise ValueError("not a fingerprint")
    return values


def _build_probe(found: dict[str, Any], extra: bytes, checksum: str, size: int) -> Probe:
    """Build the result from the child's answer. The child may be compromised, so every value is converted."""
    digest = str(found["audio_digest"])
    if not _DIGEST.fullmatch(digest):
        raise ValueError("not a digest")
    return Probe(
        checksum=checksum,
        size=size,
        container=str(found["container"])[:32],
        codec=str(found["codec"])[:32],
        lossless=bool(found["lossless"]),
        sample_rate=int(found["sample_rate"]),
        channels=int(found["channels"]),
        samples=int(found["samples"]),
        duration=float(found["duration"]),
        samples_44k=int(found["samples_44k"]),
        bits=None if found["bits"] is None else int(found["bits"]),
        peak=float(found["peak"]),
        audio_digest=digest,
        tags=cleaning.from_mapping(found["tags"]),
        cover=_pictures(found, extra),
        fingerprint=_fingerprint(found),
        raw_names=cleaning.raw_names(found["raw_names"]),
        encoding=str(found["encoding"])[:16],
    )


def self_test(limits: Limits | None = None) -> dict[str, bool]:
    """Prove the sandbox on this machine: ``True`` for each thing that was refused, as it must be.

    Keys: ``ffconcat``, ``playlist``, ``open_file``, ``write_file``, ``socket``, ``fork``, ``exec`` and
    ``seccomp`` (``False`` where the kernel has no filter and the limits alone hold). Everything but
    ``seccomp``, ``fork`` and ``exec`` must be ``True`` before a website accepts files. Raises ``ProbeFailed``
    if the child cannot start.
    """
    limits = limits or Limits()
    with tempfile.TemporaryFile() as file:
        file.write(b"ffconcat version 1.0\nfile /etc/hostname\n")
        file.flush()
        with Child("self-test", file, limits) as child:
            found, _ = _answer(child, limits)
            return {name: bool(value) for name, value in found.items()} | {"seccomp": child.filtered}
