"""What is found although it is not written as it stands there."""

import pytest
from django.contrib.auth.models import AnonymousUser

from catalog.models import Track
from catalog.search.service import find, find_names
from tests.catalog.search.conftest import Titles
from tests.factories import make_track


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("cancion", "Canción de agua"),
        ("CANCIÓN", "Canción de agua"),
        ("agua rios", "Canción de agua"),
        ("rios orilla cancion", "Canción de agua"),
        ("ríos, ana", "Canción de agua"),
        ("canc", "Canción de agua"),
        ("ana c", "Canción de agua"),
        ("cacnion", "Canción de agua"),
        ("canción de auga", "Canción de agua"),
        ("bjork", "Army of Me"),
        ("bjrok", "Army of Me"),
        ("army of", "Army of Me"),
        ("beatels sun", "Here Comes the Sun"),
        ("beatles heer comes", "Here Comes the Sun"),
        ("beattles sun", "Here Comes the Sun"),
        ("thunderstrcuk", "Thunderstruck"),
        ("tunderstruk", "Thunderstruck"),
        ("thundrstru", "Thunderstruck"),
        ("acdc", "Thunderstruck"),
        ("ac/dc", "Thunderstruck"),
        ("ac dc thunder", "Thunderstruck"),
        ("thunder struck", "Thunderstruck"),
        ("dont stop", "Don't Stop Me Now"),
        ("don't stop", "Don't Stop Me Now"),
        ("stop dont", "Don't Stop Me Now"),
        ("звезда", "Одинокая звезда"),
        ("кино одинок", "Одинокая звезда"),
        ("!!!", "!!!"),
        ("chk", "!!!"),
        ("help", "Help!"),
        ("lodz", "Łódź"),
        ("mo", "Sunday"),
        ("vibe acce", "Vibe Ace"),
        ("macload", "Vibe Ace"),
    ],
)
def test_found_first(songs: dict[str, Track], titles: Titles, words: str, title: str) -> None:
    assert titles(words)[:1] == [title]


@pytest.mark.parametrize("words", ["beatles queen", "xyzzy", "cat", "%", "_", "", "  ", "???", "sn"])
def test_not_everything_is_forgiven(songs: dict[str, Track], titles: Titles, words: str) -> None:
    assert titles(words) == []


@pytest.mark.parametrize(
    ("words", "corrected"),
    [
        ("beatels", "beatles"),
        ("beatels helpp", "beatles help"),
        ("dancing quene", "dancing queen"),
        ("thunder struck", "thunderstruck"),
        ("beatles", ""),
        ("qzxvkj", ""),
    ],
)
def test_what_was_looked_for_instead_is_said(songs: dict[str, Track], words: str, corrected: str) -> None:
    assert find(words, AnonymousUser()).corrected == corrected


def test_a_word_that_exists_elsewhere_is_corrected_where_it_finds_nothing(songs: dict[str, Track]) -> None:
    make_track(title="Quene", artist="Somebody")
    assert find("dancing quene", AnonymousUser()).corrected == "dancing queen"
    assert find("quene", AnonymousUser()).corrected == ""


def test_artists_and_albums(songs: dict[str, Track]) -> None:
    found = find("beatels", AnonymousUser())
    assert [row.name for row in found.artists()] == ["The Beatles"]
    assert {row.title for row in found.albums()} == {"Abbey Road", "Help!"}
    assert [row.title for row in find("abbey", AnonymousUser()).albums()] == ["Abbey Road"]
    assert find_names("artist", "qeuen", AnonymousUser()) == [songs["Don't Stop Me Now"].artist_id]
    assert find_names("album", "abey road", AnonymousUser()) == [songs["Here Comes the Sun"].album_id]


def test_where_others_misspelt_it_too_the_right_words_are_suggested(songs: dict[str, Track]) -> None:
    make_track(title="Help", artist="Beatels")
    for number in range(3):
        make_track(title=f"Beatles number {number}")
    found = find("beatels", AnonymousUser(), hints=True)
    assert (len(found.hits), found.corrected, found.suggested) == (1, "", "beatles")
    assert find("beatles", AnonymousUser(), hints=True).suggested == ""
    assert find("orilla", AnonymousUser(), hints=True).suggested == ""
