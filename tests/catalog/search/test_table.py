"""The table of queries (see ``benchmarks/search``): nearly all find their song on the first page, in each class."""

import pytest
from django.db import transaction

from benchmarks.search.table import fill, first_page, missed, queries, songs

ENOUGH_SONGS = 0.95


def test_the_table_is_about_songs_that_it_has() -> None:
    known = {(song.artist, song.title) for song in songs()}
    assert [query for query in queries() if (query.artist, query.title) not in known] == []
    assert len(queries()) > 300
    assert len({query.kind for query in queries()}) > 20


@pytest.mark.django_db
def test_songs_are_found_on_the_first_page() -> None:
    with transaction.atomic():
        fill(songs())
    found = missed(first_page)
    too_few = {
        kind: wrong for kind, (asked, wrong) in found.items() if len(wrong) > (1 - ENOUGH_SONGS) * asked
    }
    assert too_few == {}
