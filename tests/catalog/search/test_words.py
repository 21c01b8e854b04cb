"""Optional words, other spellings, and that the index keeps all of them."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client

from catalog.models import Album, Artist, Credit, Track
from catalog.search.index import found_in_index
from catalog.search.query import Query
from catalog.search.reindex import reindex
from catalog.search.service import find, find_names
from tests.catalog.search.conftest import Titles
from tests.factories import make_track

pytestmark = pytest.mark.django_db


def test_stop_words_help_to_rank(titles: Titles) -> None:
    for artist, plays in (("Lobos", 9), ("Los Lobos", 0), ("Santana", 0), ("The The", 0), ("The Others", 9)):
        make_track(title=f"By {artist}", artist=artist, plays=plays)
    assert titles("los lobos") == ["By Los Lobos", "By Lobos"]
    assert titles("lobos") == ["By Lobos", "By Los Lobos"]
    assert titles("the santana") == ["By Santana"]
    assert titles("the the")[0] == "By The The"


def test_of_too_many_songs_those_with_the_stop_words_are_among_the_first(titles: Titles) -> None:
    for number in range(9):
        make_track(title=f"Love {number}", artist=f"Somebody {number}")
    make_track(title="All of the love")
    make_track(title="The love of Sunday")
    for number in range(9, 18):
        make_track(title=f"Love {number}", artist=f"Somebody {number}")
    found = find("the love", AnonymousUser(), most=5)
    assert found.more
    assert titles("the love", most=5)[:2] == ["The love of Sunday", "All of the love"]


def test_artists_and_albums_are_found_likewise() -> None:
    track = make_track(title="x", artist="Simon & Garfunkel", album="Mrs. R.E.M. and P!nk's ❤️")
    assert find_names("artist", "the simon and garfunkel", AnonymousUser()) == [track.artist_id]
    for words in ("rem pink", "❤", "pinks rem"):
        assert find_names("album", words, AnonymousUser()) == [track.album_id], words
        assert list(found_in_index(Album.objects.all(), "album", words)) == [track.album]
    assert list(found_in_index(Artist.objects.all(), "artist", "simon y garfunkel")) == [track.artist]


def test_guests_that_nobody_credited_are_left_out(titles: Titles) -> None:
    make_track(title="Wonderwall", artist="Oasis")
    make_track(title="Supersonic", artist="Oasis")
    assert titles("wonderwall (feat. someone unheard)") == ["Wonderwall"]
    assert titles("wonderwall someone") == []


def test_of_three_words_one_may_be_too_many(titles: Titles, client: Client) -> None:
    make_track(title="Bohemian Rhapsody", artist="Queen")
    make_track(title="Dancing Queen", artist="ABBA")
    found = find("queen rhapsody zzzz", AnonymousUser())
    assert found.partly
    assert titles("queen rhapsody zzzz") == ["Bohemian Rhapsody"]
    assert "these have most of them" in client.get("/", {"q": "queen rhapsody zzzz"}).content.decode()
    assert not find("queen rhapsody", AnonymousUser()).partly
    assert titles("queen zzzz") == []


def test_two_words_are_also_looked_for_as_one(titles: Titles) -> None:
    make_track(title="Lovesick", artist="BLACKPINK")
    make_track(title="The black and the pink", artist="Somebody")
    assert titles("black pink") == ["The black and the pink", "Lovesick"]


def _index() -> list[tuple[object, ...]]:
    rows = []
    with connection.cursor() as cursor:
        for kind in ("artist", "album", "track"):
            cursor.execute(f"SELECT * FROM catalog_search_{kind}")  # noqa: S608  # names of ours
            names = [column[0] for column in cursor.description]
            rows += [
                tuple(v for n, v in zip(names, row, strict=True) if n != "doc") for row in cursor.fetchall()
            ]
    return sorted(rows, key=repr)


def test_triggers_write_what_a_new_index_has() -> None:
    """Renamed artists, albums and featured change the documents of all that names them."""
    track = make_track(title="Sön & Co", artist="AC/DC", album="L'été")
    assert track.album is not None
    guest = Artist.objects.get_or_create_by_name("Jay-Z")
    credit = Credit.objects.create(track=track, artist=guest)
    for row, field, name in (
        (track.artist, "name", "Ke$ha Ünlü"),
        (track.album, "title", "R.E.M. ❤"),
        (guest, "name", "夜に駆ける"),
        (track, "title", "Ke$ha"),
        (track, "title", "Ke ha"),  # the same key
    ):
        setattr(row, field, name)
        row.save()
        written = _index()
        reindex()
        assert _index() == written, name
    credit.delete()
    written = _index()
    reindex()
    assert _index() == written


def test_a_bulk_write_is_found_by_its_key_and_never_by_the_old_name(titles: Titles) -> None:
    make_track(title="P!nk", artist="AC/DC")
    Track.objects.update(title="Ke$ha", title_key="ke ha")
    assert titles("pink") == titles("kesha") == []
    assert titles("acdc") == titles("ke ha") == ["Ke$ha"]
    reindex()
    assert titles("kesha") == ["Ke$ha"]


def test_the_longest_names_of_any_script(titles: Titles) -> None:
    for letter in ("\ufdfa", "각", "𠮷", "💔", "が", "ﬃ", "a.", "ᄀ"):
        name = (letter * 255)[:255]
        make_track(title=name, artist=f"By {name}"[:255], album=name)
        assert find(name[:30], AnonymousUser()).ids, letter


@pytest.mark.parametrize(
    ("typed", "words", "optional"),
    [
        ("the beatles", ("beatles",), ("the",)),
        ("the the", ("the",), ()),
        ("la la la", ("la",), ()),
        ("Help ❤️", ("help",), ("❤",)),
        ("not me or you", ("not", "me", "or", "you"), ()),
    ],
)
def test_which_words_have_to_be_there(typed: str, words: tuple[str, ...], optional: tuple[str, ...]) -> None:
    query = Query.of(typed)
    assert (query.words, query.optional) == (words, optional)
