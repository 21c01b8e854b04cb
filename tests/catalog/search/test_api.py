"""The same search for programs."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import Track
from tests.factories import make_separation, make_track

V1 = "/api/v1/"


def found(api: APIClient, path: str, **query: Any) -> list[str]:
    answer = api.get(f"{V1}{path}/", dict(query))
    assert answer.status_code == 200, answer.content
    return [row.get("title") or row["name"] for row in answer.json()["results"]]


def test_suggestions_of_every_kind(api: APIClient, songs: dict[str, Track]) -> None:
    answer = api.get(f"{V1}search/?q=queen&limit=1").json()
    queen = songs["Don't Stop Me Now"]
    assert answer == {
        "query": "queen",
        "corrected": None,
        "artists": [{"id": str(queen.artist_id), "name": "Queen", "slug": "queen"}],
        "albums": [{"id": str(queen.album_id), "title": "Jazz", "year": None, "artist": "Queen"}],
        "tracks": [{"id": str(queen.pk), "title": "Don't Stop Me Now", "artist": "Queen"}],
    }
    assert api.get(f"{V1}search/", {"q": "qeuen"}).json()["corrected"] == "queen"
    assert api.get(f"{V1}search/").json()["tracks"] == []


@pytest.mark.parametrize("query", [{"q": "x" * 201}, {"limit": 0}, {"limit": 21}, {"limit": "x"}])
def test_what_cannot_be_asked(api: APIClient, db: None, query: dict[str, Any]) -> None:
    assert api.get(f"{V1}search/", query).status_code == 400


def test_tracks_by_relevance_or_in_another_order(api: APIClient, songs: dict[str, Track]) -> None:
    make_track(title="A queen", artist="Zoe")
    assert found(api, "tracks", q="queen") == ["Don't Stop Me Now", "A queen", "Dancing Queen"]
    assert found(api, "tracks", q="queen", ordering="-title") == [
        "Don't Stop Me Now",
        "Dancing Queen",
        "A queen",
    ]
    assert found(api, "tracks", q="qeuen dancign") == ["Dancing Queen"]


def test_tracks_narrowed(api: APIClient, songs: dict[str, Track]) -> None:
    make_separation(songs["Help!"])
    beatles = songs["Help!"].artist
    assert found(api, "tracks", q="help", artist="the-beatles") == ["Help!"]
    assert found(api, "tracks", q="help", artist="queen") == []
    assert found(api, "tracks", q="comes", artist=beatles.pk, decade=1960) == ["Here Comes the Sun"]
    assert found(api, "tracks", q="comes", artist=beatles.pk, decade=1970) == []
    assert found(api, "tracks", q="beatles", model="compact:2stems") == ["Help!"]
    assert found(api, "tracks", q="help", album=songs["Help!"].album_id, model="compact:4stems") == []
    assert found(api, "tracks", genre="ROCK", decade=1965) == ["Help!", "Here Comes the Sun"]
    assert api.get(f"{V1}tracks/", {"decade": "x"}).status_code == 400


def test_artists_and_albums_by_relevance(api: APIClient, songs: dict[str, Track]) -> None:
    make_track(title="x", artist="A Queen of Somewhere")
    assert found(api, "artists", q="queen") == ["Queen", "A Queen of Somewhere"]
    assert found(api, "artists", q="queen", ordering="-name") == ["A Queen of Somewhere", "Queen"]
    assert found(api, "artists", q="bjrok") == ["Björk"]
    assert found(api, "albums", q="orila") == ["Orilla"]
    assert found(api, "albums", q="beatles abbey") == ["Abbey Road"]


def test_pages_of_what_was_found(api: APIClient, db: None, django_assert_max_num_queries: Any) -> None:
    for number in range(7):
        make_track(title=f"Tune {number}", artist=f"Maker {number}", album=f"Tunes {number}")
    for path in ("tracks", "artists", "albums"):
        with django_assert_max_num_queries(9):
            words = {"tracks": "tune", "artists": "maker", "albums": "tunes"}[path]
            first = api.get(f"{V1}{path}/?q={words}&page_size=3").json()
        assert (first["count"], len(first["results"])) == (7, 3)
        assert len(api.get(first["next"]).json()["results"]) == 3
