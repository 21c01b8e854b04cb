"""Bringing a song by the API, and asking first whether it is known."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
import soundfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import pair_for
from catalog.models import AudioFile, Track, Upload, Visibility
from separation.models import Separation
from tests.factories import make_track
from tests.songs import RATE, song

UPLOADS = "/api/v1/uploads/"
LOOKUPS = "/api/v1/lookups/"


def sound(*, seed: int = 1, name: str = "Ana - Agua.wav") -> SimpleUploadedFile:
    """Half a second of a song as WAV."""
    file = io.BytesIO()
    soundfile.write(file, song(0.5, seed=seed), RATE, format="WAV")
    return SimpleUploadedFile(name, file.getvalue())


def upload(client: APIClient, file: Any, **fields: str) -> Any:
    return client.post(UPLOADS, {"file": file, **fields}, format="multipart")


def test_new_song_is_201_and_queued(api_of: Any, user: User) -> None:
    answer = upload(api_of(user), sound())
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert set(body) == {"track", "created", "matches", "separation", "separation_error"}
    assert (body["created"], body["matches"], body["separation_error"]) == (True, [], None)
    assert (body["track"]["title"], body["track"]["artist"]["name"]) == ("Agua", "Ana")
    assert body["track"]["duration"] == pytest.approx(0.5)
    assert body["track"]["mine"] is True
    assert (body["separation"]["status"], body["separation"]["model"]) == ("queued", "compact:2stems")
    assert body["track"]["separations"][0]["id"] == body["separation"]["id"]


def test_form_fields_override_tags(api_of: Any, user: User, api: APIClient) -> None:
    fields = {"title": "Otra", "artist": "Bea", "album": "Orilla", "visibility": "private", "model": "none"}
    body = upload(api_of(user), sound(), **fields).json()
    assert (body["track"]["title"], body["track"]["artist"]["name"]) == ("Otra", "Bea")
    assert (body["track"]["album"]["title"], body["track"]["visibility"]) == ("Orilla", "private")
    assert body["separation"] is None
    assert not Separation.objects.exists()
    assert api.get(f"/api/v1/tracks/{body['track']['id']}/").status_code == 404


def test_known_song_is_200(api_of: Any, user: User, other: User) -> None:
    first = upload(api_of(user), sound()).json()
    again = upload(api_of(other), sound(name="something else.wav"))
    assert again.status_code == 200
    assert again.json()["created"] is False
    assert again.json()["track"]["id"] == first["track"]["id"]
    assert again.json()["track"]["mine"] is False
    assert again.json()["separation"]["id"] == first["separation"]["id"]
    assert (Track.objects.count(), AudioFile.objects.count(), Upload.objects.count()) == (1, 1, 2)


def test_private_song_of_somebody_else_is_new(api_of: Any, user: User, other: User) -> None:
    first = upload(api_of(user), sound(), visibility="private", model="none").json()
    answer = upload(api_of(other), sound(), visibility="private", model="none")
    assert answer.status_code == 201
    assert answer.json()["created"] is True
    assert answer.json()["track"]["id"] != first["track"]["id"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [(b"", 400, "empty_file"), (b"<html>" * 100, 415, "unsupported"), (b"RIFF\0\0\0\0WAVE", 422, None)],
)
def test_files_that_are_no_audio_are_refused(
    api_of: Any, user: User, content: bytes, status: int, code: str | None
) -> None:
    answer = upload(api_of(user), SimpleUploadedFile("song.wav", content))
    assert answer.status_code in {status, 415}
    assert answer.json()["code"] == code or code is None
    assert not Track.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"visibility": "unlisted"}, "visibility"),
        ({"title": "x" * 256}, "title"),
        ({"model": "x" * 41}, "model"),
    ],
)
def test_bad_fields_are_named(api_of: Any, user: User, change: dict[str, str], field: str) -> None:
    answer = upload(api_of(user), sound(), **change)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]


@pytest.mark.parametrize(("model", "status"), [("compact:9stems", 400), ("spleeter:5stems", 409)])
def test_unusable_model_is_refused(api_of: Any, user: User, model: str, status: int) -> None:
    answer = upload(api_of(user), sound(), model=model)
    if status == 400:  # said before the song is taken in
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_model")
        assert not Track.objects.exists()
    else:  # the song is there, and it is said why nothing is made of it
        assert answer.status_code == 201
        assert answer.json()["separation"] is None
        assert answer.json()["separation_error"]["code"] == "model_unavailable"


def send_part(client: APIClient, disposition: str, content: bytes) -> Any:
    """Send one part of a form, with its header written as given."""
    header = f"Content-Disposition: form-data; {disposition}\r\nContent-Type: audio/wav\r\n\r\n"
    model = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nnone\r\n'
    body = model + b"--x\r\n" + header.encode() + content + b"\r\n--x--\r\n"
    return client.post(UPLOADS, body, content_type="multipart/form-data; boundary=x")


@pytest.mark.parametrize("disposition", ['name="file"; filename=""', 'name="file"'])
@pytest.mark.parametrize(("size", "status"), [(1000, 400), (1_500_000, 413)])
def test_file_without_a_name_is_refused_with_what_to_do(
    api_of: Any, user: User, disposition: str, size: int, status: int
) -> None:
    answer = send_part(api_of(user), disposition, bytes(size))
    assert answer.status_code == status
    assert "with a file name" in str(answer.json())


@pytest.mark.parametrize("name", [".", "..", "a/..", "\x00"])
def test_file_named_like_a_folder_is_named_by_its_tags(api_of: Any, user: User, name: str) -> None:
    tagged = io.BytesIO()
    with soundfile.SoundFile(tagged, "w", RATE, 2, format="FLAC") as file:
        file.title = "Tagged"
        file.write(song(0.5))
    answer = send_part(api_of(user), f'name="file"; filename="{name}"', tagged.getvalue())
    assert answer.status_code == 201, answer.content
    assert answer.json()["track"]["title"] == "Tagged"


def test_file_name_is_read_as_browsers_write_it(api_of: Any, user: User) -> None:
    name = "He said %22100%25%22%0D%0A(live).mp3"
    answer = send_part(api_of(user), f'name="file"; filename="{name}"', sound().read())
    assert answer.json()["track"]["title"] == 'He said "100%25"(live)'


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "..\\..\\x.wav",
        "%2e%2e%2f.wav",
        "CON.wav",
        "a\r\nb.wav",
        "x" * 400,
        "\u202efdp.wav",
    ],
)
def test_hostile_file_names(api_of: Any, user: User, name: str, settings: Any, tmp_path: Path) -> None:
    answer = upload(api_of(user), sound(name=name), model="none")
    assert answer.status_code == 201, answer.content
    row, audio = Upload.objects.get(), AudioFile.objects.get()
    assert len(row.filename) <= 255
    assert not set("/\\\r\n\u202e\x00") & set(row.filename)
    assert audio.key == f"audio/{audio.checksum[:2]}/{audio.checksum[2:4]}/{audio.checksum}.wav"


def test_announced_size_is_refused_before_the_body_is_read(api_of: Any, user: User, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 10_000
    refused = upload(api_of(user), sound())
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    announced = api_of(user).generic(
        "POST", UPLOADS, "", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="99999999999"
    )
    assert (announced.status_code, announced.json()["code"]) == (413, "too_large")


def test_full_quota_is_refused(api_of: Any, user: User, settings: Any) -> None:
    settings.QUOTA_BYTES = 1_000
    answer = upload(api_of(user), sound())
    assert (answer.status_code, answer.json()["code"]) == (413, "quota_exceeded")
    assert not Track.objects.exists()


def test_upload_needs_an_account_and_a_form(api: APIClient, api_of: Any, user: User) -> None:
    assert upload(api, sound()).status_code == 401
    assert api_of(user).post(UPLOADS, {"file": "x"}, format="json").status_code == 415
    assert api_of(user).get(UPLOADS).status_code == 405


def test_upload_by_session_needs_a_csrf_token(user: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    assert browser.post(UPLOADS, {"file": sound()}).status_code == 403
    browser.cookies["csrftoken"] = "a" * 32
    answer = browser.post(UPLOADS, {"file": sound(), "model": "none"}, headers={"X-CSRFToken": "a" * 32})
    assert answer.status_code == 201, answer.content
    assert Track.objects.get().owner == user


def test_upload_by_bearer_token(user: User) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {pair_for(user)['access']}"})
    assert client.post(UPLOADS, {"file": sound(), "model": "none"}).status_code == 201


def test_lookup_of_a_known_checksum(api_of: Any, user: User, other: User) -> None:
    file = sound()
    checksum = hashlib.sha256(file.read()).hexdigest()
    file.seek(0)
    assert api_of(other).post(LOOKUPS, {"checksum": checksum}).status_code == 404
    track = upload(api_of(user), file, model="none").json()["track"]
    for spelling in (checksum, checksum.upper()):
        answer = api_of(other).post(LOOKUPS, {"checksum": spelling})
        assert answer.status_code == 200
        assert answer.json()["track"]["id"] == track["id"]


def test_lookup_of_a_private_song_by_others_is_404(api_of: Any, user: User, other: User) -> None:
    track = make_track(user, visibility=Visibility.PRIVATE)
    known = api_of(other).post(LOOKUPS, {"checksum": track.audio.checksum})
    unknown = api_of(other).post(LOOKUPS, {"checksum": "0" * 64})
    assert known.status_code == unknown.status_code == 404
    assert known.content == unknown.content
    assert api_of(user).post(LOOKUPS, {"checksum": track.audio.checksum}).status_code == 200


@pytest.mark.parametrize("checksum", ["", "abc", "g" * 64, "0" * 65, None, 5, ["0" * 64], "0" * 63 + "\x00"])
def test_lookup_of_a_bad_checksum_is_400(api_of: Any, user: User, checksum: Any) -> None:
    answer = api_of(user).post(LOOKUPS, {"checksum": checksum})
    assert answer.status_code == 400
    assert "checksum" in answer.json()["fields"]


def test_lookup_needs_an_account(api: APIClient, db: None) -> None:
    assert api.post(LOOKUPS, {"checksum": "0" * 64}).status_code == 401
