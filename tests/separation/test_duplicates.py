"""A song that sounds like one that is taken apart: the person is asked, by the API, by the form and on its page."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from audio.encoding.encode import encode
from benchmarks.catalogue.tunes import tune
from catalog.fingerprints import Similar
from catalog.models import Match, Track, Visibility
from catalog.uploads.ingest import ingest
from separation.duplicates import similar_tracks, worth_asking
from separation.models import Separation, Status
from tests.audio.test_chromaprint import needs_chromaprint
from tests.factories import make_separation, make_track

UPLOADS = "/api/v1/uploads/"


def recording(folder: Path, name: str) -> Path:
    path = folder / name
    encode([tune(1, 12)], path, path.suffix[1:], 192 if path.suffix == ".mp3" else None)
    return path


@pytest.fixture
def there(other: User, tmp_path: Path) -> Track:
    """A shared song that is taken apart already."""
    track = ingest(recording(tmp_path, "a.flac"), filename="Ana - Agua.flac", user=other).track
    make_separation(track)
    return track


@pytest.fixture
def file(tmp_path: Path) -> SimpleUploadedFile:
    """The same recording as an MP3."""
    return SimpleUploadedFile("Eva - Otra.mp3", recording(tmp_path, "b.mp3").read_bytes())


@needs_chromaprint
def test_upload_with_ask_leaves_a_similar_song_unseparated(
    api_of: Any, user: User, there: Track, file: Any
) -> None:
    client = api_of(user)
    answer = client.post(UPLOADS, {"file": file, "when_matched": "ask"}, format="multipart")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["separation"], body["separation_error"]) == (None, None)
    [match] = body["matches"]
    assert set(match) == {"track", "similarity", "offset"}
    assert (match["track"]["id"], match["track"]["separations"][0]["status"]) == (str(there.pk), "succeeded")
    assert 0.9 < match["similarity"] <= 1
    assert match["offset"] == pytest.approx(0, abs=0.1)
    mine = body["track"]["id"]
    assert not Separation.objects.filter(mixture__tracks=mine).exists()
    started = client.post(f"/api/v1/tracks/{mine}/separations/", {"model": "compact:2stems"})
    assert started.status_code == 202  # whoever wants it all the same says so


@needs_chromaprint
def test_upload_without_ask_separates_a_similar_song(
    api_of: Any, user: User, there: Track, file: Any
) -> None:
    body = api_of(user).post(UPLOADS, {"file": file}, format="multipart").json()
    assert [match["track"]["id"] for match in body["matches"]] == [str(there.pk)]
    assert body["separation"]["status"] == "queued"


@needs_chromaprint
def test_private_songs_of_others_change_no_answer(api_of: Any, user: User, there: Track, file: Any) -> None:
    there.visibility = Visibility.PRIVATE
    there.save()
    answer = api_of(user).post(UPLOADS, {"file": file, "when_matched": "ask"}, format="multipart")
    assert answer.status_code == 201
    assert answer.json()["matches"] == []
    assert answer.json()["separation"]["status"] == "queued"


@needs_chromaprint
def test_upload_without_scripts_offers_the_similar_song(
    client: Client, user: User, there: Track, file: Any
) -> None:
    client.force_login(user)
    fields = {"file": file, "model": "compact:2stems", "visibility": "shared"}
    answer = client.post("/upload/", fields, follow=True)
    mine = Track.objects.exclude(pk=there.pk).get()
    assert answer.redirect_chain[-1][0] == f"/tracks/{mine.pk}/"
    html = answer.content.decode()
    assert "Choose below" in html
    assert f'href="/tracks/{there.pk}/"' in html
    assert 'value="compact:2stems"' in html  # the other way to go on
    assert not Separation.objects.filter(mixture=mine.audio).exists()
    client.post(f"/tracks/{mine.pk}/separate/", {"model": "compact:2stems"})
    assert Separation.objects.filter(mixture=mine.audio).exists()


def test_page_hints_at_visible_songs_only(user: User, other: User) -> None:
    mine, shown, hidden, waiting = (make_track(owner) for owner in (user, other, other, other))
    Track.objects.filter(pk=hidden.pk).update(visibility=Visibility.PRIVATE)
    for track in (shown, hidden):
        make_separation(track)
    make_separation(waiting, status=Status.QUEUED)
    for track in (shown, hidden, waiting):
        Match.objects.create(audio=mine.audio, other=track.audio, similarity=0.9, offset=0)
    assert similar_tracks(mine, user) == [shown]
    assert set(similar_tracks(mine, other)) == {shown, hidden}
    make_separation(mine)
    assert similar_tracks(shown, other) == [mine]


def test_match_by_name_alone_is_separated(user: User) -> None:
    track = make_track(user)
    make_separation(track)
    assert worth_asking([Similar(track)]) is None
    assert worth_asking([Similar(track, 0.9, 0.0, track.audio_id)]) is not None
    assert worth_asking([Similar(make_track(user), 0.9, 0.0)]) is None
