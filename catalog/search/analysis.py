"""Turns names and what people type into words; both are treated alike, so that they meet.

::

    "R.E.M."         rem                    "AC/DC"        ac dc          (also acdc)
    "P!nk"           pink                   "L'amour"      lamour         (also amour)
    "Die Ärzte"      die arzte (also aerzte)   "夜に駆ける"    夜に駆ける      (also its pairs of signs)
    "Tom & Jerry"    tom and jerry          "Love ❤️"       love           (also ❤)
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from unicodedata import normalize

from catalog.search.characters import FOLDED, SPELT_OUT, SPELT_OUT_LETTERS, UNSPACED

MAX_JOINED_LENGTH = 40
_FEWEST_INITIALS = 3  # that are joined though only spaces part them
_P = r"!-/:-@\[-`{-~€£¥"
_LETTER = rf"[^\s\d{_P}]"

_PLAIN = re.compile(r"[a-z0-9]{2,}(?: [a-z0-9]{2,})*")
_INITIALS = re.compile(rf"(?<![^\s{_P}])(?:{_LETTER}[.*])+{_LETTER}(?![^\s{_P}])")
_DOLLARS = re.compile(r"\$+(?=[a-z])|(?<=[a-z])\$+")
_SIGN = re.compile(r"(?<=[a-z])[!@€£¥](?=[a-z])")
SIGNS = {"$": "s", "!": "i", "@": "a", "€": "e", "£": "l", "¥": "y"}
_HIDDEN = re.compile(rf"(?<![^\s{_P}])[a-z]+\*+[a-z]*|(?<![^\s{_P}])\*+[a-z]+")
_SWEARING = ("fuck", "shit", "bitch", "ass", "damn", "cunt", "dick", "pussy", "nigga", "whore", "hell")
_ENDINGS = ("", "s", "in", "ing", "ed", "er", "ers", "y", "es")
_N = re.compile(r"\s*'n(?:'|(?!\S))\s*")
_AND = re.compile(r"(?<!\S)&(?!\S)")
_AFTER_APOSTROPHE = re.compile(rf"(?<=[^\s{_P}])'([^\s{_P}]{{3,}})")
_NO_SYMBOL = "-/&,.:;|()[]{}\"'\\`"
# Letters of other alphabets that stand for Latin ones in a Latin word, and digits that do.
_LOOKALIKES = str.maketrans({"я": "r", "и": "n", "λ": "a", "ξ": "e", "д": "a", "δ": "a", "σ": "e"})  # noqa: RUF001
_MIXED = re.compile(r"(?=.*[a-z]).*[яиλξдδσ]")
_DIGITS = str.maketrans("0134567", "oieasbt")
_AS_LETTERS = re.compile(r"(?=(?:\d*[a-z]){3})[a-z]*[013-7][a-z]*(?:[013-7][a-z]*)?")

_WORD = re.compile(rf"[^\s{_P}]+")
_UNSPACED = re.compile(f"([{UNSPACED}]+)")
_VOWELS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u17b4-\u17d3"
# A syllable of Hangul; a letter with its vowels and tones.
_CLUSTER = re.compile(f"[\u1100-\u115f][\u1160-\u11a7]*[\u11a8-\u11ff]*|.[{_VOWELS}]*")
_ARABIC_ARTICLE = "ال"


@dataclass(frozen=True)
class Analysis:
    """``words`` in their order, ``symbols`` between them, and what else a name may be looked for by."""

    words: tuple[str, ...]
    symbols: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    spelt_out: tuple[str, ...] = ()  # the words again, with "ae" for "ä"

    @cached_property
    def text(self) -> str:
        return " ".join(self.words)

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """Words of the index beside ``words``, each once."""
        known = set(self.words)
        others = (
            *self.symbols,
            *self.joined,
            *self.spelt_out,
            *(form for word in self.words for form in other_forms(word)),
            *_grams(self.words),
        )
        return tuple(dict.fromkeys(word for word in others if word not in known))


def analyze(text: str) -> Analysis:
    """The words of a name or a query; where there is no letter or digit, its symbols are the words."""
    folded = text.translate(FOLDED)
    found = Analysis(tuple(folded.split())) if _PLAIN.fullmatch(folded) else _split(folded)
    if not found.words:
        whole = "".join(folded.split()) or "".join(filter(str.isprintable, "".join(text.casefold().split())))
        return Analysis(found.symbols or ((whole,) if whole else ()))
    if not text.isascii() and not SPELT_OUT_LETTERS.isdisjoint(composed := normalize("NFC", text).lower()):
        return replace(found, spelt_out=_split(composed.translate(SPELT_OUT)).words)
    return found


def is_unspaced(word: str) -> bool:
    """Whether it is of a script without spaces, and so is looked for anywhere in a name."""
    return _UNSPACED.match(word) is not None


def grams(word: str) -> list[str]:
    """The pairs of letters in a word of a script without spaces; a single letter is itself."""
    letters = clusters(word)
    return [a + b for a, b in pairwise(letters)] or letters


def clusters(word: str) -> list[str]:
    """The letters of a word, each with its vowels and tones."""
    return _CLUSTER.findall(word)


def other_forms(word: str) -> Iterator[str]:
    """What else a word may be written as, wherever it stands."""
    if not word.isascii():
        if word.startswith(_ARABIC_ARTICLE) and len(word) > 4:
            yield word.removeprefix(_ARABIC_ARTICLE)
    elif not word.isalpha() and _AS_LETTERS.fullmatch(word):
        yield word.translate(_DIGITS)


def _split(text: str) -> Analysis:
    """The words of folded text, and compounds as one word each: ``jay-z`` is ``jay``, ``z``, and ``jayz``."""
    words: list[str] = []
    symbols: list[str] = []
    joined: list[str] = []
    for chunk in _read_signs(text).split():
        if not any(map(str.isalnum, chunk)):
            symbol = chunk.strip(_NO_SYMBOL) or chunk
            if len(symbol) > 1 or symbol not in _NO_SYMBOL + "!?":
                symbols.append(symbol)
            continue
        parts = _WORD.findall(chunk.replace("'", ""))
        if len(parts) > 1:
            joined.append("".join(parts)[:MAX_JOINED_LENGTH])
        if "'" in chunk:
            joined += _AFTER_APOSTROPHE.findall(chunk)
        for part in parts:
            if not part.isascii():
                part = part.translate(_LOOKALIKES) if _MIXED.match(part) else part  # noqa: PLW2901
                # A mark that the split has left alone is no word.
                words += (word for word in _UNSPACED.split(part) if any(map(str.isalnum, word)))
            else:
                words.append(part)
    return Analysis(tuple(_with_initials(words)), tuple(symbols), tuple(joined))


def _read_signs(text: str) -> str:
    """Signs that stand for letters or words are these."""
    if "." in text or "*" in text:
        text = _INITIALS.sub(lambda found: found[0].replace(".", "").replace("*", ""), text)
    if "*" in text:
        text = _HIDDEN.sub(lambda found: _uncovered(found[0]), text)
    if "$" in text:
        text = _DOLLARS.sub(lambda found: "s" * len(found[0]), text)
    if "'" in text:
        text = _N.sub(" n ", text)
    return _AND.sub("and", _SIGN.sub(lambda found: SIGNS[found[0]], text))


@lru_cache(maxsize=1000)
def _uncovered(word: str) -> str:
    """What is meant by ``f**k``; any other word as it is."""
    meant = re.compile(re.sub(r"\*+", lambda stars: f"[a-z]{{1,{len(stars[0]) + 1}}}", word))
    words = (swear + ending for ending in _ENDINGS for swear in _SWEARING)
    return next((other for other in words if meant.fullmatch(other)), word)


def _with_initials(words: Sequence[str]) -> Iterator[str]:
    """``r e m`` as one word, as it would be with dots; two letters may be anything."""
    run: list[str] = []
    for word in (*words, ""):
        if len(word) == 1 and word.isalpha() and not is_unspaced(word):
            run.append(word)
            continue
        yield from ["".join(run)] if len(run) >= _FEWEST_INITIALS else run
        run = []
        if word:
            yield word


def _grams(words: Sequence[str]) -> Iterator[str]:
    """Pairs of letters for scripts without spaces, also across a space, and the last letter of each run."""
    run: list[str] = []
    for word in (*words, ""):
        if word and is_unspaced(word):
            run += clusters(word)
        elif run:
            yield from (a + b for a, b in pairwise(run))
            yield run[-1]
            run = []
