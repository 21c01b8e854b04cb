"""Models, separations and archives by the API."""

import io
import zipfile
from typing import Any
from urllib.parse import unquote

import pytest
import soundfile
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Visibility
from separation.engines import modelspec
from separation.models import Separation, SeparationRequest, Status
from separation.queue.requests import ask
from tests.factories import make_separation, make_track

SEPARATIONS = "/api/v1/separations/"


@pytest.mark.django_db
def test_models_are_listed_with_their_stems(api: APIClient) -> None:
    rows = api.get("/api/v1/models/").json()
    assert [row["slug"] for row in rows] == list(modelspec.SPECS)
    row = next(row for row in rows if row["slug"] == "compact:2stems")
    assert row.pop("revision")
    assert row.pop("licence").startswith("MIT")
    assert row.pop("provenance").startswith("A small network")
    assert row.pop("size_bytes") > 1_000_000
    assert row.pop("quality") == {
        "value": pytest.approx(7.8),
        "unit": "dB SDR",
        "data_set": "18 semi-real mixtures of this project",
        "source": "separation/engines/spleeter/bundled/MODEL.md",
    }
    assert (row.pop("stars"), row.pop("seconds_per_minute")) == (None, None)
    assert row == {
        "slug": "compact:2stems",
        "takes": "",
        "stems": ["vocals", "accompaniment"],
        "bandwidth_hz": 11_025,
        "available": True,
        "default": True,
    }
    assert [row["slug"] for row in rows if row["default"]] == ["compact:2stems"]
    assert not next(row for row in rows if row["slug"] == "spleeter:5stems")["available"]
    assert api.post("/api/v1/models/", {}).status_code in {401, 405}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "position"),
    [(Status.QUEUED, 1), (Status.RUNNING, None), (Status.FAILED, None), (Status.CANCELLED, None)],
)
def test_separation_progress_position_and_eta(api: APIClient, status: Status, position: int | None) -> None:
    separation = make_separation(make_track(), status=status)
    body = api.get(f"{SEPARATIONS}{separation.pk}/").json()
    assert (body["status"], body["queue_position"]) == (status, position)
    assert [stem["audio"] for stem in body["stems"]] == [None] * (2 if status == Status.RUNNING else 0)
    assert body["archive"] is None
    assert (body["eta_seconds"] is not None) == (status in {Status.QUEUED, Status.RUNNING})
    if status == Status.FAILED:
        assert body["error"]["code"] == "crashed"
        assert body["error"]["detail"]
    else:
        assert body["error"] is None


def test_separation_is_seen_through_ones_own_track(
    api: APIClient, api_of: Any, user: User, other: User
) -> None:
    shared = make_track(user)
    own = make_track(other, audio=shared.audio, visibility=Visibility.PRIVATE, title="My copy")
    separation = make_separation(shared)
    path = f"{SEPARATIONS}{separation.pk}/"
    assert api.get(path).json()["track"] == str(shared.pk)
    assert api_of(user).get(path).json()["track"] == str(shared.pk)
    assert api_of(other).get(path).json()["track"] == str(shared.pk)
    ask(own, separation.model, other)
    assert api_of(other).get(path).json()["track"] == str(own.pk)


def test_requester_withdraws(api: APIClient, api_of: Any, user: User, other: User) -> None:
    track = make_track(user)
    separation = make_separation(track, status=Status.QUEUED, asked_by=user)
    SeparationRequest.objects.create(separation=separation, user=other, track=track)
    path = f"{SEPARATIONS}{separation.pk}/"
    third = User.objects.create_user("cy@example.org")
    assert api_of(third).delete(path).json()["code"] == "not_yours"
    assert api.delete(path).status_code == 401
    assert api_of(user).delete(path).status_code == 204
    separation.refresh_from_db()
    assert separation.status == Status.QUEUED  # the other one still waits for it
    assert api_of(user).delete(path).status_code == 403
    assert api_of(other).delete(path).status_code == 204
    separation.refresh_from_db()
    assert separation.status == Status.CANCELLED


def test_finished_separation_stays_after_withdrawal(api_of: Any, user: User) -> None:
    separation = make_separation(make_track(user), asked_by=user)
    assert api_of(user).delete(f"{SEPARATIONS}{separation.pk}/").status_code == 204
    assert Separation.objects.get().status == Status.SUCCEEDED


@pytest.mark.django_db
@pytest.mark.parametrize("identifier", ["0", "x", "%00", "..", "00000000-0000-4000-8000-000000000000"])
def test_unknown_ids_are_404(api: APIClient, identifier: str) -> None:
    assert api.get(f"{SEPARATIONS}{identifier}/").status_code == 404


