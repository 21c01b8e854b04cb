"""What was looked for, marked in what was found."""

import re
import unicodedata
from html import escape

from django import template
from django.utils import formats
from django.utils.safestring import SafeString, mark_safe

from catalog.search.query import Query
from catalog.text import fold

register = template.Library()

_WORD = re.compile(r"\w[\w\u0300-\u036f]*")  # accents may be letters of their own


@register.filter
def marked(text: str, query: Query) -> SafeString:
    """``text`` with the words of ``query`` in ``<mark>``; of a longer word the letters that were typed."""
    pieces = []
    at = 0
    for found in _WORD.finditer(text):
        folded = fold(found[0])
        if folded.startswith(query.words):
            end = found.start() + _marked_length(found[0], folded, query.words)
            pieces.append(
                f"{escape(text[at : found.start()])}<mark>{escape(text[found.start() : end])}</mark>"
            )
            at = end
    pieces.append(escape(text[at:]))
    return mark_safe("".join(pieces))  # noqa: S308  # every piece was escaped


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
