"""What a track shows of a separation that others have of the same audio."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from catalog.curation.merging import merge
from catalog.curation.revert import undo
from catalog.curation.splitting import split_track
from catalog.models import Change, Track, Visibility
from catalog.uploads.ownership import change_visibility
from separation.feedback import statistics
from separation.models import Separation, SeparationRequest, Status, TrackSeparation
from separation.queue.requests import ask, withdraw
from tests.factories import make_separation, make_track

PRIVATE, SHARED = Visibility.PRIVATE, Visibility.SHARED
LONG_AGO = timezone.now() - timedelta(days=400)


@pytest.fixture
def hidden(user: User) -> Track:
    return make_track(user, visibility=PRIVATE)


@pytest.fixture
def old(hidden: Track, user: User) -> Separation:
    """What Ana had made of her private song long ago, and how she finds it."""
    separation = make_separation(hidden, asked_by=user)
    TrackSeparation.objects.update(created_at=LONG_AGO)
    Separation.objects.update(created_at=LONG_AGO, queued_at=LONG_AGO, finished_at=LONG_AGO)
    separation.refresh_from_db()
    return separation


@pytest.fixture
def own(hidden: Track, other: User) -> Track:
    """The same audio, which Ben keeps privately as well."""
    return make_track(other, audio=hidden.audio, visibility=PRIVATE, title="Mine")


def path(separation: Separation) -> str:
    return f"/api/v1/separations/{separation.pk}/"


def test_separation_is_visible_once_it_was_requested_through_the_track(
    api_of: Any, old: Separation, own: Track, other: User
) -> None:
    client = api_of(other)
    stem = f"/api/v1/stems/{old.stems.all()[0].pk}/peaks/"
    assert [client.get(address).status_code for address in (path(old), stem)] == [404, 404]
    assert client.get(f"/api/v1/tracks/{own.pk}/").json()["separations"] == []
    answer = client.post(f"/api/v1/tracks/{own.pk}/separations/", {"model": old.model})
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert [client.get(address).status_code for address in (path(old), stem)] == [200, 200]


def test_separation_is_dated_by_its_request(
    api_of: Any, client: Client, user: User, old: Separation, own: Track, other: User
) -> None:
    before = timezone.now()
    ask(own, old.model, other)
    for said in (
        api_of(other).get(path(old)).json(),
        api_of(other).get(f"/api/v1/tracks/{own.pk}/").json()["separations"][0],
        api_of(other).get("/api/v1/me/library/?kind=asked").json()["results"][0]["separations"][0],
    ):
        assert said["created_at"] == said["finished_at"] > before.isoformat()[:19]
    assert api_of(user).get(path(old)).json()["finished_at"][:10] == f"{LONG_AGO:%Y-%m-%d}"
    client.force_login(other)
    page = client.get(f"/tracks/{own.pk}/").content.decode()
    assert f'datetime="{before:%Y-%m-%d}' in page
    assert f"{LONG_AGO:%Y-%m-%d}" not in page


def test_separation_for_a_private_track_is_invisible_on_the_shared_one(
    api: APIClient, api_of: Any, client: Client, hidden: Track, user: User, other: User
) -> None:
    shared = make_track(other, audio=hidden.audio)
    for status in (Status.QUEUED, Status.RUNNING, Status.FAILED, Status.SUCCEEDED):
        Separation.objects.all().delete()
        separation = make_separation(hidden, status=status, asked_by=user)
        for reader in (api, api_of(other)):
            assert reader.get(path(separation)).status_code == 404
            assert reader.get(f"/api/v1/tracks/{shared.pk}/").json()["separations"] == []
            assert reader.get(f"/api/v1/tracks/?model={separation.model}").json()["count"] == 0
        for address in ("/", f"/tracks/{shared.pk}/", "/?q=barquito", f"/tracks/{shared.pk}.m3u8"):
            page = client.get(address).content.decode()
            assert str(separation.pk) not in page
            assert "Waiting to be separated" not in page
            assert "Being separated" not in page
            assert "/stems/" not in page


def test_withdrawn_separation_hides_the_work_of_others(
    api_of: Any, client: Client, hidden: Track, own: Track, user: User, other: User
) -> None:
    separation = make_separation(hidden, status=Status.RUNNING, asked_by=user)
    ask(own, separation.model, other)
    assert api_of(other).get(path(separation)).json()["status"] == "running"
    client.force_login(other)
    stopped = client.post(f"/tracks/{own.pk}/stop/", {"separation": separation.pk}, follow=True)
    assert "Stopped." in stopped.content.decode()
    Separation.objects.update(progress=0.8, segments=3)
    said = api_of(other).get(path(separation)).json()
    assert (said["status"], said["progress"], said["stems"], said["eta_seconds"]) == (
        "cancelled",
        0,
        [],
        None,
    )
    assert api_of(user).get(path(separation)).json()["status"] == "running"
    Separation.objects.update(status=Status.SUCCEEDED)
    assert api_of(other).get(path(separation)).json()["status"] == "cancelled"
    again = ask(own, separation.model, other)
    assert not again.queued
    assert api_of(other).get(path(separation)).json()["status"] == "succeeded"


def test_request_of_others_on_a_shared_track_keeps_it_running(hidden: Track, user: User, other: User) -> None:
    track = make_track(other)
    separation = make_separation(track, status=Status.QUEUED, asked_by=user)
    SeparationRequest.objects.create(separation=separation, user=other, track=track)
    assert not withdraw(separation, user)
    assert TrackSeparation.objects.get().stopped_at is None
    assert withdraw(separation, other)


def test_ratings_of_a_private_song_are_their_authors_alone(
    api: APIClient, api_of: Any, old: Separation, own: Track, user: User, other: User
) -> None:
    rating = f"{path(old)}rating/"
    api_of(user).put(rating, {"score": 1})
    api_of(user).put(rating, {"score": 2, "stem": "vocals"})
    ask(own, old.model, other)
    assert api_of(other).get(rating).json()["count"] == 0
    mine = api_of(other).put(rating, {"score": 5}).json()
    assert (mine["average"], mine["count"], mine["mine"]) == (5.0, 1, 5)
    assert api_of(user).get(rating).json()["average"] == 1.0
    figures = statistics.measure().figures
    assert (figures["ratings"]["count"], figures["totals"]["ratings"], figures["by_model"]) == (0, 0, [])
    shared = change_visibility(own, SHARED)
    assert api.get(rating).json() | {"stems": []} == {"average": 5.0, "count": 1, "mine": None, "stems": []}
    figures = statistics.measure().figures
    assert (figures["ratings"]["average"], figures["totals"]["ratings"]) == (5.0, 1)
    change_visibility(shared, PRIVATE)
    assert statistics.measure().figures["ratings"]["count"] == 0


def test_separations_follow_merges_and_splits(api: APIClient, user: User, other: User) -> None:
    curator = User.objects.create_superuser("root@example.org")
    loser, winner = make_track(user, title="One"), make_track(other, title="Two")
    separation = make_separation(loser)
    api_path = f"/api/v1/tracks/{winner.pk}/"
    merge(loser, winner, curator)
    assert api.get(path(separation)).status_code == 404
    assert api.get(api_path).json()["separations"] == []
    undo(Change.objects.get(kind="merge"), curator)
    assert api.get(path(separation)).json()["track"] == str(loser.pk)
    merge(Track.objects.get(pk=loser.pk), winner, curator)
    fresh = split_track(winner, separation.mixture, curator)
    assert api.get(path(separation)).json()["track"] == str(fresh.pk)
    assert [row["id"] for row in api.get(f"/api/v1/tracks/{fresh.pk}/").json()["separations"]] == [
        str(separation.pk)
    ]


def test_separation_moves_to_the_shared_track_when_shared(
    api: APIClient, old: Separation, other: User
) -> None:
    shared = make_track(other, audio=old.mixture)
    change_visibility(Track.objects.get(visibility=PRIVATE), SHARED)
    assert api.get(path(old)).json()["track"] == str(shared.pk)


def test_statistics_date_a_separation_by_its_request(old: Separation, other: User) -> None:
    shared = make_track(other, audio=old.mixture)
    ask(shared, old.model, other)
    assert statistics.measure().figures["by_month"][-1]["separations"] == 1
