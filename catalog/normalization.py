"""Keys by which names are compared and sorted: two spellings that people call the same have one key."""

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

# Marks that people leave out: the accents of Latin, Greek and Cyrillic, the points of Hebrew, the short vowels of
# Arabic, and what only chooses how a character is drawn. All other marks, such as the vowels of Devanagari and Thai or
# the dots of kana, make another letter.
_ACCENTS: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff"
    "\u180b-\u180d\ufe00-\ufe0f\U000e0100-\U000e01ef\u200c\u200d]"
)
# One letter in two shapes, which Unicode does not know: "Cœur" and "Coeur"; and "I" is also the capital of dotless i.
_SAME_LETTER: Final = str.maketrans({"œ": "oe", "\u0131": "i"})
# Letters of their own, for which people who have no key for them type others.
_OWN_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "ħ": "h", "ŧ": "t"}
)


class _Folded(dict[int, str]):
    """A table for ``str.translate`` that folds each character when it is first needed."""

    def __missing__(self, code: int) -> str:
        parted = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", chr(code)).casefold())
        letters = _ACCENTS.sub("", parted).translate(_SAME_LETTER)
        self[code] = found = "".join(c if _is_letter(c) else " " for c in letters)
        return found


def _is_letter(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


_FOLDED: Final = _Folded()


def fold(text: str) -> str:
    """Fold a name to a key: lower case, no accents, no punctuation, single spaces.

    ``"Canción, La"`` becomes ``"cancion la"``, ``"MØ"`` ``"mø"``, ``"दिल"`` stays as it is. Text without any letter or
    digit keeps its characters, so that ``"!!!"`` is still a name.
    """
    kept = " ".join(text.translate(_FOLDED).split()) or " ".join(text.casefold().split())
    return kept if kept.isascii() else unicodedata.normalize("NFC", kept)


def sort_key(text: str) -> str:
    """Make the key that lists are sorted and filtered by: ``"MØ"`` is ``"mo"``, ``"Łódź"`` is ``"lodz"``."""
    return fold(text).translate(_OWN_LETTERS)


def sort_name(name: str) -> str:
    """Move the article to the end: ``"The Beatles"`` becomes ``"Beatles, The"``."""
    found = _ARTICLE.match(name)
    return f"{name[found.end() :]}, {found[1]}" if found else name


def initial(key: str) -> str:
    """Return the letter under which a folded name is listed, ``"0"`` for all that is not a to z."""
    return key[0] if key and "a" <= key[0] <= "z" else "0"


def canonical(name: str) -> str:
    """Return ``name``, or the catalogue's own for no artist: ``"Varios artistas"`` are "Various artists"."""
    return _NOBODY.get(fold(name), name)


def spoken(name: str) -> str:
    """Return an artist's name for pages: "Unknown artist" and "Various artists" in the reader's language."""
    if name == UNKNOWN_ARTIST:
        return _("Unknown artist")
    if name == VARIOUS_ARTISTS:
        return _("Various artists")
    return name
