"""My library: its lists, letting go of songs, and notices."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import AudioFile, Notice, Track, Upload, Visibility
from catalog.social import likes, notices, setlists, wishes
from catalog.storage.garbage_collection import collect
from catalog.uploads.ingest import ingest
from separation import lifecycle
from separation.models import Separation, SeparationRequest, Status
from separation.queue import notifications
from separation.queue.recovery import recover
from tests.factories import add_claim, make_separation, make_track
from tests.songs import write_song

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner_client(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


# The lists ------------------------------------------------------------------------------------------------------


def test_empty_lists_say_what_to_do(owner_client: Client) -> None:
    for path, words in [
        ("/library/", "You have not added any songs yet"),
        ("/library/asked/", "You have not requested any separations yet"),
        ("/library/liked/", "You have not liked any songs yet"),
        ("/library/wishes/", "You have no wishes"),
        ("/setlists/", "You have no setlists"),
        ("/notices/", "No notices"),
    ]:
        answer = owner_client.get(path)
        assert answer.status_code == 200, path
        assert words in answer.content.decode(), path


def test_library_needs_an_account(client: Client, api: APIClient) -> None:
    for path in ("/library/", "/library/asked/", "/library/liked/", "/setlists/", "/notices/"):
        assert client.get(path).headers["Location"] == f"/accounts/login/?next={path}"
    assert api.get("/api/v1/me/library/").status_code == 401


def test_each_list_shows_its_songs(owner_client: Client, api_of: Any, user: User, other: User) -> None:
    brought = make_track(user, title="Brought")
    add_claim(brought, user)  # twice is once
    asked = make_track(other, title="Asked")
    for model in ("compact:2stems", "compact:4stems"):
        make_separation(asked, model=model, asked_by=user)
    liked = make_track(other, title="Liked")
    likes.like(liked, user)
    wishes.wish(user, "A", "Wished")
    for path, title in [("", "Brought"), ("asked/", "Asked"), ("liked/", "Liked"), ("wishes/", "Wished")]:
        html = owner_client.get(f"/library/{path}").content.decode()
        assert set(re.findall(r"<h2>\s*(?:<a[^>]*>)?(\w+)", html)) == {title}
    for kind, title in [("brought", "Brought"), ("asked", "Asked"), ("liked", "Liked")]:
        answer = api_of(user).get("/api/v1/me/library/", {"kind": kind}).json()
        assert [row["title"] for row in answer["results"]] == [title]
        assert answer["count"] == 1
    assert api_of(other).get("/api/v1/me/library/").json()["count"] == 2
    assert api_of(user).get("/api/v1/me/library/", {"kind": "x"}).json()["code"] == "invalid"


def test_library_is_paginated(api_of: Any, user: User) -> None:
    titles = {make_track(user, title=f"Song {number}").title for number in range(3)}
    pages = [
        api_of(user).get("/api/v1/me/library/", {"page": number, "page_size": 2}).json() for number in (1, 2)
    ]
    assert [len(page["results"]) for page in pages] == [2, 1]
    assert {row["title"] for page in pages for row in page["results"]} == titles


def test_search_within_needs_every_word(owner_client: Client, api_of: Any, user: User) -> None:
    make_track(user, title="Orilla", artist="Ana Ríos")
    make_track(user, title="Orilla", artist="Somebody")
    html = owner_client.get("/library/", {"q": "ORILLA rios"}).content.decode()
    assert html.count("<h2>") == 1
    assert "Nothing found" in owner_client.get("/library/", {"q": "nothing like it \0"}).content.decode()
    found = api_of(user).get("/api/v1/me/library/", {"q": "ana orilla"}).json()
    assert found["count"] == 1


def test_songs_that_became_private_are_not_listed(owner_client: Client, user: User, other: User) -> None:
    track = make_track(other, title="Orilla")
    likes.like(track, user)
    make_separation(track, asked_by=user)
    row = wishes.wish(user, "A", "B")
    wishes.fulfil(row, track, other)
    Track.objects.filter(pk=track.pk).update(visibility=Visibility.PRIVATE)
    for path in ("asked/", "liked/", "wishes/"):
        assert "Orilla" not in owner_client.get(f"/library/{path}").content.decode()


def test_lists_take_a_constant_number_of_queries(
    owner_client: Client, api_of: Any, user: User, django_assert_max_num_queries: Any
) -> None:
    for n in range(30):
        track = make_track(user, title=f"Song {n}", album="Orilla")
        make_separation(track, asked_by=user)
        likes.like(track, user)
        wishes.wish(user, "A", f"Wish {n}")
    for path in ("", "asked/", "liked/", "wishes/"):
        with django_assert_max_num_queries(10):
            assert "Page 1" in owner_client.get(f"/library/{path}").content.decode()
    for kind in ("brought", "asked", "liked"):
        with django_assert_max_num_queries(6):
            assert api_of(user).get("/api/v1/me/library/", {"kind": kind}).json()["count"] == 30


# Letting go -----------------------------------------------------------------------------------------------------


def test_removing_the_last_claim_deletes_song_stems_and_files(
    owner_client: Client, user: User, tmp_path: Path, settings: Any
) -> None:
    track = ingest(
        write_song(tmp_path / "Ana - Orilla.flac", 0.5), filename="Ana - Orilla.flac", user=user
    ).track
    make_separation(track, asked_by=user, stored=True)
    files = Path(settings.STORAGES["files"]["OPTIONS"]["location"])
    user.refresh_from_db()
    assert user.stored_bytes
    assert len([path for path in files.rglob("*") if path.is_file()]) == 3
    page = owner_client.get(f"/library/{track.pk}/remove/").content.decode()
    assert "Nobody else has added this song" in page
    answer = owner_client.post(f"/library/{track.pk}/remove/")
    assert answer.headers["Location"] == "/library/"
    user.refresh_from_db()
    assert user.stored_bytes == 0
    assert [path for path in files.rglob("*") if path.is_file()], "files go with the collector"
    collect(timedelta(0))
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert not AudioFile.objects.exists()


def test_removing_leaves_the_song_to_other_holders(
    owner_client: Client, api_of: Any, user: User, other: User
) -> None:
    track = make_track(user, title="Orilla")
    add_claim(track, other)
    assert (
        "Other people have added this song too"
        in owner_client.get(f"/library/{track.pk}/remove/").content.decode()
    )
    owner_client.post(f"/library/{track.pk}/remove/")
    track.refresh_from_db()
    assert track.owner == other
    assert "Removed from your songs: Orilla" in owner_client.get("/library/").content.decode()
    assert "Orilla" not in owner_client.get("/library/").content.decode()
    assert api_of(other).get("/api/v1/me/library/").json()["count"] == 1
    assert owner_client.post(f"/library/{track.pk}/remove/").status_code == 403


def test_withdrawing_a_request(owner_client: Client, user: User, other: User) -> None:
    separation = make_separation(make_track(), status=Status.QUEUED, asked_by=user)
    request = SeparationRequest.objects.get()
    owner_client.post(f"/library/asked/{request.pk}/forget/")
    separation.refresh_from_db()
    assert separation.status == Status.CANCELLED
    theirs = make_separation(make_track(), status=Status.QUEUED, asked_by=other)
    assert owner_client.post(f"/library/asked/{theirs.requests.get().pk}/forget/").status_code == 404


# Notices --------------------------------------------------------------------------------------------------------


def test_requester_is_notified_of_a_failure_with_its_reason(user: User, other: User) -> None:
    track = make_track()
    separation = make_separation(track, status=Status.QUEUED, asked_by=user)
    SeparationRequest.objects.create(separation=separation, user=other, track=track)
    held = lifecycle.claim(separation.pk)
    assert held is not None
    assert lifecycle.fail(held, "damaged", "", retry=False)
    for person in (user, other):
        notice = person.notices.get()
        assert (notice.kind, notice.track, notice.text) == ("failed", track, "The song's file is damaged.")
    assert not lifecycle.fail(held, "damaged", "", retry=False)
    assert Notice.objects.count() == 2


def test_requester_is_notified_after_the_third_crash(user: User) -> None:
    separation = make_separation(make_track(), status=Status.QUEUED, asked_by=user)
    Separation.objects.filter(pk=separation.pk).update(attempts=3, crashes=3)
    recover()
    recover()
    assert "broke off three times" in user.notices.get().text


def test_one_mail_for_many_songs(
    user: User, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    user.mail_notices = True
    user.save()
    rows = [
        make_separation(make_track(title=f"Song {n}"), status=Status.QUEUED, asked_by=user) for n in range(3)
    ]
    for row in rows:
        with django_capture_on_commit_callbacks(execute=True):
            Separation.objects.filter(pk=row.pk).update(status=Status.SUCCEEDED)
            notifications.ready(row)
    notices._post.submit(lambda: None).result(10)
    [mail] = mailoutbox
    assert "Song 2" in mail.subject
    assert "2 more notices" in mail.body
    assert user.notices.count() == 3


def test_likes_setlists_and_notices_do_not_keep_a_song(owner_client: Client, user: User) -> None:
    track = make_track(user)
    likes.like(track, user)
    setlists.add(setlists.make(user, "Friday"), track)
    Notice.objects.create(user=user, kind="wish", track=track, seen_at=timezone.now())
    owner_client.post(f"/library/{track.pk}/remove/")
    assert not Track.objects.exists()
    assert not Upload.objects.exists()
