"""What comes first, and that common words stay cheap and good."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from catalog.models import Artist, Track
from catalog.search import service
from catalog.search.service import find
from tests.catalog.search.conftest import Titles
from tests.factories import make_track


def test_the_order_of_answers(titles: Titles, db: None) -> None:
    make_track(title="Something", artist="Lovers")
    make_track(title="Something else", artist="Somebody", album="Love")
    make_track(title="All you need is love", artist="Somebody")
    make_track(title="Love me do", artist="Somebody")
    make_track(title="Love", artist="Somebody")
    make_track(title="Lovely", artist="Somebody")
    assert titles("love") == [
        "Love",
        "Love me do",
        "All you need is love",
        "Something else",
        "Lovely",
        "Something",
    ]


def test_what_is_played_and_then_what_is_new(titles: Titles, db: None) -> None:
    for number, plays in ((1, 0), (2, 5), (3, 0)):
        row = make_track(title=f"Song {number}", plays=plays)
        Track.objects.filter(pk=row.pk).update(created_at=row.created_at + timedelta(days=number))
    assert titles("song") == ["Song 2", "Song 3", "Song 1"]


def test_artist_and_title_together_are_a_name(titles: Titles, songs: dict[str, Track]) -> None:
    make_track(title="Queen dancing to ABBA", artist="Somebody", plays=9)
    assert titles("abba dancing queen")[0] == titles("dancing queen abba")[0] == "Dancing Queen"


def test_a_name_is_the_same_with_a_space_for_its_apostrophe(titles: Titles, db: None) -> None:
    make_track(title="L'amour toujours", artist="Gigi")
    make_track(title="L'amour", artist="Gigi")
    for title in ("L'été, amour toujours", "Amour toujours"):
        make_track(title=title, artist="Somebody", plays=9)
    assert titles("l amour toujours")[0] in {"L'amour toujours", "Amour toujours"}
    assert "L'amour toujours" in titles("l amour toujours")[:2]
    assert titles("l amour")[0] == "L'amour"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if 5 documents were already too many."""
    monkeypatch.setattr(service, "MAX_HITS", 5)


def test_of_too_many_the_exact_and_the_played_are_found(few: None, titles: Titles, db: None) -> None:
    """Neither is among the documents that the index gives first, in whichever order that is."""
    for number in range(9):
        make_track(title=f"A love {number}")
    make_track(title="Love")
    make_track(title="One more love", plays=7)
    for number in range(9, 18):
        make_track(title=f"A love {number}")
    answer = find("love", AnonymousUser(), most=5)
    assert answer.more
    assert len(answer.hits) == 5
    assert titles("love", most=5)[0] == "Love"
    assert "One more love" in titles("love", most=5)


@pytest.mark.parametrize("words", ["a", "lo", "love", "the love", "love a", "xq", "loev", "!!!", "zzzzzzzz"])
def test_no_search_asks_more_for_more_songs(words: str, db: None, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        make_track(title=f"The love of A {number}", artist=f"Artist {number}")
    with django_assert_max_num_queries(6):
        service = find(words, AnonymousUser(), hints=True)
        service.artists()
    with django_assert_max_num_queries(2):
        assert service.facets.models == ()
    assert Artist.objects.count() == 30


def test_short_beginnings_find_names(songs: dict[str, Track], titles: Titles) -> None:
    assert titles("q")[0] == "Don't Stop Me Now"
    assert "Army of Me" in titles("ar")
    assert "Dancing Queen" in titles("ab")


def test_artists_that_are_played_come_first(db: None) -> None:
    for name, plays in (("The Bees", 0), ("Somebody of Berlin", 9), ("Beatrice", 0)):
        make_track(title="x", artist=name, plays=plays)
    assert [row.name for row in find("be", AnonymousUser()).artists()] == [
        "Beatrice",
        "Somebody of Berlin",
        "The Bees",
    ]