def archived(answer: Any) -> zipfile.ZipFile:
    assert answer.status_code == 200, answer.content
    content = b"".join(answer.streaming_content)
    assert len(content) == int(answer["Content-Length"])
    return zipfile.ZipFile(io.BytesIO(content))


def test_archive_of_all_stems(api_of: Any, user: User) -> None:
    track = make_track(user, title="Barquito / papel")
    path = f"{SEPARATIONS}{make_separation(track, stored=True).pk}/archive/"
    answer = api_of(user).get(path)
    assert answer["Content-Type"] == "application/zip"
    assert "Barquito" in answer["Content-Disposition"]
    with archived(answer) as archive:
        assert sorted(archive.namelist()) == [
            "Ana Torres - Barquito _ papel (accompaniment).flac",
            "Ana Torres - Barquito _ papel (vocals).flac",
        ]
        sound, rate = soundfile.read(io.BytesIO(archive.read(archive.namelist()[0])))
    assert (sound.shape, rate) == ((44_100, 2), 44_100)


def test_archive_of_some_stems_in_another_codec(api_of: Any, user: User) -> None:
    separation = make_separation(make_track(user), model="compact:4stems", stored=True)
    path = f"{SEPARATIONS}{separation.pk}/archive/?codec=mp3&bitrate=128k&stems=bass, drums,bass"
    with archived(api_of(user).get(path)) as archive:
        assert sorted(archive.namelist()) == [
            "Ana Torres - Barquito de papel (bass).mp3",
            "Ana Torres - Barquito de papel (drums).mp3",
        ]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("codec=aiff", "unknown_codec"),
        ("codec=mp3&bitrate=7", "bad_bitrate"),
        ("codec=mp3&bitrate=loud", "bad_bitrate"),
        ("codec=mp3&bitrate=-192", "bad_bitrate"),
        ("stems=kazoo", "unknown_stem"),
        ("stems=vocals/../../etc", "unknown_stem"),
        ("codec=%00", "invalid"),
        (f"stems={'x' * 300}", "invalid"),
    ],
)
def test_archive_with_bad_parameters_is_refused(api_of: Any, user: User, query: str, code: str) -> None:
    separation = make_separation(make_track(user))
    answer = api_of(user).get(f"{SEPARATIONS}{separation.pk}/archive/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_archive_is_409_before_the_end_and_401_for_visitors(api: APIClient, api_of: Any, user: User) -> None:
    track = make_track(user)
    running = make_separation(track, status=Status.RUNNING)
    refused = api_of(user).get(f"{SEPARATIONS}{running.pk}/archive/")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
    done = make_separation(track, model="compact:4stems")
    assert api.get(f"{SEPARATIONS}{done.pk}/archive/").status_code == 401
    assert api_of(user).post(f"{SEPARATIONS}{done.pk}/archive/", {}).status_code == 405


def test_archive_of_a_lost_file_is_503(api_of: Any, user: User) -> None:
    separation = make_separation(make_track(user))  # its rows name files that are not there
    answer = api_of(user).get(f"{SEPARATIONS}{separation.pk}/archive/")
    assert (answer.status_code, answer.json()["code"]) == (503, "file_missing")


@pytest.mark.parametrize(
    ("artist", "title", "plain"),
    [
        ("周杰伦", "晴天", "ZhouJieLun - QingTian"),
        ("Кино", "Группа крови", "Kino - Gruppa krovi"),
    ],
)
def test_archive_of_a_song_without_latin_letters(
    api_of: Any, user: User, artist: str, title: str, plain: str
) -> None:
    """The plain name that simple clients save under, and the real one; inside an archive the real one alone."""
    separation = make_separation(make_track(user, title=title, artist=artist), stored=True)
    stem = separation.stems.get(name="vocals")
    single = api_of(user).get(f"/api/v1/stems/{stem.pk}/audio/?codec=flac")
    assert b"".join(single.streaming_content).startswith(b"fLaC")
    several = api_of(user).get(f"{SEPARATIONS}{separation.pk}/archive/?codec=wav")
    for answer, ending in ((single, " (vocals).flac"), (several, ".zip")):
        told = answer["Content-Disposition"]
        assert f'filename="{plain}{ending}"' in told
        assert unquote(told.partition("UTF-8''")[2]) == f"{artist} - {title}{ending}"
    with archived(several) as archive:
        for entry in archive.infolist():
            assert entry.flag_bits & 0x800, "the name is in UTF-8, and says so"
            assert entry.filename.startswith(f"{artist} - {title} (")
