"""The search page: what it shows, marks, offers and narrows."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Track
from catalog.search.facets import Filters
from catalog.search.query import Query
from catalog.templatetags.search_marks import marked
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db


def shown(client: Client, **query: Any) -> str:
    answer = client.get("/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize(
    ("text", "typed", "html"),
    [
        ("Canción de agua", "cancion", "<mark>Canción</mark> de agua"),
        ("Canción de agua", "canci ag", "<mark>Canci</mark>ón de <mark>ag</mark>ua"),
        ("Cancio\u0301n", "cancio", "<mark>Cancio\u0301</mark>n"),
        ("<b>Help</b>", "help", "&lt;b&gt;<mark>Help</mark>&lt;/b&gt;"),
        ("Straße", "stras", "<mark>Straß</mark>e"),
        ("Help", "xyz", "Help"),
        ("AC/DC & Co", "d dc", "AC/<mark>DC</mark> &amp; Co"),
        ("Unhelped Helping", "help", "Unhelped <mark>Help</mark>ing"),
        ("Rock_Opera", "opera", "Rock_<mark>Opera</mark>"),
        ("!!!", "!!!", "!!!"),
        ("Don't Stop", "dont sto", "<mark>Don&#x27;t</mark> <mark>Sto</mark>p"),
        ("L'amour", "amour", "L&#x27;<mark>amour</mark>"),
        ("Ke$ha", "kesha", "<mark>Ke$ha</mark>"),
        ("AC/DC", "acdc", "<mark>AC/DC</mark>"),
        ("夜に駆ける", "駆け", "夜に<mark>駆け</mark>る"),
        ("Nights: 鄧麗君", "邓丽君", "Nights: <mark>鄧麗君</mark>"),
        ("तेरे लिए", "लिए", "तेरे <mark>लिए</mark>"),
        ("봄날", "봄", "<mark>봄</mark>날"),
    ],
)
def test_marks(text: str, typed: str, html: str) -> None:
    assert marked(text, Query.of(typed)) == html


def test_songs_artists_and_albums_with_marks(client: Client, songs: dict[str, Track]) -> None:
    page = shown(client, q="beatles")
    assert "The <mark>Beatles</mark>" in page
    assert "2 songs" in words(page)
    assert reverse("artist", args=["the-beatles"]) in page
    fragment = shown(client, q="beatles", fragment="results")
    assert "<html" not in fragment
    assert "<mark>Beatles</mark>" in fragment


def test_a_correction_is_announced(client: Client, songs: dict[str, Track]) -> None:
    page = words(shown(client, q="beatels"))
    assert "Showing results for beatles" in page
    assert "nothing was found for “beatels”" in page


def test_nothing_found_offers_to_bring_it(client: Client, songs: dict[str, Track]) -> None:
    page = shown(client, q="<xyzzy>")
    assert "Nothing found for “&lt;xyzzy&gt;”" in page
    assert reverse("upload") in page


def test_narrowing_by_genre_decade_and_model(client: Client, songs: dict[str, Track]) -> None:
    make_separation(songs["Help!"], model="compact:4stems")
    assert 'href="?q=the+beatles&amp;narrow=1"' in shown(client, q="the beatles")
    page = shown(client, q="the beatles", narrow="1")
    assert "?q=the+beatles&amp;decade=1960" not in page  # both are of that decade
    assert "?q=the+beatles&amp;model=compact%3A4stems" in page
    narrow = shown(client, q="the beatles", model="compact:4stems")
    assert "1 song" in words(narrow)
    assert 'href="/?q=the+beatles"' in narrow  # the chip that takes it off
    assert "Nothing found" in shown(client, q="the beatles", model="compact:2stems")
    assert "2 songs" in words(shown(client, q="queen", decade="1978"))
    assert "Nothing found" in shown(client, q="queen", decade="1980")
    assert "Dancing" in shown(client, q="queen", genre="POP")


def test_filters_without_words(client: Client, songs: dict[str, Track]) -> None:
    assert "3 songs" in words(shown(client, genre="rock"))
    assert "2 songs" in words(shown(client, decade="1960"))
    assert "Thunderstruck" in shown(client, genre="hard rock", decade="1990")


def test_a_model_alone_narrows_everything(client: Client, songs: dict[str, Track]) -> None:
    make_separation(songs["Help!"])
    page = words(shown(client, model="compact:2stems"))
    assert "1 song" in page
    assert "Help!" in page


def test_pages(client: Client) -> None:
    for number in range(30):
        make_track(title=f"Tune {number:02}")
    assert "1 of 2" in words(shown(client, q="tune"))
    second = shown(client, q="tune", page="2")
    assert "Tune 00" in words(second)
    assert "q=tune" in second


def test_filters_from_an_address() -> None:
    assert Filters.of({"decade": "1987", "genre": "Hip-Hop"}).tags == ["#g#hip#hop", "#d1980"]
    assert not Filters.of({"decade": "x", "genre": "", "model": ""})


def test_as_many_queries_for_many_songs_as_for_few(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(26):
        make_separation(
            make_track(title=f"Tune {number}", artist=f"Tune maker {number}", album=f"Tunes {number}")
        )
    with django_assert_max_num_queries(7):
        client.get("/", {"q": "tune"})
    with django_assert_max_num_queries(9):
        client.get("/", {"q": "tune", "narrow": "1"})
