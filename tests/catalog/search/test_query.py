"""MATCH expressions, and that every character can be looked for in the index of either database."""

import unicodedata
from uuid import uuid4

import pytest
from django.db import connection

from catalog.search.characters import FOLDED
from catalog.search.index import matching
from catalog.search.postgres import LONGEST_PREFIX, tsquery
from catalog.search.query import Query, all_but, all_of, any_of, prefix, token

_SAMPLED = 64  # of code points without a character


def test_expressions() -> None:
    assert any_of([token("rock"), prefix("que")]) == '("rock" OR "que"*)'
    assert all_of([token("rock"), prefix('7"')]) == '"rock" AND "7"""*'
    assert any_of([token("rock")]) == all_of([token("rock")]) == '"rock"'
    assert any_of([]) == ""


@pytest.mark.parametrize(("most", "few"), [(2, 1), (3, 1), (5, 1), (5, 2), (6, 2), (8, 2)])
def test_all_but_a_few(most: int, few: int) -> None:
    """As Python reads the expression, it is true for those that lack no more than so many."""
    assert all_but(['"a"', '"b"', '"c"'], 1) == '("b" AND "c" OR "a" AND ("b" OR "c"))'
    expression = all_but([f"(n & {1 << at} != 0)" for at in range(most)], few)
    code = compile(expression.replace(" AND ", " and ").replace(" OR ", " or "), "expression", "eval")
    true = [n for n in range(1 << most) if eval(code, {"n": n})]  # noqa: S307  # written above
    assert true == [n for n in range(1 << most) if most - n.bit_count() <= few]


@pytest.mark.parametrize(
    ("typed", "expression"),
    [
        ("queen", '("queen"* OR "#=queen")'),
        ("the 40 queens", '("40" OR "forty" OR "cuarenta") AND ("queens"* OR "#=queens")'),
        ("queen u", '("queen"* OR "#=queen")'),
        ("夜に咲", '"夜に" AND "に咲"*'),
    ],
)
def test_match(typed: str, expression: str) -> None:
    assert Query.of(typed).match() == expression
    assert Query.of(typed, ["#d1990"]).match() == f'{expression} AND "#d1990"'


@pytest.mark.parametrize(
    ("match", "text"),
    [
        ('"rock"', "'rock.'"),
        ('("que"* OR "#=que") AND "#d1990"', "('que' | '#=que.') & '#d1990.'"),
        ('"don\'t\\"', "'don''t\\\\.'"),
        ('"7"""', "'7\".'"),
        (f'"{"x" * (LONGEST_PREFIX + 1)}"*', f"'{'x' * (LONGEST_PREFIX + 1)}':*"),
    ],
)
def test_tsquery(match: str, text: str) -> None:
    assert tsquery(match) == text


def _words_of_all_characters() -> list[str]:
    """What each code point is read as; most of those without a character are left out."""
    return sorted(
        {
            word
            for code in range(0x110000)
            if code % _SAMPLED == 0 or unicodedata.category(chr(code)) not in {"Cn", "Co", "Cs"}
            for word in chr(code).translate(FOLDED).split()
        }
    )


@pytest.mark.django_db
def test_every_character_is_found_alone_and_within_a_word() -> None:
    words = _words_of_all_characters()
    assert len(words) > 100_000
    for start in range(0, len(words), 2000):
        batch = words[start : start + 2000]
        batch += [f"1{word}1" for word in batch]
        key = uuid4()
        with connection.cursor() as cursor:
            target = str(key) if connection.vendor == "postgresql" else key.hex
            cursor.execute(
                "INSERT INTO catalog_search_artist (target, name, spellings) VALUES (%s, '', %s)",
                [target, " ".join(batch)],
            )
            found = matching(connection, "artist", "d.target", all_of([*map(token, batch), prefix(batch[0])]))
            cursor.execute(*found)
            assert [row[0] for row in cursor.fetchall()] == [
                key if connection.vendor == "postgresql" else key.hex
            ]
            cursor.execute("DELETE FROM catalog_search_artist")
