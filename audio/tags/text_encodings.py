"""Detect the encoding in which old programs wrote names.

Text that ID3 declares as Latin-1 is often in the Windows code page of the place where the file was made; ID3v1, RIFF
INFO and APEv1 declare nothing. Until the encoding is known, each byte above 127 of such a text is a surrogate escape
(PEP 383), which no real text contains.

UTF-8 is recognised by its form. Else chardet examines all texts of a file together, and its answer is checked against
the letters that names consist of: garbling a correct name is worse than leaving a garbled one, which a person can fix.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

WESTERN: Final = "cp1252"
RECOGNISED: Final = ("utf-8", WESTERN, "cp1250", "cp1251", "cp1253", "cp932", "big5hkscs", "gb18030", "cp949")
# What people may choose besides.
OTHERS: Final = ("cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "koi8-r", "cp866", "euc_jp")
ENCODINGS: Final = RECOGNISED + OTHERS

_ID3V1: Final = 30  # bytes at which ID3v1 cuts, letters or not
_CUT_FROM: Final = 600  # and we, for what is looked at
_MOST: Final = 20  # texts
_CLEARLY: Final = 1.5  # times as likely as Western, where both write accents on Latin letters
# Instead of these, where that many signs can all be read as Hangul, and Korean is so many times as likely.
_RATHER_KOREAN: Final = {"gb18030": (4, 0.7), "big5hkscs": (7, 0.4)}
# Read as Central European, these are letters that few names there have: "Titãs" is not "Tităs", "Soñé" not "Sońé".
_RATHER_WESTERN = re.compile("[\xe0\xe3\xe5]|\xf1(?=[aeio\xe1\xe9\xed\xf3])", re.IGNORECASE)
_FEWEST_LETTERS: Final = 4  # of Cyrillic or Greek that prove anything
_FEWEST_SIGNS: Final = 2  # of Chinese or Korean: one may be two letters with accents
_WORD = re.compile(r"[^\W\d_]+")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HAN = re.compile("[\u2e80-\u2fff\u3400-\u9fff\uf900-\ufaff]")
_BESIDE_LATIN = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f]|[^\x00-\x7f](?=[A-Za-z])")
_IN_WORDS = re.compile(
    "(?<=[^\\W\\d_])[\xb3\xb9\xbf\xbe\xbc\xba\xaa]|[\xa3\xa5\xaf](?=[a-z])"
)  # signs, not letters


def undecided_bytes(raw: bytes) -> str:
    """Decode ``raw`` with each byte above 127 as a surrogate escape."""
    return raw.decode("ascii", "surrogateescape")


def mark_undecided(text: str) -> str:
    """Return ``text`` as it is, or all of it undecided if it contains surrogate escapes (invalid UTF-8)."""
    if text.isascii() or not _has_escapes(text):
        return text
    return undecided_bytes(text.encode("utf-8", "surrogateescape"))


def raw(text: str) -> bytes:
    """Return the bytes of an undecided or ASCII text. Raises ``UnicodeEncodeError`` for any other."""
    return text.encode("ascii", "surrogateescape")


def is_undecided(text: str) -> bool:
    """Whether the encoding of ``text`` must be detected."""
    return not text.isascii() and _has_escapes(text)


def decode(data: bytes, encoding: str) -> str:
    """Decode ``data``; what does not fit becomes U+FFFD, and is left out at the end, where names are cut.

    Raises ``LookupError`` for what is not in ``ENCODINGS``.
    """
    if encoding not in ENCODINGS:
        raise LookupError(encoding)
    return data.decode(encoding, "replace").rstrip("\ufffd")


def detect(texts: Sequence[bytes]) -> str:
    """Return the most probable encoding, one of ``RECOGNISED``, of all ``texts`` of a file."""
    bodies = list(_bodies(texts))
    if any(_fits(body, "utf-8") for body in bodies):
        return "utf-8"
    if any(map(_is_japanese, bodies)):
        return "cp932"
    likely: dict[str, tuple[float, bytes]] = {}
    for body in bodies:
        for encoding, confidence in _detect_candidates(body):
            if encoding in RECOGNISED and _fits(body, encoding):
                likely[encoding] = max(likely.get(encoding, (0.0, b"")), (confidence, body))
    western, korean = (likely.get(name, (0.0, b""))[0] for name in (WESTERN, "cp949"))
    for encoding, (confidence, body) in sorted(likely.items(), key=lambda one: -one[1][0]):
        syllables, nearly = _RATHER_KOREAN.get(encoding, (0, 0.0))
        if syllables and _is_korean(body, syllables) and korean >= nearly * confidence:
            return "cp949"
        if _is_plausible(body, encoding, confidence, western):
            return encoding
    return WESTERN


def _bodies(texts: Sequence[bytes]) -> Iterator[bytes]:
    """Return all texts joined, and the same without a possibly incomplete letter at the end of texts that were cut."""
    cut = [len(text) >= _CUT_FROM or len(text) == _ID3V1 for text in texts]
    for less in range(3 if any(cut) else 1):
        kept = [
            text[: min(len(text), _CUT_FROM) - (less if was_cut else 0)]
            for text, was_cut in zip(texts, cut, strict=True)
        ]
        body = b"\n".join(kept[:_MOST])
        if not body.isascii():
            yield body


def _detect_candidates(body: bytes) -> Iterator[tuple[str, float]]:
    """Return chardet's answers with their confidence."""
    import chardet  # noqa: PLC0415 - its models take 40 MB, which processes that only decode can do without

    for one in chardet.detect_all(
        body,
        ignore_threshold=True,
        compat_names=False,
        include_encodings=RECOGNISED[1:],
        no_match_encoding=WESTERN,
    ):
        yield str(one["encoding"]), float(one["confidence"] or 0)


