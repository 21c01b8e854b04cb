"""Cover pictures: stored once in three sizes, shown to those who may see the track."""

import io
import uuid
from typing import Any

import pytest
from django.http import Http404, HttpRequest
from django.test import Client, RequestFactory
from PIL import Image

from accounts.models import User
from catalog.models import Album, Visibility
from catalog.storage import backend
from catalog.storage.covers import key_of_size, read_cover, sizes, store_cover, track_cover, version
from tests.catalog.conftest import Ingester, picture, pictures


def request_of(user: User, query: str = "") -> HttpRequest:
    request = RequestFactory().get(f"/{query}")
    request.user = user
    return request


def test_equal_pictures_share_one_file_of_each_size() -> None:
    key = store_cover(pictures())
    assert store_cover(pictures()) == key
    assert read_cover(key) == picture(size=960)
    assert all(backend.exists(each) for each in sizes(key))
    assert read_cover("") is None
    assert read_cover(backend.key_for("covers", "ab" * 32, "jpg")) is None


def test_cover_is_a_jpeg_with_a_short_max_age(ingest_song: Ingester, user: User) -> None:
    track = ingest_song(cover=picture()).track
    response = track_cover(request_of(user, f"?v={version(track.picture)}"), pk=track.pk)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert response["Cache-Control"] == "private, max-age=300"
    assert response.getvalue() == backend.local_path(track.cover).read_bytes()
    response.close()


@pytest.mark.parametrize(
    ("asked", "pixels"),
    [
        ("", 960),
        ("96", 96),
        ("97", 320),
        ("320", 320),
        ("5000", 960),
        ("x", 960),
        ("9" * 99, 960),
        ("-1", 960),
    ],
)
def test_smallest_sufficient_size_is_served(
    ingest_song: Ingester, user: User, asked: str, pixels: int
) -> None:
    track = ingest_song(cover=picture(size=1200)).track
    query = f"?size={asked}&v={version(track.picture)}"
    response = track_cover(request_of(user, query), pk=track.pk)
    with Image.open(io.BytesIO(response.getvalue())) as image:
        assert image.size == (pixels, pixels)
    assert response["Cache-Control"] == "private, max-age=300"
    response.close()


def test_cover_stored_in_one_size_is_served_in_it(ingest_song: Ingester, user: User) -> None:
    track = ingest_song(cover=picture()).track
    backend.delete(key_of_size(track.cover, 96))
    response = track_cover(request_of(user, "?size=96"), pk=track.pk)
    assert response.getvalue() == backend.local_path(track.cover).read_bytes()
    response.close()


def test_album_cover_falls_back_to_a_song(
    ingest_song: Ingester, client: Client, user: User, other: User
) -> None:
    alone = ingest_song(cover=picture(), visibility=Visibility.PRIVATE).track
    shared = ingest_song("b.flac", seed=2, by=other).track
    assert shared.album != alone.album, "an album with nothing but private songs is their owner's own"
    track = ingest_song("c.flac", seed=3, cover=picture(), visibility=Visibility.PRIVATE).track
    assert track.album is not None
    assert (track.album, track.album.cover) == (shared.album, "")
    address = f"/covers/album/{track.album.pk}/?size=96"

    def shown(to: User) -> bytes | None:
        client.force_login(to)
        answer: Any = client.get(address)
        return answer.getvalue() if answer.status_code == 200 else None

    assert shown(user) == backend.local_path(key_of_size(track.cover, 96)).read_bytes()
    assert shown(other) is None  # they may see the album, and nothing of what is private in it
    Album.objects.update(cover=store_cover(pictures("navy")))
    assert shown(other) == picture("navy", 96)


def test_covers_of_invisible_tracks_are_404(ingest_song: Ingester, user: User, other: User) -> None:
    private = ingest_song(seed=1, cover=picture(), visibility=Visibility.PRIVATE).track
    bare = ingest_song(seed=2, album="other").track
    lost = ingest_song(seed=3, album="third", cover=picture("red")).track
    for key in sizes(lost.cover):
        backend.delete(key)
    for person, pk in ((other, private.pk), (user, bare.pk), (user, lost.pk), (user, uuid.uuid4())):
        with pytest.raises(Http404):
            track_cover(request_of(person), pk=pk)
