"""Hearts, by form and by API."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from catalog.models import Like, Visibility
from tests.factories import make_track

pytestmark = pytest.mark.django_db


def test_like_form_redirects_back(client: Client, user: User) -> None:
    track = make_track()
    client.force_login(user)
    answer = client.post("/likes/", {"like": track.pk, "next": "/library/liked/?page=2"})
    assert answer.headers["Location"] == "/library/liked/?page=2"
    assert Like.objects.get().track == track
    answer = client.post("/likes/", {"unlike": track.pk, "next": "//evil.example/"})
    assert answer.headers["Location"] == f"/tracks/{track.pk}/"
    assert not Like.objects.exists()
    for odd in ("a", "a\0b", "x'\"<>"):
        answer = client.post("/likes/", {"like": track.pk, "next": odd})
        assert answer.headers["Location"] == f"/tracks/{track.pk}/"


def test_like_through_the_api_is_idempotent(api_of: Any, user: User) -> None:
    track, api = make_track(), api_of(user)
    for _time in range(2):
        assert api.put(f"/api/v1/tracks/{track.pk}/like/").status_code == 204
    assert Like.objects.count() == 1
    for _time in range(2):
        assert api.delete(f"/api/v1/tracks/{track.pk}/like/").status_code == 204
    assert Like.objects.count() == 0


def test_private_track_of_others_is_404(client: Client, api_of: Any, user: User, other: User) -> None:
    track = make_track(other, visibility=Visibility.PRIVATE)
    client.force_login(user)
    assert api_of(user).put(f"/api/v1/tracks/{track.pk}/like/").status_code == 404
    assert client.post("/likes/", {"like": track.pk}).status_code == 404


@pytest.mark.parametrize("fields", [{}, {"like": ""}, {"like": "12"}, {"unlike": "a\0b"}])
def test_like_without_an_id_is_404(client: Client, user: User, fields: dict[str, str]) -> None:
    client.force_login(user)
    assert client.post("/likes/", fields).status_code == 404


def test_visitors_are_asked_to_sign_in(client: Client, api: Any) -> None:
    track = make_track()
    assert client.post("/likes/", {"like": track.pk}).headers["Location"].startswith("/accounts/login/")
    assert api.put(f"/api/v1/tracks/{track.pk}/like/").status_code == 401


def test_forms_need_their_token(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post("/likes/", {"like": make_track().pk}).status_code == 403
