"""The song's page in each of its states, and bringing a song without scripts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from audio.formats import EXTENSIONS
from catalog.models import Track, Visibility
from separation.delivery.live import stem_id
from separation.models import Separation, SeparationRequest, Status
from tests.factories import make_separation, make_track
from tests.songs import write_song

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner_client(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def page(client: Client, track: Track, **query: str) -> str:
    answer = client.get(f"/tracks/{track.pk}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def player(html: str) -> dict[str, Any]:
    found = re.search(r'<script id="player" type="application/json">(.*?)</script>', html)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_player_configuration(client: Client, user: User) -> None:
    track = make_track(user, seconds=15)
    make_separation(track, model="compact:4stems")
    data = player(page(client, track))
    assert [stem["name"] for stem in data["stems"]] == ["vocals", "drums", "bass", "other"]
    assert (data["ready"], data["frames"], data["rate"], data["segment"]) == (
        None,
        15 * 44_100,
        44_100,
        524_288,
    )
    assert data["codecs"] == [
        {"name": "flac", "segment": 524_288},
        {"name": "opus", "segment": 131_072},
    ]
    for stem in data["stems"]:
        assert client.get(stem["peaks"]).status_code == 200


def test_track_page_shows_the_richest_separation_or_the_chosen_one(client: Client, user: User) -> None:
    track = make_track(user)
    two = make_separation(track, model="compact:2stems")
    make_separation(track, model="compact:4stems")
    html = page(client, track)
    assert len(player(html)["stems"]) == 4
    assert f"?separation={two.pk}" in html
    assert len(player(page(client, track, model="compact:2stems"))["stems"]) == 2


def test_fragment_is_the_middle_of_the_page(client: Client, user: User) -> None:
    track = make_track(user)
    make_separation(track)
    html = page(client, track, fragment="separation")
    assert "data-lane" in html
    assert "<html" not in html


def test_queued_separation_shows_its_position(client: Client, user: User) -> None:
    make_separation(make_track(user), status=Status.QUEUED)
    track = make_track(user)
    make_separation(track, status=Status.QUEUED)
    html = page(client, track)
    assert 'data-position="2"' in html
    assert "Number 2 in the queue" in html
    assert "left" in html


def test_running_separation_shows_its_progress(client: Client, user: User) -> None:
    track = make_track(user)
    separation = make_separation(track, status=Status.RUNNING)
    Separation.objects.filter(pk=separation.pk).update(progress=0.425)
    html = page(client, track)
    assert "42 %" in html
    assert '<rect width="170.0"' in html


def test_running_separation_with_a_segment_shows_the_player(client: Client, user: User) -> None:
    track = make_track(user, seconds=40)
    separation = make_separation(track, status=Status.RUNNING)
    Separation.objects.filter(pk=separation.pk).update(progress=0.425, segments=2)
    html = page(client, track)
    data = player(html)
    assert (data["ready"], data["frames"]) == (2, 40 * 44_100)
    stem = f"/api/v1/stems/{stem_id(separation.pk, 'accompaniment')}"
    assert (data["stems"][1]["segments"], data["stems"][1]["peaks"]) == (
        f"{stem}/segments/0/",
        f"{stem}/peaks/",
    )
    assert "42 %" in html
    assert "You can already listen." in html
    assert "data-take" not in html, "nothing to download yet"


def test_failed_separation_shows_the_reason_and_offers_a_retry(owner_client: Client, user: User) -> None:
    track = make_track(user)
    make_separation(track, status=Status.FAILED)
    html = page(owner_client, track)
    assert "broke off three times" in html
    assert "Try again" in html


@pytest.mark.parametrize("status", [None, Status.CANCELLED])
def test_track_without_separation_offers_the_models(
    owner_client: Client, user: User, status: Status | None
) -> None:
    track = make_track(user)
    if status:
        make_separation(track, status=status)
    html = page(owner_client, track)
    assert "Not separated yet" in html
    assert 'value="compact:2stems"' in html
    assert 'value="compact:4stems"' in html
    assert "spleeter:" not in html


def test_separating_needs_an_account(client: Client, user: User) -> None:
    track = make_track(user)
    assert f"/accounts/login/?next=/tracks/{track.pk}/" in page(client, track)
    answer = client.post(f"/tracks/{track.pk}/separate/", {"model": "compact:2stems"})
    assert answer.headers["Location"].startswith("/accounts/login/")
    assert not Separation.objects.exists()


def test_requesting_and_stopping(owner_client: Client, user: User) -> None:
    track = make_track(user)
    answer = owner_client.post(f"/tracks/{track.pk}/separate/", {"model": "compact:4stems"})
    separation = Separation.objects.get()
    assert answer.headers["Location"] == f"/tracks/{track.pk}/?separation={separation.pk}"
    assert separation.status == Status.QUEUED
    assert "Stop" in page(owner_client, track)
    owner_client.post(f"/tracks/{track.pk}/stop/", {"separation": separation.pk})
    separation.refresh_from_db()
    assert separation.status == Status.CANCELLED


def test_stopping_keeps_work_that_others_wait_for(owner_client: Client, user: User, other: User) -> None:
    track = make_track(user)
    separation = make_separation(track, status=Status.QUEUED, asked_by=user)
    SeparationRequest.objects.create(separation=separation, user=other, track=track)
    answer = owner_client.post(f"/tracks/{track.pk}/stop/", {"separation": separation.pk}, follow=True)
    assert "Others are waiting for it too" in answer.content.decode()
    separation.refresh_from_db()
    assert separation.status == Status.QUEUED


def test_model_that_is_not_installed_is_an_error_message(owner_client: Client, user: User) -> None:
    track = make_track(user)
    answer = owner_client.post(f"/tracks/{track.pk}/separate/", {"model": "spleeter:5stems"}, follow=True)
    assert "Get it with: manage.py fetch_models 5stems" in answer.content.decode()


@pytest.mark.parametrize(
    ("model", "signed", "codecs", "archive"),
    [
        ("compact:2stems", False, ["mp3"], False),
        ("compact:4stems", False, [], False),
        ("compact:4stems", True, ["wav", "flac", "mp3", "ogg", "m4a", "opus"], True),
    ],
)
def test_downloads_offered_to_visitors_and_accounts(
    client: Client, user: User, model: str, *, signed: bool, codecs: list[str], archive: bool
) -> None:
    track = make_track(user)
    separation = make_separation(track, model=model)
    if signed:
        client.force_login(user)
    html = page(client, track)
    chooser = html.partition('<select id="codec"')[2].partition("</select>")[0]
    assert re.findall(r'<option value="(\w+)"', chooser) == codecs
    assert (f"/api/v1/separations/{separation.pk}/archive/" in html) is archive
    assert (">sign in</a>" in html) is not signed


def test_private_song_is_404_to_others(client: Client, user: User, other: User) -> None:
    track = make_track(user, visibility=Visibility.PRIVATE)
    client.force_login(other)
    for method, address in [("get", ""), ("post", "separate/"), ("post", "stop/")]:
        assert getattr(client, method)(f"/tracks/{track.pk}/{address}").status_code == 404


def test_get_of_actions_answers_405(owner_client: Client, user: User) -> None:
    track = make_track(user)
    assert owner_client.get(f"/tracks/{track.pk}/separate/").status_code == 405
    assert owner_client.get(f"/tracks/{track.pk}/stop/").status_code == 405


def test_names_are_escaped(client: Client, user: User) -> None:
    track = make_track(user, title="</script><img onerror=x>", artist="{{7*7}}")
    make_separation(track)
    html = page(client, track)
    assert "<img onerror" not in html
    assert "{{7*7}}" in html


def test_upload_page_needs_an_account(client: Client) -> None:
    assert client.get("/upload/").headers["Location"] == "/accounts/login/?next=/upload/"


def test_upload_page_offers_the_installed_models(owner_client: Client) -> None:
    html = owner_client.get("/upload/").content.decode()
    assert re.findall(r'name="model"\s+value="([^"]+)"', html) == ["compact:2stems", "compact:4stems", "none"]


def test_upload_page_accepts_every_extension(owner_client: Client) -> None:
    page = owner_client.get("/upload/").content.decode()
    offered = page.partition('accept="')[2].partition('"')[0].split(",")
    assert offered == ["audio/*", *(f".{extension}" for extension in EXTENSIONS)]


@pytest.mark.parametrize(("model", "separations"), [("compact:2stems", 1), ("none", 0)])
def test_upload_without_scripts(
    owner_client: Client, user: User, tmp_path: Path, model: str, separations: int
) -> None:
    path = write_song(tmp_path / "Ana Ríos - Canción.flac", 0.5)
    form = {"model": model, "visibility": "private"}
    with path.open("rb") as file:
        answer = owner_client.post("/upload/", form | {"file": file})
    track = Track.objects.get()
    assert answer.headers["Location"] == f"/tracks/{track.pk}/"
    assert (track.title, track.owner, track.visibility) == ("Canción", user, Visibility.PRIVATE)
    assert Separation.objects.count() == separations
    with path.open("rb") as file:
        again = owner_client.post("/upload/", form | {"file": file}, follow=True)
    assert "This song was here already." in again.content.decode()
    assert Track.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("x.mp3", b"no song at all" * 100, "not an audio format"), ("x.wav", b"", "The file is empty.")],
)
def test_upload_of_something_else_shows_an_error(
    owner_client: Client, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with path.open("rb") as file:
        answer = owner_client.post("/upload/", {"file": file, "model": "none", "visibility": "shared"})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Track.objects.exists()
