"""What the API says about a track beyond its separations: performers, covers, plays."""

import uuid
from typing import Any

from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Artist, Track, Visibility
from catalog.uploads.featured_artists import credit
from tests.factories import make_track

TRACKS = "/api/v1/tracks/"


def test_a_track_names_its_performers_its_album_and_its_covers(api: APIClient, user: User) -> None:
    track = make_track(user, album="Orilla", cover="covers/aa/bb/aabbccdd.jpg", genre="Folk")
    credit(track, [Artist.objects.get_or_create_by_name("Ben"), Artist.objects.get_or_create_by_name("Zoé")])
    row = api.get(f"{TRACKS}{track.pk}/").json()
    assert [(each["name"], each["role"]) for each in row["artists"]] == [
        ("Ana Torres", "main"),
        ("Ben", "featured"),
        ("Zoé", "featured"),
    ]
    assert set(row["artists"][0]) == {"id", "name", "slug", "role"}
    assert row["album"]["artist"]["name"] == "Ana Torres"
    assert (row["genre"], row["plays"]) == ("Folk", 0)
    assert row["covers"] == {
        size: f"http://testserver/covers/{track.pk}/?size={size}&v=aabbccdd" for size in ("96", "320", "960")
    }
    bare = make_track(user, title="B")
    assert api.get(f"{TRACKS}{bare.pk}/").json()["covers"] is None


def test_performers_take_a_constant_number_of_queries(
    api: APIClient, user: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        track = make_track(user, title=f"Song {number}", album=f"Album {number}")
        credit(track, [Artist.objects.get_or_create_by_name(f"Guest {number}")])
    with django_assert_max_num_queries(6):
        assert len(api.get(TRACKS).json()["results"]) == 5


def test_a_play_counts_once_for_each_account_and_address(
    api: APIClient, api_of: Any, user: User, other: User
) -> None:
    track = make_track(user)
    address = f"{TRACKS}{track.pk}/plays/"
    assert api.post(address).json() == {"plays": 1}
    assert api.post(address).json() == {"plays": 1}
    assert api_of(user).post(address).json() == {"plays": 2}
    assert api_of(other).post(address).json() == {"plays": 3}
    assert api.get(address).status_code == 405


def test_plays_of_invisible_tracks_are_404(api: APIClient, api_of: Any, user: User) -> None:
    secret = make_track(user, visibility=Visibility.PRIVATE)
    for pk in (secret.pk, uuid.uuid4(), "x"):
        assert api.post(f"{TRACKS}{pk}/plays/").status_code == 404
    assert api_of(user).post(f"{TRACKS}{secret.pk}/plays/").json() == {"plays": 1}
    assert Track.objects.get().plays == 1
