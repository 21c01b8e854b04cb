"""Words that differ by a typing error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.search.near import allowed, distance, keys


@pytest.mark.parametrize(
    ("typed", "word", "errors"),
    [
        ("beatels", "beatles", (1, False)),
        ("beatls", "beatles", (1, False)),
        ("beeatles", "beatles", (1, False)),
        ("beotles", "beatles", (1, False)),
        ("beatel", "beatles", (1, True)),
        ("cancoin", "canciones", (1, True)),
        ("boetels", "beatles", None),
        ("abcd", "wxyz", None),
    ],
)
def test_distance(typed: str, word: str, errors: tuple[int, bool] | None) -> None:
    assert distance(typed, word, 1) == errors


@pytest.mark.parametrize(
    ("word", "errors"),
    [("sol", 0), ("agua", 1), ("cancion", 1), ("canciones", 2), ("1999", 0), ("x" * 41, 0)],
)
def test_how_many_errors_are_forgiven(word: str, errors: int) -> None:
    assert allowed(word) == errors


@given(
    word=st.text("abc", min_size=4, max_size=7),
    at=st.integers(0, 6),
    letter=st.sampled_from("abc"),
    how=st.integers(0, 3),
)
def test_one_error_is_always_found_by_a_key(word: str, at: int, letter: str, how: int) -> None:
    at %= len(word)
    typed = {
        0: word[:at] + word[at + 1 :],
        1: word[:at] + letter + word[at:],
        2: word[:at] + letter + word[at + 1 :],
        3: word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    }[how]
    assert keys(word) & keys(typed)
    assert distance(typed, word, 1) is not None
