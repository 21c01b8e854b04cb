"""Words that differ by a typing error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.search.spelling import MIN_LENGTH, distance, error_score, keys, max_errors


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
    [("sol", 0), ("agua", 1), ("amores", 1), ("cancion", 2), ("canciones", 2), ("1999", 0), ("x" * 41, 0)],
)
def test_how_many_errors_are_forgiven(word: str, errors: int) -> None:
    assert max_errors(word) == errors


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


@pytest.mark.parametrize(
    ("typed", "word", "far"),
    [
        ("acce", "ace", (1, False, 3)),
        ("macload", "macleod", (2, False, 7)),
        ("macload", "nacleod", None),  # of two errors none is in the first letter, unless the word is long
        ("macload", "macleods", None),  # nor is the end left open
        ("beetles", "peatles", None),
        ("kanciones", "cancionis", (3, False, 9)),
        ("cancoin", "canciones", (1, True, 9)),
    ],
)
def test_what_can_have_been_meant(typed: str, word: str, far: tuple[int, bool, int] | None) -> None:
    assert error_score(typed, word) == far


@given(
    typed=st.text("abcd", min_size=1, max_size=10),
    word=st.text("abcd", min_size=1, max_size=13),
    most=st.integers(1, 2),
)
def test_distances_are_those_of_the_table(typed: str, word: str, most: int) -> None:
    """What is computed by bits is what comes out of the table letter by letter."""
    rows = [list(range(len(word) + 1))]
    for i, letter in enumerate(typed, start=1):
        row = [i]
        for j, other in enumerate(word, start=1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == other:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    whole, begun = rows[-1][-1], min(rows[-1])
    expected = (begun, True) if begun <= most and len(typed) > MIN_LENGTH else None
    assert distance(typed, word, most) == ((whole, False) if whole <= most else expected)