def settle(found: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]], str]:
    """Return the values of ``found``, undecided ones in one encoding; their bytes (as Latin-1); that encoding.

    Values are texts, or lists of texts. Nothing and an empty encoding where nothing was undecided.
    """
    bytes_of: dict[str, list[bytes]] = {}
    for field, value in found.items():
        texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
        if any(map(is_undecided, texts)):
            bytes_of[field] = [
                raw(text) if text.isascii() or is_undecided(text) else text.encode() for text in texts
            ]
    if not bytes_of:
        return dict(found), {}, ""
    encoding = detect([text for texts in bytes_of.values() for text in texts])
    settled = dict(found) | {
        field: _with_shape_of(found[field], [decode(text, encoding) for text in texts])
        for field, texts in bytes_of.items()
    }
    return (
        settled,
        {name: [text.decode("latin-1") for text in texts] for name, texts in bytes_of.items()},
        encoding,
    )


def _with_shape_of(like: object, texts: list[str]) -> Any:
    return texts if isinstance(like, list) else texts[0]


def warm_up() -> None:
    """Load every codec and chardet's models before the sandbox closes."""
    for encoding in ENCODINGS:
        "x".encode(encoding)
        b"\xe9\xe9".decode(encoding, "replace")
    detect(["\u0416\u0443\u043a".encode("cp1251")])


def _has_escapes(text: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in text)


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_plausible(body: bytes, encoding: str, confidence: float, western: float) -> bool:
    text = body.decode(encoding)
    if encoding == "cp1250":
        latin = body.decode(WESTERN, "replace")
        if _IN_WORDS.search(latin):
            return True
        differs = _RATHER_WESTERN.sub("", latin)
        return (
            confidence >= _CLEARLY * western
            and differs.encode(WESTERN, "replace").decode(encoding) != differs
        )
    if encoding in {"cp1251", "cp1253"}:
        # Latin letters with accents stand among plain ones, those of Greeks and Slavs by themselves.
        words = [word for word in _WORD.findall(text) if len(word) > 1 and not word.isascii()]
        pure = [word for word in words if not any(char.isascii() for char in word)]
        letters = "".join(pure)  # three alone may be Danish or German ones
        return 2 * len(pure) > len(words) and len(letters) >= _FEWEST_LETTERS and len(set(letters)) > 2
    if encoding == WESTERN:
        return True
    # What looks like Chinese between Latin letters is an accent and the letter after it.
    signs = sum(not char.isascii() for char in text)
    if signs < _FEWEST_SIGNS or 2 * len(_BESIDE_LATIN.findall(text)) >= signs:
        return False
    return encoding != "cp949" or not _HAN.search(text)  # Koreans no longer write it


def _is_japanese(body: bytes) -> bool:
    """Whether there are kana, whose lead bytes occur in no word of other languages."""
    if not _fits(body, "cp932"):
        return False
    text = body.decode("cp932")
    return len(_KANA.findall(text)) >= max(2, sum(not char.isascii() for char in text) / 4)


def _is_korean(body: bytes, syllables: int) -> bool:
    """Whether all of it decodes to Hangul, which also happens to short Chinese names."""
    if not _fits(body, "cp949"):
        return False
    text = body.decode("cp949")
    return len(_HANGUL.findall(text)) >= syllables and not _HAN.search(text)
