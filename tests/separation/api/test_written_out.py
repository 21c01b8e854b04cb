"""What lists of the API say is written out by hand: each answer is what its described fields would say."""

from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.models import User
from catalog.api.search import FoundAlbumSerializer, FoundTrackSerializer
from catalog.api.serializers import (
    AlbumSerializer,
    AlbumTitleSerializer,
    ArtistNameSerializer,
    ArtistSerializer,
    PerformerSerializer,
    TrackSerializer,
)
from catalog.models import Album, Artist, Track
from catalog.selectors import albums_by_id, songs_by_id
from catalog.uploads.featured_artists import credit, guests_of
from separation.api.serializers import (
    LiveSeparationSerializer,
    SeparatedTrackSerializer,
    SeparationSerializer,
    StemSerializer,
)
from separation.delivery.live import LiveStem, live_stems
from separation.delivery.permissions import Seen
from separation.models import Separation, Status, Stem
from separation.selectors import separations_of
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db


def context(user: User) -> dict[str, Any]:
    request = Request(APIRequestFactory().get("/"))
    request.user = user
    return {"request": request}


def by_fields(serializer: serializers.Serializer[Any], row: object) -> Any:
    """What Django REST framework makes of ``row``, field by field."""
    return serializers.Serializer.to_representation(serializer, row)


@pytest.fixture
def track(user: User) -> Track:
    track = make_track(user, album="Orilla", cover="covers/aa/bb/aabbccdd.jpg", genre="Folk", year=2019)
    credit(track, [Artist.objects.get_or_create_by_name("Ben")])
    return track


@pytest.fixture
def done(track: Track) -> Separation:
    return make_separation(track)


@pytest.mark.parametrize(
    "kind", [ArtistNameSerializer, ArtistSerializer], ids=lambda kind: str(kind.__name__)
)
def test_artists(kind: Any, track: Track, user: User) -> None:
    row = Artist.objects.with_counts(user).get(pk=track.artist_id)
    said = kind().to_representation(row)
    assert list(said.items()) == list(by_fields(kind(), row).items())
    assert PerformerSerializer().to_representation(row).keys() == PerformerSerializer().fields.keys()


@pytest.mark.parametrize("kind", [AlbumTitleSerializer, AlbumSerializer])
def test_albums(kind: Any, track: Track, user: User) -> None:
    row = Album.objects.with_counts(user).get(tracks=track)
    serializer = kind(context=context(user))
    assert list(serializer.to_representation(row).items()) == list(by_fields(serializer, row).items())


@pytest.mark.parametrize("kind", [TrackSerializer, SeparatedTrackSerializer])
def test_tracks(kind: Any, done: Separation, track: Track, user: User) -> None:
    serializer = kind(context=context(user))
    for row in (track, make_track(user, title="Bare")):
        assert list(serializer.to_representation(row).items()) == list(by_fields(serializer, row).items())


def test_suggestions(track: Track, user: User) -> None:
    assert track.album_id
    for serializer, rows in (
        (FoundTrackSerializer(), songs_by_id([track.pk], user)),
        (FoundAlbumSerializer(), albums_by_id([track.album_id], user, proved=False)),
    ):
        assert len(rows) == 1
        assert list(serializer.to_representation(rows[0]).items()) == list(
            by_fields(serializer, rows[0]).items()
        )


@pytest.mark.parametrize("kind", [SeparationSerializer, LiveSeparationSerializer])
@pytest.mark.parametrize("status", list(Status))
def test_separations(kind: Any, status: Status, track: Track, user: User) -> None:
    serializer = kind(context=context(user))
    row = Seen(make_separation(track, status=status), track)
    assert list(serializer.to_representation(row).items()) == list(by_fields(serializer, row).items())


def test_stems(done: Separation, track: Track, user: User) -> None:
    serializer = StemSerializer(context=context(user))
    running = make_separation(track, model="compact:4stems", status=Status.RUNNING)
    stems: list[Stem | LiveStem] = [*done.stems.all(), *live_stems(running)]
    assert len(stems) == 6
    for stem in stems:
        assert list(serializer.to_representation(stem)) == list(serializer.fields)


def test_what_is_gathered_for_a_list_is_what_each_track_has(
    user: User, django_assert_max_num_queries: Any
) -> None:
    tracks = [make_track(user, title=f"Song {number}") for number in range(3)]
    for track in tracks[:2]:
        credit(
            track, [Artist.objects.get_or_create_by_name("Ben"), Artist.objects.get_or_create_by_name("Zoé")]
        )
        make_separation(track)
        make_separation(track, model="compact:4stems")
    with django_assert_max_num_queries(3):
        beside = {"guests": guests_of(tracks), "separations": separations_of(tracks)}
        many: Any = SeparatedTrackSerializer(tracks, many=True, context=context(user) | beside).data
    assert many == [SeparatedTrackSerializer(track, context=context(user)).data for track in tracks]
    assert [len(row["separations"]) for row in many] == [2, 2, 0]
    assert [stem["name"] for stem in many[0]["separations"][1]["stems"]] == [
        "vocals",
        "drums",
        "bass",
        "other",
    ]
    assert [guest["name"] for guest in many[0]["artists"]] == ["Ana Torres", "Ben", "Zoé"]
