"""Artists and albums by the API."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Album, Artist, Visibility
from catalog.redirects import Kind, add_redirect
from tests.factories import make_track

ARTISTS = "/api/v1/artists/"
ALBUMS = "/api/v1/albums/"


@pytest.mark.django_db
def test_artists_with_counts_by_name(api: APIClient) -> None:
    make_track(artist="Zoé", album="One")
    make_track(artist="Ana Torres", album="One")
    make_track(artist="Ana Torres", album="Two", title="B")
    make_track(artist="Ana Torres", title="C")
    rows = api.get(ARTISTS).json()["results"]
    assert [(row["name"], row["track_count"], row["album_count"]) for row in rows] == [
        ("Ana Torres", 3, 2),
        ("Zoé", 1, 1),
    ]
    one = api.get(f"{ARTISTS}{rows[0]['id']}/")
    assert one.status_code == 200
    assert one.json() == rows[0]
    assert set(one.json()) == {"id", "name", "slug", "sort_name", "track_count", "album_count"}


@pytest.mark.django_db
def test_albums_with_artist_and_count(api: APIClient) -> None:
    track = make_track(album="Orilla", cover="covers/aa/bb/aabb.jpg")
    make_track(album="Orilla", title="B")
    row = api.get(ALBUMS).json()["results"][0]
    assert (row["title"], row["track_count"], row["artist"]["name"]) == ("Orilla", 2, "Ana Torres")
    assert row["cover"] == f"http://testserver/covers/{track.pk}/"
    assert row["covers"]["96"] == f"http://testserver/covers/album/{row['id']}/?size=96&v=aabb"
    assert row["compilation"] is False
    assert api.get(f"{ALBUMS}{row['id']}/").json() == row


@pytest.mark.django_db
@pytest.mark.parametrize(("words", "found"), [("ANA", 1), ("tórres ana", 1), ("bob", 0), ("%", 0), ("_", 0)])
def test_search_by_words(api: APIClient, words: str, found: int) -> None:
    make_track(artist="Ana Torres", album="Orilla")
    for path in (ARTISTS, ALBUMS):
        assert api.get(path, {"q": words}).json()["count"] == found


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["x" * 201, "a\x00b"])
def test_words_that_cannot_be_searched_for(api: APIClient, words: str) -> None:
    for path in (ARTISTS, ALBUMS):
        answer = api.get(path, {"q": words})
        assert answer.status_code == 400
        assert "q" in answer.json()["fields"]


def test_a_name_known_from_private_tracks_only_is_its_owners(
    api: APIClient, api_of: Any, user: User, other: User
) -> None:
    make_track(user, artist="Secret", album="Hidden", visibility=Visibility.PRIVATE)
    make_track(user, artist="Both", album="Open", title="A")
    make_track(user, artist="Both", album="Open", title="B", visibility=Visibility.PRIVATE)
    for path, row in (
        (ARTISTS, Artist.objects.get(name="Secret")),
        (ALBUMS, Album.objects.get(title="Hidden")),
    ):
        for client in (api, api_of(other)):
            assert client.get(path).json()["count"] == 1
            assert client.get(path).json()["results"][0]["track_count"] == 1
            unseen, unknown = client.get(f"{path}{row.pk}/"), client.get(f"{path}{user.pk}/")
            assert unseen.status_code == unknown.status_code == 404
            assert unseen.content == unknown.content
        assert api_of(user).get(path).json()["count"] == 2
        assert api_of(user).get(f"{path}{row.pk}/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", [ARTISTS, ALBUMS])
def test_malformed_ids_and_unknown_methods(api: APIClient, path: str) -> None:
    for identifier in ("0", "x", "%00", "..", "%2e%2e%2f", "a" * 5_000):
        assert api.get(f"{path}{identifier}/").status_code == 404
    assert api.post(path, {}).status_code in {401, 405}
    assert api.delete(path).status_code in {401, 405}


def test_lists_take_a_constant_number_of_queries(
    api: APIClient, db: None, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        make_track(artist=f"Artist {number}", album=f"Album {number}")
    for path in (ARTISTS, ALBUMS):
        with django_assert_max_num_queries(2):
            api.get(path)


@pytest.mark.django_db
def test_lists_by_letter_and_in_reverse(api: APIClient) -> None:
    for name in ("The Zebras", "Ana", "Änne", "2 Minutos"):
        make_track(artist=name, album=name)

    def names(path: str, field: str, **query: str) -> list[str]:
        return [row[field] for row in api.get(path, query).json()["results"]]

    for path, field in ((ARTISTS, "name"), (ALBUMS, "title")):
        assert names(path, field) == ["2 Minutos", "Ana", "Änne", "The Zebras"]
        assert names(path, field, letter="A") == ["Ana", "Änne"]
        assert names(path, field, letter="0") == ["2 Minutos"]
        assert names(path, field, ordering=f"-{field}") == ["The Zebras", "Änne", "Ana", "2 Minutos"]
        for wrong in ({"letter": "ab"}, {"letter": "é"}, {"ordering": "slug"}):
            assert api.get(path, wrong).status_code == 400
    assert names(ALBUMS, "title", ordering="-created_at")[0] == "2 Minutos"
    assert names(ALBUMS, "title", artist="ana") == ["Ana"]


@pytest.mark.django_db
def test_merged_ids_redirect(api: APIClient, user: User) -> None:
    track = make_track(album="Orilla")
    assert track.album is not None
    secret = make_track(user, title="S", artist="Secret", album="S", visibility=Visibility.PRIVATE)
    assert secret.album is not None
    old = uuid.uuid4()
    for kind, path, row, hidden in (
        (Kind.ARTIST, ARTISTS, track.artist, secret.artist),
        (Kind.ALBUM, ALBUMS, track.album, secret.album),
        (Kind.TRACK, "/api/v1/tracks/", track, secret),
    ):
        add_redirect(kind, old, row.pk)
        answer = api.get(f"{path}{old}/", {"x": "1"})
        assert answer.status_code == 301
        assert answer.headers["Location"] == f"http://testserver{path}{row.pk}/?x=1"
        assert answer.headers["Cache-Control"] == "no-cache"
        add_redirect(kind, old, hidden.pk)
        unknown = api.get(f"{path}{uuid.uuid4()}/")
        unseen = api.get(f"{path}{old}/")
        assert (unseen.status_code, unseen.content) == (404, unknown.content)
    add_redirect(Kind.TRACK, old, track.pk)
    assert api.delete(f"/api/v1/tracks/{old}/").status_code in {401, 404}
