"""Names of recordings and of downloads.

A recording is named by what the person entered, else by its tags, else by its file name. File names of downloads are
safe on every system and in every archive.
"""

import re
import unicodedata
from dataclasses import dataclass

from anyascii import anyascii

from audio.tags.cleaning import clean_text
from audio.types import Tags
from catalog.normalization import UNKNOWN_ARTIST, VARIOUS_ARTISTS, canonical, fold
from catalog.uploads.featured_artists import Known, no_known_artists, performers, split_title

UNTITLED = "Untitled"
LONGEST_FILE_NAME = 200  # bytes; leaves room for what other programs add

_MANY = {"various", "va", "v a"}  # as the artist of an album; as that of a song it may be somebody's name
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_DASH = re.compile(r"\s+[-\u2013\u2014]\s+")
# "01 Title", "1-02 Title", "7. Title", "12 - Title"; but not "99 Luftballons" or "7 Seconds".
_NUMBERED = re.compile(
    r"^(?:\d-)?(?:(?P<zero>0\d{1,2})(?:\s*[.)_-]\s*|\s+)|(?P<plain>\d{1,3})(?:[.)_]\s*|\s*-\s+))(?=\S)"
)
_FORBIDDEN = re.compile(r'[/\\:*?"<>|\u2044\u2215\u29f8\uff0f\uff3c]')
_UNSAFE = re.compile(r'[^ -~]|["\\%/]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Names:
    """The names of a recording; never empty where a name is needed. ``guests``: featured artists."""

    title: str
    artist: str
    guests: tuple[str, ...] = ()
    album: str | None = None
    album_artist: str | None = None
    genre: str = ""
    year: int | None = None
    track_number: int | None = None
    disc_number: int | None = None
    compilation: bool = False


def received_filename(name: str) -> str:
    """Return the last part of a path that a client sent, cleaned, at most 255 characters; never empty."""
    return clean_text(re.split(r"[/\\]", name)[-1]) or "audio"


def names_for(
    filename: str,
    tags: Tags,
    *,
    title: str = "",
    artist: str = "",
    album: str = "",
    known: Known = no_known_artists,
) -> Names:
    """Name a recording: fields that a person filled in win over tags, tags over the file name.

    ``known`` tells which names are those of an artist already, and stay whole.
    """
    guessed_artist, guessed_title, guessed_number = parse_filename(filename)
    found_album = clean_text(album) or tags.album
    # The tag's album artist belongs to the tag's album, not to another one that a person typed.
    own_album = bool(found_album and tags.album and fold(found_album) == fold(tags.album))
    holder, compilation = _holder(tags) if own_album else (None, False)
    typed = clean_text(artist)
    performer_names = (typed,) if typed else tags.artists or ((tags.artist,) if tags.artist else ())
    one = None if holder == VARIOUS_ARTISTS else holder
    sung = (
        performers(performer_names, known)
        or performers(filter(None, [one or guessed_artist]), known)
        or [UNKNOWN_ARTIST]
    )
    plain_title, guests = split_title(clean_text(title) or tags.title or guessed_title or UNTITLED, known)
    first = canonical(sung[0])
    others = dict.fromkeys(name for name in [*sung[1:], *guests] if fold(name) != fold(first))
    return Names(
        title=plain_title,
        artist=first,
        guests=tuple(others),
        album=found_album,
        album_artist=holder,
        compilation=compilation,
        genre=(tags.genre or "")[:80],
        year=tags.year,
        track_number=tags.track_number or guessed_number,
        disc_number=tags.disc_number,
    )


def _holder(tags: Tags) -> tuple[str | None, bool]:
    """Return the album artist by the tags, and whether it is a compilation."""
    if tags.album_artist is None:
        return (VARIOUS_ARTISTS, True) if tags.compilation else (None, False)
    holder = canonical(performers([tags.album_artist])[0])
    if fold(holder) in _MANY:
        holder = VARIOUS_ARTISTS
    return holder, tags.compilation or holder == VARIOUS_ARTISTS


def parse_filename(filename: str) -> tuple[str | None, str | None, int | None]:
    """Parse artist, title and track number from ``"Artist - Title.mp3"``, ``"01 Title.flac"`` and the like."""
    stem = _EXTENSION.sub("", received_filename(filename)).strip(". ")
    if " " not in stem:
        stem = stem.replace("_", " ")
    number: int | None = None
    parts: list[str] = []
    for part in _DASH.split(stem):
        if part.isdecimal() and len(part) <= 3:
            number = int(part)
            parts = parts[:1]  # "Artist - Album - 03 - Title": what stood between was the album
            continue
        parts.append(part)
    if parts and (found := _NUMBERED.match(parts[0])):
        number = int(found["zero"] or found["plain"])
        parts[0] = parts[0][found.end() :]
    if len(parts) > 1:
        return clean_text(parts[0]), clean_text(" - ".join(parts[1:])), number
    return None, clean_text(parts[0]) if parts else None, number


def safe_filename(stem: str, ending: str) -> str:
    """Cut ``stem`` to fit before ``ending`` (``" (vocals).mp3"``): no separators, controls or reserved names.

    The result has at most 200 bytes in UTF-8, neither begins with a dot nor holds anything that a path could
    mean.
    """
    plain = _FORBIDDEN.sub("_", clean_text(stem) or "")
    plain = _RESERVED.sub(r"_\1", plain.lstrip(". ")) or "audio"
    tail = _FORBIDDEN.sub("_", clean_text(f".{ending}") or "")[1:]
    if ending.startswith(" "):
        tail = f" {tail.lstrip()}"
    budget = LONGEST_FILE_NAME - len(tail.encode())
    return truncate_bytes(plain, budget).rstrip(". ") + tail


def ascii_filename(name: str) -> str:
    """Transliterate ``name`` for clients that know only ASCII; never nothing before its extension.

    ``"Кино - Группа крови.mp3"`` becomes ``"Kino - Gruppa krovi.mp3"``; signs that nobody reads become underscores.
    """
    plain = "".join(map(_transliterate, unicodedata.normalize("NFC", name)))
    plain = " ".join(_UNSAFE.sub("_", plain).split())
    extension = found[0] if (found := _EXTENSION.search(plain)) else ""
    stem = plain.removesuffix(extension).rstrip()
    return (stem if any(map(str.isalnum, stem)) else "file") + extension


def _transliterate(char: str) -> str:
    if char.isascii():
        return char
    if unicodedata.category(char) in {"Cf", "Mn", "Mc", "Me"}:  # joiners, and accents that no letter took
        return ""
    return anyascii(char).strip(":") or "_"  # ":guitar:"


def truncate_bytes(text: str, budget: int) -> str:
    """Return the longest beginning of ``text`` within ``budget`` bytes, without splitting a letter and its accent."""
    if len(text.encode()) <= budget:
        return text
    kept = text.encode()[: max(0, budget)].decode(errors="ignore")
    while kept and unicodedata.combining(text[len(kept)]):
        kept = kept[:-1]
    return kept
