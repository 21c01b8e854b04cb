"""How names are compared and sorted: two spellings that a person would call the same are one key."""

import re
import unicodedata
from typing import Final

from django.utils.translation import gettext as _

UNKNOWN_ARTIST: Final = "Unknown artist"
VARIOUS_ARTISTS: Final = "Various artists"
_NOBODY: Final = {
    "unknown artist": UNKNOWN_ARTIST,
    "artista desconocido": UNKNOWN_ARTIST,
    "various artists": VARIOUS_ARTISTS,
    "varios artistas": VARIOUS_ARTISTS,
}

_ARTICLE = re.compile(r"(the|an?|el|la|los|las)\s+(?=\S)", re.IGNORECASE)


# Letters that Unicode does not take for a plain one with an accent, though people type them so.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "\u0131": "i"}
)


def _plain(text: str) -> str:
    """Small letters without accents; what is neither letter nor digit is a space."""
    parted = unicodedata.normalize("NFKD", text.casefold()).translate(_PLAIN)
    return "".join(c if c.isalnum() else " " for c in parted if not unicodedata.combining(c))


# The letters of most names, which so are made plain in one step.
_LAST = "\u024f"
_LATIN = str.maketrans({code: _plain(chr(code)) for code in range(ord(_LAST) + 1)})


def fold(text: str) -> str:
    """Lower case, no accents, no punctuation, single spaces: ``"Canción, La"`` becomes ``"cancion la"``.

    Text without any letter or digit keeps its characters, so that ``"!!!"`` is still a name.
    """
    kept = text.translate(_LATIN) if text.isascii() or max(text) <= _LAST else _plain(text)
    return " ".join(kept.split()) or " ".join(text.casefold().split())


def sort_name(name: str) -> str:
    """Where a name stands in a list: ``"The Beatles"`` becomes ``"Beatles, The"``."""
    found = _ARTICLE.match(name)
    return f"{name[found.end() :]}, {found[1]}" if found else name


def initial(key: str) -> str:
    """The letter under which a folded name is listed, ``"0"`` for all that is not a to z."""
    return key[0] if key and "a" <= key[0] <= "z" else "0"


def canonical(name: str) -> str:
    """``name``, or what the catalogue calls nobody in particular: ``"Varios artistas"`` are "Various artists"."""
    return _NOBODY.get(fold(name), name)


def spoken(name: str) -> str:
    """An artist's name as pages say it: what stands for nobody is said in the reader's language."""
    if name == UNKNOWN_ARTIST:
        return _("Unknown artist")
    if name == VARIOUS_ARTISTS:
        return _("Various artists")
    return name
