"""What was looked for, marked in what was found."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape

from django import template
from django.utils import formats
from django.utils.safestring import SafeString, mark_safe

from catalog.search.analysis import SIGNS, is_unspaced
from catalog.search.characters import FOLDED
from catalog.search.query import Query

register = template.Library()

_NOTHING_BUT_WORDS = re.compile(r"[a-z0-9 ]*")


@register.filter
def marked(text: str, query: Query) -> SafeString:
    """Mark the words of ``query`` in ``text`` by ``<mark>``; of a longer word the letters that were typed."""
    pieces = []
    at = 0
    for start, end in _places(text, query.words) if query.words else ():
        pieces.append(f"{escape(text[at:start])}<mark>{escape(text[start:end])}</mark>")
        at = end
    pieces.append(escape(text[at:]))
    return mark_safe("".join(pieces))  # noqa: S308  # every piece was escaped


def _places(text: str, words: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Find where ``words`` begin words of ``text``, and how far they go."""
    folded = text.translate(FOLDED)
    if len(folded) == len(text) and _NOTHING_BUT_WORDS.fullmatch(folded):
        for found in _beginnings(words).finditer(folded):
            yield found.span()
        return
    letters, origins, starts = _letters(text)
    at = 0
    for start in starts:
        if start >= at and (beginning := _any(words).match(letters, start)):
            at = beginning.end()
            end = origins[at - 1] + 1
            while end < len(text) and not FOLDED[ord(text[end])]:  # accents that are letters of their own
                end += 1
            yield origins[start], end


def _letters(text: str) -> tuple[str, list[int], list[int]]:
    """Return the folded letters of ``text`` without punctuation, the place of each, and where words begin."""
    letters: list[str] = []
    origins: list[int] = []
    starts: list[int] = []
    begins = True
    for place, character in enumerate(text):
        folded = FOLDED[ord(character)]
        if folded in SIGNS and text[place + 1 : place + 2].isalnum():
            folded = SIGNS[folded]
        for letter in folded:
            if letter.isalnum() or letter.isspace() or not letter.isascii():
                if begins or is_unspaced(letter):
                    starts.append(len(letters))
                begins = letter.isspace()
                letters.append(letter)
                origins.append(place)
            else:
                begins = True
    return "".join(letters), origins, starts


@lru_cache(maxsize=100)
def _beginnings(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_any(words).pattern})")


@lru_cache(maxsize=100)
def _any(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


@register.filter
def localized(number: int) -> str:
    """Format ``1000`` as people write it: ``1,000`` or ``1.000``."""
    return formats.number_format(number, use_l10n=True, force_grouping=True)
