"""What was looked for, marked in what was found."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from html import escape

from django import template
from django.utils import formats
from django.utils.safestring import SafeString, mark_safe

from catalog.search.query import Query
from catalog.text import fold, in_place

register = template.Library()

_WORD = re.compile(r"\w[\w\u0300-\u036f]*")  # accents may be letters of their own


@register.filter
def marked(text: str, query: Query) -> SafeString:
    """``text`` with the words of ``query`` in ``<mark>``; of a longer word the letters that were typed."""
    pieces = []
    at = 0
    for start, end in _places(text, query.words) if query.words else ():
        pieces.append(f"{escape(text[at:start])}<mark>{escape(text[start:end])}</mark>")
        at = end
    pieces.append(escape(text[at:]))
    return mark_safe("".join(pieces))  # noqa: S308  # every piece was escaped


def _places(text: str, words: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where ``words`` begin words of ``text``, and how far they go."""
    if (plain := in_place(text)) is not None:
        for found in _beginnings(words).finditer(plain):
            yield found.span()
        return
    for found in _WORD.finditer(text):
        folded = fold(found[0])
        if folded.startswith(words):
            yield found.start(), found.start() + _marked_length(found[0], folded, words)


@lru_cache(maxsize=100)
def _beginnings(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})")


def _marked_length(word: str, folded: str, wanted: tuple[str, ...]) -> int:
    """How many letters of ``word`` are the longest of the words that it begins with; accents count with theirs."""
    longest = max(len(typed) for typed in wanted if folded.startswith(typed))
    if longest >= len(folded):
        return len(word)
    end = next((n for n in range(1, len(word) + 1) if len(fold(word[:n])) >= longest), len(word))
    while end < len(word) and unicodedata.combining(word[end]):
        end += 1
    return end


@register.filter
def localized(number: int) -> str:
    """``1000`` as people write it: ``1,000`` or ``1.000``."""
    return formats.number_format(number, use_l10n=True, force_grouping=True)
