"""Clean tags for display: strings of any origin to ``Tags``."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from audio.types import Tags

LONGEST: Final = 255
MOST_ARTISTS: Final = 12
_MOST_MARKS: Final = 4  # combining marks in a row; more is "zalgo"
RAW_NAMES: Final = ("title", "artist", "artists", "album", "album_artist", "genre")
_LONGEST_RAW: Final = 800  # bytes: 255 letters of three
_JOINERS: Final = "\u200c\u200d"  # Persian and emoji need them
_NUMBER = re.compile(r"\s*0*(\d{1,4})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(1[0-9]{3}|20[0-9]{2})(?!\d)")


def clean_text(value: object, longest: int = LONGEST) -> str | None:
    """Return NFC text without control, surrogate, private and bidi characters, at most ``longest``, or ``None``."""
    if value is None:
        return None
    text = unicodedata.normalize("NFC", str(value)[: 4 * longest])
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category == "Mn" else 0
        if category == "Cn" and not _is_noncharacter(char):  # letters that this Python does not know yet
            category = "Lo"
        if category in {"Zs", "Zl", "Zp"} or char in "\t\n\r":
            kept.append(" ")
        elif char in _JOINERS or (category[0] != "C" and marks <= _MOST_MARKS):
            kept.append(char)
    joined = " ".join("".join(kept).split())[:longest].strip()
    return joined if joined.strip(_JOINERS) else None


def _is_noncharacter(char: str) -> bool:
    code = ord(char)
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def clean_number(value: object) -> int | None:
    """Return the first number of ``"3/12"`` or ``"03"``, 1 to 9999, or ``None``."""
    found = _NUMBER.match(str(value)[:32])
    number = int(found[1]) if found else 0
    return number or None


def clean_year(value: object) -> int | None:
    """Return the year in ``"2004-05-01"``, ``"01/05/2004"`` ..., or ``None``."""
    found = _YEAR.search(str(value)[:64])
    return int(found[1]) if found else None


def clean_names(values: object) -> tuple[str, ...]:
    """Return the first ``MOST_ARTISTS`` distinct names; empty if ``values`` is no list."""
    if not isinstance(values, list | tuple):
        return ()
    names = (clean_text(value) for value in values[:MOST_ARTISTS])
    return tuple(dict.fromkeys(name for name in names if name))


def raw_names(found: object) -> dict[str, list[str]]:
    """Return the tags in an unknown encoding (bytes as Latin-1), limited to a size worth storing."""
    if not isinstance(found, Mapping):
        return {}
    names: dict[str, list[str]] = {}
    for field, texts in found.items():
        if field in RAW_NAMES and isinstance(texts, list):
            kept = [str(text).replace("\0", "")[:_LONGEST_RAW] for text in texts[:MOST_ARTISTS]]
            if all(text and ord(max(text)) < 256 for text in kept):
                names[str(field)] = kept
    return names


def from_mapping(found: Mapping[str, Any]) -> Tags:
    """Clean every field of ``found`` (keys as in ``Tags``); what is missing or empty becomes ``None``."""
    return Tags(
        title=clean_text(found.get("title")),
        artist=clean_text(found.get("artist")),
        album=clean_text(found.get("album")),
        album_artist=clean_text(found.get("album_artist")),
        genre=clean_text(found.get("genre")),
        year=clean_year(found.get("year")),
        track_number=clean_number(found.get("track_number")),
        disc_number=clean_number(found.get("disc_number")),
        artists=clean_names(found.get("artists")),
        compilation=str(found.get("compilation")).strip().lower() in {"1", "true", "yes"},
    )
