"""Cover pictures: stored once, shown to those who may see the track."""

import uuid

import pytest
from django.http import Http404, HttpRequest
from django.test import RequestFactory

from accounts.models import User
from catalog import storage
from catalog.covers import read_cover, store_cover, track_cover, version
from catalog.models import Visibility
from tests.catalog.conftest import Ingester, picture


def request_of(user: User, query: str = "") -> HttpRequest:
    request = RequestFactory().get(f"/{query}")
    request.user = user
    return request


def test_the_same_picture_is_one_file() -> None:
    key = store_cover(picture())
    assert store_cover(picture()) == key
    assert read_cover(key) == picture()
    assert read_cover("") is None
    assert read_cover(storage.key_for("covers", "ab" * 32, "jpg")) is None


def test_a_picture_is_a_jpeg_that_may_be_kept(bring: Ingester, user: User) -> None:
    track = bring(cover=picture()).track
    response = track_cover(request_of(user, f"?v={version(track.picture)}"), pk=track.pk)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert "immutable" in response["Cache-Control"]
    assert response.getvalue() == storage.local_path(track.cover).read_bytes()
    response.close()


def test_pictures_that_cannot_be_seen(bring: Ingester, user: User, other: User) -> None:
    private = bring(seed=1, cover=picture(), visibility=Visibility.PRIVATE).track
    bare = bring(seed=2, album="other").track
    lost = bring(seed=3, album="third", cover=picture("red")).track
    storage.delete(lost.cover)
    for person, pk in ((other, private.pk), (user, bare.pk), (user, lost.pk), (user, uuid.uuid4())):
        with pytest.raises(Http404):
            track_cover(request_of(person), pk=pk)
