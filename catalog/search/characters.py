# ruff: noqa: RUF001  # letters of many scripts
"""How single characters are compared: one table from each to what is indexed and looked for."""

import unicodedata
from functools import lru_cache
from importlib import resources
from typing import Final

APOSTROPHES: Final = "'\u2019\u2018\u02bc\u02bb\u02b9`\u00b4\u2032\uff07\ua78c\u05f3\u05f4"
_PLAIN = (
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ħ": "h",
        "ŧ": "t",
        "ƒ": "f",
        "ı": "i",
    }
    # Arabic letters that are written for one another, and Persian forms of the same
    | {"ٱ": "ا", "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ھ": "ه", "ە": "ه", "ء": "", "ـ": ""}
    # nasal vowels of Devanagari
    | {"\u0901": "\u0902"}
    # Hebrew letters at the end of a word, small kana
    | dict(zip("ךםןףץぁぃぅぇぉっゃゅょゎ", "כמנפצあいうえおつやゆよわ", strict=True))
)
# As people write these where there is no key for them.
_SPELT_OUT = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
# Marks that only modify a letter: of Latin, Greek, Cyrillic, Hebrew, Arabic, of kana, and the dots below Indic letters.
# All others, as the vowels of Indic and South East Asian scripts, are letters.
_MODIFIERS = (
    *((code, code) for code in (0x93C, 0x9BC, 0xA3C, 0xABC, 0xB3C, 0xCBC)),
    *((0x300, 0x36F), (0x483, 0x489), (0x591, 0x5C7), (0x610, 0x61A), (0x64B, 0x65F), (0x670, 0x670)),
    *((0x6D6, 0x6ED), (0x8D3, 0x8FF), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF)),
    *((0x3099, 0x309A), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0x1F3FB, 0x1F3FF), (0xE0100, 0xE01EF)),
)
_BY_KIND = {"Pd": "-", "Po": "-", "Cf": "", "Cs": ""}  # what else is no letter stands between words
_EMOJI = range(0x1F000, 0x20000)  # some are newer than Python's tables
_KATAKANA = range(0x30A1, 0x30F7)
_TO_HIRAGANA = 0x60
_KEPT = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~€£¥")  # what ``analysis.py`` reads
# No letter or digit, yet looked for: daggers are punctuation to Unicode.
_SYMBOLS = frozenset("†‡※♯")

# Scripts that are written without spaces, or in which these are optional.
UNSPACED: Final = (
    "\u0e01-\u0e4e\u0e81-\u0edf\u1000-\u109f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f"
    "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)


class _Table(dict[int, str]):
    """For ``str.translate``; what a character becomes is found out when it is first seen."""

    def __init__(self, spelt_out: dict[str, str]) -> None:
        super().__init__()
        self._spelt_out = spelt_out

    def __missing__(self, code: int) -> str:
        self[code] = found = self._spelt_out.get(chr(code).lower()) or _folded(chr(code))
        return found


def _folded(character: str) -> str:
    if character in APOSTROPHES:
        return "'"
    parted = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(map(_single, parted))


def _single(letter: str) -> str:
    """One letter as it is compared; symbols stand apart, other punctuation is one of ASCII's."""
    code = ord(letter)
    if any(first <= code <= last for first, last in _MODIFIERS):
        return ""
    if code in _KATAKANA:
        letter = chr(code - _TO_HIRAGANA)
    elif code >= 0x3400:
        letter = _simplified().get(letter, letter)
    if letter in _PLAIN:
        return _PLAIN[letter]
    kind = unicodedata.category(letter)
    if kind == "Nd":
        return str(unicodedata.decimal(letter))
    if letter in _KEPT or kind[0] in "LNM":
        return letter
    if kind[0] == "S" or letter in _SYMBOLS or code in _EMOJI:
        return f" {letter} "
    return _BY_KIND.get(kind, " ")


@lru_cache
def _simplified() -> dict[str, str]:
    """Chinese signs to their simplified form, Japanese ones by way of the traditional: OpenCC's tables."""
    found = _signs("TSCharacters.txt")
    for traditional, japanese in _signs("JPVariants.txt").items():
        found.setdefault(japanese, found.get(traditional, traditional))
    return found


def _signs(name: str) -> dict[str, str]:
    lines = resources.files("opencc").joinpath("dictionary", name).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if "\t" in line)
    return {sign: other.split()[0] for sign, other in pairs}


FOLDED: Final = _Table({})
SPELT_OUT: Final = _Table(_SPELT_OUT)
SPELT_OUT_LETTERS: Final = frozenset(_SPELT_OUT)
