"""Another cover for a song or an album: who may, what is taken, and that only the sandbox looks into it."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from catalog.models import Change, Track, Visibility
from catalog.storage import backend
from catalog.storage.covers import key_of_size, read_cover, sizes
from catalog.storage.garbage_collection import collect
from tests.catalog.conftest import picture
from tests.factories import make_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner_client(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def curator(db: None) -> User:
    return User.objects.create_superuser("carla@example.org")


def send(client: Client, address: str, data: bytes) -> Any:
    return client.post(address, {"file": SimpleUploadedFile("x.png", data, "image/png")})


def test_uploaded_picture_becomes_the_cover_in_every_size(owner_client: Client, user: User) -> None:
    track = make_track(user, album="Orilla")
    out = io.BytesIO()
    Image.new("RGBA", (500, 300), (200, 10, 10, 128)).save(out, "PNG")
    assert send(owner_client, f"/tracks/{track.pk}/cover/", out.getvalue()).status_code == 302
    track = Track.objects.with_names().get()
    assert all(backend.exists(key) for key in sizes(track.cover))
    with Image.open(io.BytesIO(read_cover(key_of_size(track.cover, 96)) or b"")) as small:
        assert (small.format, small.size) == ("JPEG", (96, 96))
    assert track.album is not None
    assert track.album.cover == track.cover
    owner_client.post(f"/tracks/{track.pk}/cover/", {"remove": "yes"})
    track.refresh_from_db()
    assert track.cover == ""


def test_private_cover_is_not_given_to_the_album(owner_client: Client, user: User) -> None:
    track = make_track(user, album="Orilla", visibility=Visibility.PRIVATE)
    send(owner_client, f"/tracks/{track.pk}/cover/", picture())
    track = Track.objects.with_names().get()
    assert track.album is not None
    assert (bool(track.cover), track.album.cover) == (True, "")


@pytest.mark.parametrize(
    "data", [b"<svg onload='alert(1)'/>", b"GIF89a" + bytes(99), b"\xff\xd8\xff" + bytes(99)]
)
def test_other_files_are_refused_with_a_sentence(owner_client: Client, user: User, data: bytes) -> None:
    track = make_track(user)
    answer = send(owner_client, f"/tracks/{track.pk}/cover/", data)
    assert answer.status_code == 200
    assert "This picture cannot be read" in answer.content.decode()
    track.refresh_from_db()
    assert track.cover == ""


def test_too_large_picture_is_refused_unread(owner_client: Client, user: User) -> None:
    address = f"/tracks/{make_track(user).pk}/cover/"
    assert "too large" in send(owner_client, address, bytes(10_000_001)).content.decode()
    assert "required" in owner_client.post(address).content.decode()


def test_albums_are_for_curators(client: Client, user: User, curator: User) -> None:
    track = make_track(user, album="Orilla")
    assert track.album is not None
    address = f"/albums/{track.album.pk}/cover/"
    assert client.get(address).status_code == 302
    client.force_login(user)
    assert client.get(address).status_code == 403
    client.force_login(curator)
    assert client.get(address).status_code == 200
    assert send(client, address, picture()).status_code == 302
    track.album.refresh_from_db()
    assert track.album.cover
    assert address in client.get(f"/albums/{track.album.pk}/").content.decode()


def test_covers_of_others_songs_cannot_be_changed(
    client: Client, user: User, other: User, curator: User
) -> None:
    shared = make_track(user)
    secret = make_track(user, title="S", visibility=Visibility.PRIVATE)
    for person, answers in ((other, (403, 404)), (curator, (200, 404)), (user, (200, 200))):
        client.force_login(person)
        found = tuple(client.get(f"/tracks/{row.pk}/cover/").status_code for row in (shared, secret))
        assert found == answers


def test_cover_change_is_in_the_history_and_can_be_undone(
    owner_client: Client, user: User, settings: Any
) -> None:
    track = make_track(user)
    address = f"/tracks/{track.pk}/cover/"
    send(owner_client, address, picture("olive"))
    first = Track.objects.get().cover
    send(owner_client, address, picture("teal"))
    second = Track.objects.get().cover
    assert first != second
    page = owner_client.get(f"/tracks/{track.pk}/history/").content.decode()
    assert "another picture" in page
    collect(timedelta(0))
    assert all(backend.exists(key) for key in sizes(first))  # somebody may want it back
    newest = Change.objects.first()
    assert newest is not None
    owner_client.post(f"/changes/{newest.pk}/undo/")
    assert Track.objects.get().cover == first
    found = owner_client.get(f"/api/v1/tracks/{track.pk}/history/").json()["results"]
    assert [change["after"] for change in found] == [{"cover": True}] * 3
    Track.objects.all().delete()
    collect(timedelta(0))
    assert not any(backend.exists(key) for key in (*sizes(first), *sizes(second)))
