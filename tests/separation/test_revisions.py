"""A song that was separated by two revisions of one model: every page and address shows one of them, none fails."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Track
from separation.models import Separation, Status, TrackSeparation
from tests.factories import make_separation, make_track

MODEL = "compact:2stems"


@pytest.fixture
def track(user: User) -> Track:
    return make_track(user)


@pytest.fixture
def old(track: Track, user: User) -> Separation:
    """What a revision of the model made that is no longer installed."""
    separation = make_separation(track, model=MODEL, revision="earlier", asked_by=user)
    long_ago = timezone.now() - timedelta(days=100)
    TrackSeparation.objects.filter(separation=separation).update(created_at=long_ago)
    Separation.objects.filter(pk=separation.pk).update(created_at=long_ago, finished_at=long_ago)
    separation.refresh_from_db()
    return separation


def shown(client: Client, track: Track, **query: str) -> str:
    """The id of the separation that the page of ``track`` shows."""
    html = client.get(f"/tracks/{track.pk}/", query).content.decode()
    found = re.search(r'data-separation="[^"]*?([0-9a-f-]{36})', html)
    assert found
    return found[1]


@pytest.mark.parametrize("query", [{}, {"model": MODEL}])
def test_track_page_shows_the_newest_ready_revision(
    client: Client, track: Track, old: Separation, query: dict[str, str]
) -> None:
    new = make_separation(track, model=MODEL)
    assert shown(client, track, **query) == str(new.pk)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.FAILED])
def test_track_page_shows_the_ready_revision_until_the_new_one_is_ready(
    client: Client, track: Track, old: Separation, status: Status
) -> None:
    new = make_separation(track, model=MODEL, status=status)
    assert shown(client, track, model=MODEL) == str(old.pk)
    if status != Status.FAILED:
        assert shown(client, track, separation=str(new.pk)) == str(new.pk)


def test_track_page_shows_each_revision_by_its_id(client: Client, track: Track, old: Separation) -> None:
    new = make_separation(track, model=MODEL)
    html = client.get(f"/tracks/{track.pk}/").content.decode()
    for separation in (old, new):
        assert f"?separation={separation.pk}" in html
        assert shown(client, track, separation=str(separation.pk)) == str(separation.pk)


@pytest.mark.parametrize("unknown", ["", "x", "00000000-0000-0000-0000-000000000001", "\x00"])
def test_track_page_shows_the_newest_for_an_unknown_id(
    client: Client, track: Track, old: Separation, unknown: str
) -> None:
    new = make_separation(track, model=MODEL)
    assert shown(client, track, separation=unknown) == str(new.pk)


def test_other_models_link_to_the_ready_revision(client: Client, track: Track, old: Separation) -> None:
    new = make_separation(track, model=MODEL, status=Status.QUEUED)
    make_separation(track, model="compact:4stems")
    html = client.get(f"/tracks/{track.pk}/").content.decode()
    assert html.count(f"?separation={old.pk}") == 2, (
        "among the other models, and in the table of what is ready"
    )
    assert f"?separation={new.pk}" not in html


def test_asking_leads_to_the_new_revision(client: Client, user: User, track: Track, old: Separation) -> None:
    client.force_login(user)
    answer = client.post(f"/tracks/{track.pk}/separate/", {"model": MODEL})
    new = Separation.objects.get(status=Status.QUEUED)
    assert answer.headers["Location"] == f"/tracks/{track.pk}/?separation={new.pk}"
    page = client.get(answer.headers["Location"]).content.decode()
    assert f'name="separation"\n            value="{new.pk}"' in page, "the button that stops it"


def test_stopping_stops_the_revision_in_progress(
    client: Client, user: User, track: Track, old: Separation
) -> None:
    new = make_separation(track, model=MODEL, status=Status.RUNNING, asked_by=user)
    client.force_login(user)
    answer = client.post(f"/tracks/{track.pk}/stop/", {"separation": str(new.pk)}, follow=True)
    assert "Stopped." in answer.content.decode()
    assert {row.pk: row.status for row in Separation.objects.all()} == {
        old.pk: Status.SUCCEEDED,
        new.pk: Status.CANCELLED,
    }


@pytest.mark.parametrize("unknown", ["", "x", "00000000-0000-0000-0000-000000000001"])
def test_stopping_an_unknown_separation_is_404(
    client: Client, user: User, track: Track, old: Separation, unknown: str
) -> None:
    client.force_login(user)
    assert client.post(f"/tracks/{track.pk}/stop/", {"separation": unknown}).status_code == 404


def test_stopping_the_separation_of_another_song_is_404(client: Client, user: User, old: Separation) -> None:
    client.force_login(user)
    other = make_track(user, title="Another")
    assert client.post(f"/tracks/{other.pk}/stop/", {"separation": str(old.pk)}).status_code == 404


def test_library_links_to_the_revision_that_was_requested(
    client: Client, user: User, track: Track, old: Separation
) -> None:
    make_separation(track, model=MODEL)
    client.force_login(user)
    page = client.get("/library/asked/").content.decode()
    assert f"/tracks/{track.pk}/?separation={old.pk}" in page


def test_api_lists_both_revisions_and_deletes_one(
    api_of: Any, user: User, track: Track, old: Separation
) -> None:
    new = make_separation(track, model=MODEL, status=Status.QUEUED, asked_by=user)
    client = api_of(user)
    listed = client.get(f"/api/v1/tracks/{track.pk}/").json()["separations"]
    assert [(row["id"], row["revision"]) for row in listed] == [
        (str(old.pk), "earlier"),
        (str(new.pk), new.revision),
    ]
    assert client.get(f"/api/v1/tracks/?model={MODEL}").json()["count"] == 1
    assert client.delete(f"/api/v1/separations/{new.pk}/").status_code == 204
    assert client.get(f"/api/v1/separations/{old.pk}/").json()["status"] == "succeeded"


def test_api_request_for_a_model_makes_the_current_revision(
    api_of: Any, user: User, track: Track, old: Separation
) -> None:
    answer = api_of(user).post(f"/api/v1/tracks/{track.pk}/separations/", {"model": MODEL})
    assert answer.status_code == 202
    assert answer.json()["id"] != str(old.pk)


def test_m3u_names_the_stems_of_the_newest_revision(api: APIClient, track: Track, old: Separation) -> None:
    new = make_separation(track, model=MODEL)
    lines = api.get(f"/tracks/{track.pk}.m3u8").content.decode()
    assert all(str(stem.pk) in lines for stem in new.stems.all())
    assert not any(str(stem.pk) in lines for stem in old.stems.all())


def test_setlist_m3u_names_the_stem_of_the_newest_revision(
    client: Client, user: User, track: Track, old: Separation
) -> None:
    new = make_separation(track, model=MODEL)
    client.force_login(user)
    client.post(f"/tracks/{track.pk}/setlist/", {"title": "Practice"})
    setlist = user.setlists.get()
    lines = client.get(f"/setlists/{setlist.pk}.m3u8").content.decode()
    assert str(new.stems.get(name="accompaniment").pk) in lines
    assert str(old.stems.get(name="accompaniment").pk) not in lines
