"""Tracks by the API: finding, reading, changing and letting go."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Track, Upload, Visibility
from separation.models import Separation, Status
from tests.factories import add_claim, make_separation, make_track

TRACKS = "/api/v1/tracks/"


@pytest.fixture
def curator(db: None) -> User:
    person = User.objects.create_user("carla@example.org", "a long enough one")
    person.user_permissions.add(Permission.objects.get(codename="change_track"))
    return person


def titles(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["title"] for row in answer.json()["results"]]


def test_track_with_separations_and_stems(api: APIClient, user: User) -> None:
    track = make_track(user, album="Orilla", genre="Folk", year=2019, seconds=2.5)
    separation = make_separation(track)
    answer = api.get(f"{TRACKS}{track.pk}/").json()
    stems = answer["separations"][0].pop("stems")
    assert answer["separations"][0].pop("created_at")
    assert answer["separations"][0].pop("finished_at")
    assert answer.pop("created_at")
    assert answer == {
        "id": str(track.pk),
        "title": "Barquito de papel",
        "artist": {"id": str(track.artist_id), "name": "Ana Torres", "slug": "ana-torres"},
        "artists": [{"id": str(track.artist_id), "name": "Ana Torres", "slug": "ana-torres", "role": "main"}],
        "album": {
            "id": str(track.album_id),
            "title": "Orilla",
            "year": None,
            "artist": {"id": str(track.artist_id), "name": "Ana Torres", "slug": "ana-torres"},
        },
        "track_number": None,
        "disc_number": None,
        "genre": "Folk",
        "year": 2019,
        "duration": 2.5,
        "cover": None,
        "covers": None,
        "plays": 0,
        "visibility": "shared",
        "mine": False,
        "separations": [
            {
                "id": str(separation.pk),
                "track": str(track.pk),
                "stem": None,
                "model": "compact:2stems",
                "revision": separation.revision,
                "status": "succeeded",
                "progress": 1.0,
                "error": None,
                "gain": 1.0,
                "archive": f"http://testserver/api/v1/separations/{separation.pk}/archive/",
            }
        ],
    }
    assert [stem["name"] for stem in stems] == ["vocals", "accompaniment"]
    assert stems[0] == {
        "id": stems[0]["id"],
        "name": "vocals",
        "duration": 2.5,
        "samples": 110_250,
        "sample_rate": 44_100,
        "segments": 1,
        "segments_ready": 1,
        "peaks": f"http://testserver/api/v1/stems/{stems[0]['id']}/peaks/",
        "audio": f"http://testserver/api/v1/stems/{stems[0]['id']}/audio/",
    }


@pytest.mark.django_db
def test_cover_address(api: APIClient) -> None:
    track = make_track(cover="covers/ab/cd/abcdef0123456789abcdef.jpg")
    assert api.get(f"{TRACKS}{track.pk}/").json()["cover"] == (
        f"http://testserver/covers/{track.pk}/?v=abcdef0123456789"
    )


@pytest.mark.django_db
def test_list_filters(api: APIClient) -> None:
    ana = make_track(title="Agua", artist="Ana", album="Orilla", genre="Folk")
    bob = make_track(title="Bread", artist="Bob", genre="Rock")
    make_separation(ana)
    make_separation(bob, model="compact:4stems", status=Status.RUNNING)
    wanted = {
        f"artist={ana.artist_id}": ["Agua"],
        "artist=bob": ["Bread"],
        "artist=nobody": [],
        f"album={ana.album_id}": ["Agua"],
        "album=x": [],
        "genre=folk": ["Agua"],
        "model=compact:2stems": ["Agua"],
        "model=compact:4stems": [],
        "q=orilla+agua": ["Agua"],
        "q=agua+bob": [],
        "q=ÁGUA": ["Agua"],
        "q=%25": [],
        "q=": ["Bread", "Agua"],
        "owner__password=x": ["Bread", "Agua"],
    }
    assert {query: titles(api.get(f"{TRACKS}?{query}")) for query in wanted} == wanted


@pytest.mark.django_db
def test_list_orderings(api: APIClient) -> None:
    make_track(title="B", artist="Zoe", year=2001, seconds=2)
    make_track(title="A", artist="Ana", year=2002, seconds=3)
    make_track(title="C", artist="Max", year=2003, seconds=1)
    wanted = {
        "": "CAB",
        "title": "ABC",
        "-title": "CBA",
        "artist": "ACB",
        "-year": "CAB",
        "duration": "CBA",
        "created_at": "BAC",
    }
    found = {name: "".join(titles(api.get(TRACKS, {"ordering": name}))) for name in wanted}
    assert found == wanted


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        "ordering=password",
        "ordering=owner__password",
        "ordering=--title",
        "ordering=title,artist",
        f"q={'x' * 10_000}",
        "q=%00",
        "artist=%00",
        f"album={'x' * 100}",
    ],
)
def test_bad_query_parameters_are_refused(api: APIClient, query: str) -> None:
    answer = api.get(f"{TRACKS}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [query.partition("=")[0]]


def test_list_shows_visible_tracks_only(api: APIClient, api_of: Any, user: User, other: User) -> None:
    make_track(user, title="Mine", visibility=Visibility.PRIVATE)
    make_track(other, title="Theirs")
    assert titles(api.get(TRACKS)) == ["Theirs"]
    assert titles(api_of(other).get(TRACKS)) == ["Theirs"]
    rows = api_of(user).get(TRACKS).json()["results"]
    assert [(row["title"], row["mine"]) for row in rows] == [("Theirs", False), ("Mine", True)]


def test_list_takes_a_constant_number_of_queries(
    api: APIClient, db: None, django_assert_num_queries: Any
) -> None:
    for number in range(6):
        track = make_track(title=f"Song {number}", artist=f"Artist {number}", album=f"Album {number}")
        make_separation(track)
        make_separation(track, model="compact:4stems")
    asked = 5 if connection.vendor == "sqlite" else 4  # (ids,) tracks, guests, separations, stems
    with django_assert_num_queries(asked):
        assert len(api.get(TRACKS).json()["results"][0]["separations"]) == 2


def test_owner_edits_names(api_of: Any, user: User) -> None:
    track = make_track(user, album="Orilla")
    changes = {"title": "  Agua\u202e ", "artist": "Bea", "album": "Otra", "genre": "Folk", "year": 2020}
    answer = api_of(user).patch(f"{TRACKS}{track.pk}/", changes)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["title"], body["artist"]["name"], body["album"]["title"]) == ("Agua", "Bea", "Otra")
    assert (body["genre"], body["year"]) == ("Folk", 2020)
    assert titles(api_of(user).get(TRACKS, {"q": "bea agua otra"})) == ["Agua"]
    cleared = api_of(user).patch(f"{TRACKS}{track.pk}/", {"album": "", "year": None, "genre": ""}).json()
    assert (cleared["album"], cleared["year"], cleared["genre"]) == (None, None, "")


def test_other_fields_cannot_be_assigned(api_of: Any, user: User, other: User) -> None:
    track = make_track(user)
    before = Track.objects.values().get()
    sent = {
        "owner": str(other.pk),
        "id": str(other.pk),
        "audio": str(other.pk),
        "cover": "x",
        "words": "x",
        "created_at": "2000-01-01T00:00:00Z",
    }
    assert api_of(user).patch(f"{TRACKS}{track.pk}/", sent).status_code == 200
    assert Track.objects.values().get() == before


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": "\u200b\n"},
        {"title": None},
        {"title": "x" * 256},
        {"artist": " "},
        {"artist": {"id": "1"}},
        {"genre": "x" * 81},
        {"year": 99_999},
        {"year": "soon"},
        {"visibility": "unlisted"},
    ],
)
def test_bad_changes_are_refused(api_of: Any, user: User, change: dict[str, Any]) -> None:
    track = make_track(user)
    answer = api_of(user).patch(f"{TRACKS}{track.pk}/", change)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == list(change)


def test_others_may_not_edit_or_delete(api: APIClient, api_of: Any, user: User, other: User) -> None:
    track = make_track(user)
    for method in ("patch", "delete"):
        refused = getattr(api_of(other), method)(f"{TRACKS}{track.pk}/", {"title": "Mine now"})
        assert refused.status_code == 403
        assert refused.json()["code"] == "not_yours"
        assert getattr(api, method)(f"{TRACKS}{track.pk}/", {}).status_code == 401
    track.refresh_from_db()
    assert track.title == "Barquito de papel"


def test_curator_edits_but_does_not_hide(api_of: Any, user: User, curator: User) -> None:
    track = make_track(user)
    client = api_of(curator)
    assert client.patch(f"{TRACKS}{track.pk}/", {"title": "Agua"}).status_code == 200
    assert client.patch(f"{TRACKS}{track.pk}/", {"visibility": "private"}).status_code == 403
    hidden = make_track(user, visibility=Visibility.PRIVATE)
    assert client.patch(f"{TRACKS}{hidden.pk}/", {"title": "Agua"}).status_code == 404


def test_owner_changes_visibility(api: APIClient, api_of: Any, user: User) -> None:
    track = make_track(user)
    path = f"{TRACKS}{track.pk}/"
    assert api_of(user).patch(path, {"visibility": "private"}).json()["visibility"] == "private"
    assert api.get(path).status_code == 404
    assert api_of(user).patch(path, {"visibility": "shared"}).json()["visibility"] == "shared"
    assert api.get(path).status_code == 200


def test_track_held_by_others_stays_shared(api_of: Any, user: User, other: User) -> None:
    track = make_track(user)
    add_claim(track, other)
    answer = api_of(user).patch(f"{TRACKS}{track.pk}/", {"visibility": "private", "title": "Agua"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "shared_by_others"
    track.refresh_from_db()
    assert (track.visibility, track.title) == ("shared", "Barquito de papel")


def test_sharing_joins_an_existing_shared_track(api_of: Any, user: User, other: User) -> None:
    shared = make_track(other, title="The shared one")
    mine = make_track(user, title="Mine", audio=shared.audio, visibility=Visibility.PRIVATE)
    answer = api_of(user).patch(f"{TRACKS}{mine.pk}/", {"visibility": "shared", "title": "Mine"})
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["title"]) == (str(shared.pk), "The shared one")
    assert Track.objects.count() == 1


def test_delete_drops_ones_own_claim_only(api_of: Any, user: User, other: User) -> None:
    track = make_track(user)
    add_claim(track, other)
    assert api_of(user).delete(f"{TRACKS}{track.pk}/").status_code == 204
    assert list(Upload.objects.values_list("user", flat=True)) == [other.pk]
    track.refresh_from_db()
    assert track.owner == other
    assert api_of(other).delete(f"{TRACKS}{track.pk}/").status_code == 204
    assert not Track.objects.exists()


def test_delete_by_a_curator_drops_the_owners_claim(api_of: Any, user: User, curator: User) -> None:
    track = make_track(user)
    orphan = make_track(title="Orphan")
    for row in (track, orphan):
        assert api_of(curator).delete(f"{TRACKS}{row.pk}/").status_code == 204
    assert not Track.objects.exists()


def test_requesting_a_separation(api_of: Any, user: User, other: User) -> None:
    track = make_track(user)
    path = f"{TRACKS}{track.pk}/separations/"
    first = api_of(user).post(path, {"model": "compact:4stems"})
    assert first.status_code == 202
    body = first.json()
    assert (body["status"], body["model"], body["track"]) == ("queued", "compact:4stems", str(track.pk))
    assert (body["queue_position"], body["stems"], body["progress"]) == (1, [], 0.0)
    assert body["eta_seconds"] > 0
    again = api_of(other).post(path, {"model": "compact:4stems"})
    assert (again.status_code, again.json()["id"]) == (200, body["id"])
    assert api_of(user).post(path, {}).json()["model"] == "compact:2stems"
    assert Separation.objects.count() == 2


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("compact:3stems", 400, "unknown_model"),
        ("none", 400, "unknown_model"),
        ("../../etc", 400, "unknown_model"),
        ("spleeter:5stems", 409, "model_unavailable"),
        ("x" * 41, 400, "invalid"),
        (["compact:2stems"], 400, "invalid"),
    ],
)
def test_requesting_an_unusable_model_is_refused(
    api_of: Any, user: User, model: Any, status: int, code: str
) -> None:
    answer = api_of(user).post(f"{TRACKS}{make_track().pk}/separations/", {"model": model})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Separation.objects.exists()


def test_too_many_queued_separations_answer_429_with_retry_after(
    api_of: Any, user: User, settings: Any
) -> None:
    settings.QUEUED_PER_PERSON = 1
    client = api_of(user)
    assert client.post(f"{TRACKS}{make_track().pk}/separations/", {}).status_code == 202
    refused = client.post(f"{TRACKS}{make_track().pk}/separations/", {})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_queued")
    assert int(refused["Retry-After"]) > 0
