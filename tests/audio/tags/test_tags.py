import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.tags import cover
from audio.tags.cleaning import clean_number, clean_text, clean_year, from_mapping
from audio.types import Tags


@pytest.mark.parametrize(
    ("given_text", "cleaned"),
    [
        ("  a \t b\r\nc ", "a b c"),
        ("Cafe\u0301", "Café"),
        ("\u202eevil\u2066", "evil"),
        ("a\x00\x1b[31m\x9bb", "a[31mb"),
        ("\ud800x", "x"),
        ("\ufeffBOM\ufffe", "BOM"),
        ("👩\u200d🎤", "👩\u200d🎤"),
        ("z" + "\u0316" * 50, "z" + "\u0316" * 4),
        ("x" * 999, "x" * 255),
        ("\u200b\u200d", None),
        ("", None),
        (None, None),
        (7, "7"),
    ],
)
def test_text(given_text: object, cleaned: str | None) -> None:
    assert clean_text(given_text) == cleaned


@given(st.text())
def test_cleaning_is_stable_and_storable(text: str) -> None:
    once = clean_text(text)
    if once is not None:
        once.encode()
        assert "\x00" not in once
        assert 0 < len(once) <= 255
        assert clean_text(once) == once


@pytest.mark.parametrize(
    ("text", "number"),
    [("3/12", 3), ("03", 3), (0, None), ("", None), ("-1", None), ("A1", None), (7, 7), ("99999", None)],
)
def test_numbers(text: object, number: int | None) -> None:
    assert clean_number(text) == number


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2004-05-01", 2004),
        ("01/05/1999", 1999),
        (2011, 2011),
        ("19991231", None),
        ("99", None),
        (None, None),
    ],
)
def test_years(text: object, year: int | None) -> None:
    assert clean_year(text) == year


def test_from_mapping_accepts_any_values() -> None:
    assert from_mapping({"title": " T ", "year": "2001", "track_number": "1/2", "junk": object()}) == Tags(
        title="T", year=2001, track_number=1
    )


def test_invalid_pictures_are_refused() -> None:
    assert cover.reencode(b"") == ()
    assert cover.reencode(b"\xff\xd8\xff" + bytes(100)) == ()
