"""Featured artists: "A feat. B & C" is A's song, and B and C are credited on it.

A name is never cut at ``&``, ``,`` or ``/`` alone: Simon & Garfunkel, Earth, Wind & Fire and AC/DC are one artist
each. Only behind a "feat." do commas and ampersands part the guests, and not within a name that is known.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from django.contrib.auth.models import AnonymousUser

from catalog.models import Artist, Credit, Track
from catalog.normalization import fold

Known = Callable[[set[str]], set[str]]

MOST: Final = 12  # names on one song; more is a list of the orchestra

_WORD = r"(?:feat|ft|featuring)"
_BRACKETED = re.compile(
    rf"\s*[(\[]\s*{_WORD}(?:\.\s*|\s+)(?P<guests>[^()\[\]]*[^()\[\]\s])\s*[)\]]", re.IGNORECASE
)
# Without a dot only in one case, so that Little Feat stay together.
_DOTTED = re.compile(r"(?<=\S)\s+(?:feat|ft)\.\s*(?=\S)", re.IGNORECASE)
_PLAIN = re.compile(r"(?<=\S)\s+(?:(?i:feat|ft)\.\s*|(?:feat|FEAT|ft|FT|[Ff]eaturing)\s+)(?=\S)")
_PARTS = re.compile(r"\s*[,;]\s*(?:(?:&|and|y)\s+)?|\s+&\s+")
_ONE_BAND = re.compile(r"(?:the|los|las|his|her|sons|friends|co|company)\b", re.IGNORECASE)

_WHOLE: Final = frozenset(
    {
        "blood sweat tears",
        "brooks dunn",
        "chase status",
        "crosby stills nash",
        "crosby stills nash young",
        "earth wind fire",
        "emerson lake palmer",
        "hall oates",
        "daryl hall john oates",
        "ike tina turner",
        "jowell randy",
        "macklemore ryan lewis",
        "mumford sons",
        "peter paul mary",
        "rodrigo y gabriela",
        "sam dave",
        "seals crofts",
        "simon garfunkel",
        "sonny cher",
        "tyler the creator",
        "wisin yandel",
        "zion lennox",
    }
)


def known_artists(keys: set[str]) -> set[str]:
    """Return those of ``keys`` that are the key of a shared artist."""
    return set(Artist.objects.visible_to(AnonymousUser()).filter(key__in=keys).values_list("key", flat=True))


def no_known_artists(_keys: set[str]) -> set[str]:
    """Return no artists, where there is no database."""
    return set()


def performers(names: Iterable[str], known: Known = no_known_artists) -> list[str]:
    """Split ``names`` into performers, each once: ``["A feat. B & C"]`` becomes ``["A", "B", "C"]``."""
    found: list[str] = []
    for name in names:
        first, guests = _split_at(name, _PLAIN)
        found += [first, *_guests(guests, known)]
    return _unique(found)


def split_title(title: str, known: Known = no_known_artists) -> tuple[str, list[str]]:
    """Split ``"Song (feat. B)"`` into ``"Song"`` and ``["B"]``; a title is never emptied."""
    plain, guests = _split_at(title, _DOTTED)
    return plain, _unique(_guests(guests, known))


def credit(track: Track, guests: Sequence[Artist]) -> None:
    """Credit ``guests``, and nobody else, on ``track``, in this order, beside its artist."""
    wanted = [artist for artist in dict.fromkeys(guests) if artist.pk != track.artist_id]
    Credit.objects.filter(track=track).delete()
    Credit.objects.bulk_create(
        Credit(track=track, artist=artist, position=position, brought_at=track.created_at)
        for position, artist in enumerate(wanted, 1)
    )


def credit_line(names: Sequence[str]) -> str:
    """Return ``"A feat. B, C & D"``."""
    first, *guests = names
    if not guests:
        return first
    *others, last = guests
    return f"{first} feat. {', '.join(others)} & {last}" if others else f"{first} feat. {last}"


def _split_at(text: str, marker: re.Pattern[str]) -> tuple[str, list[str]]:
    """Return the text before the first "feat.", and the text behind each."""
    guests: list[str] = []

    def keep(found: re.Match[str]) -> str:
        guests.append(found["guests"])
        return ""

    plain = " ".join(_BRACKETED.sub(keep, text).split())
    first, *rest = marker.split(plain)
    if not first.strip() or first.strip().isdecimal():  # "6 ft. Under", or nothing but guests
        return (plain or text), (guests if plain else [])
    return first, rest + guests


def _guests(phrases: Iterable[str], known: Known) -> list[str]:
    return [name for phrase in phrases for part in _PLAIN.split(phrase) for name in _split_names(part, known)]


def _split_names(phrase: str, known: Known) -> list[str]:
    """Split ``"B, C & D"`` into names. The longest known name stays whole."""
    ends = [
        found.span()
        for found in _PARTS.finditer(phrase)
        if not ("&" in found[0] and _ONE_BAND.match(phrase, found.end()))
    ][: MOST - 1]
    starts = [0, *(end for _start, end in ends)]
    stops = [*(start for start, _end in ends), len(phrase)]
    if len(starts) == 1:
        return [phrase]
    spans = {
        (first, last): fold(phrase[starts[first] : stops[last]])
        for first in range(len(starts))
        for last in range(first + 1, len(starts))
    }
    names = _WHOLE | known(set(spans.values()))
    found: list[str] = []
    at = 0
    while at < len(starts):
        whole = (end for end in range(len(starts) - 1, at, -1) if spans[at, end] in names)
        last = next(whole, at)
        found.append(phrase[starts[at] : stops[last]])
        at = last + 1
    return found


def _unique(names: Iterable[str]) -> list[str]:
    """Return each non-empty name once, whatever its spelling."""
    kept: dict[str, str] = {}
    for name in names:
        if name.strip():
            kept.setdefault(fold(name), name.strip())
    return list(kept.values())[:MOST]
