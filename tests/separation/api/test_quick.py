"""The two simple calls for scripts."""

import hashlib
import io
import zipfile
from typing import Any
from urllib.parse import urlencode

import pytest
import soundfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Rendition, Track
from catalog.storage.waiting_requests import waiting
from separation.models import Separation, Status
from tests.factories import make_separation, make_track
from tests.songs import RATE, song

PASSWORD = "a long enough one"
URL_ENCODED = "application/x-www-form-urlencoded"


def sound() -> SimpleUploadedFile:
    file = io.BytesIO()
    soundfile.write(file, song(0.5), RATE, format="WAV")
    return SimpleUploadedFile("Ana - Agua.wav", file.getvalue())


def token_of(user: User, path: str = "/api/login") -> str:
    answer = APIClient().post(path, {"email": user.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["userId"] == str(user.pk)
    assert set(answer.json()) == {"token", "userId"}
    return str(answer.json()["token"])


@pytest.fixture
def client_of() -> Any:
    def sign_in(user: User) -> Client:
        return Client(headers={"Authorization": f"Bearer {token_of(user)}"})

    return sign_in


@pytest.fixture
def known(user: User) -> SimpleUploadedFile:
    """A song that was brought and separated before, as its file."""
    track = make_track(user, title="Agua", artist="Ana")
    make_separation(track, stored=True)
    file = sound()
    upload = track.uploads.get()
    upload.checksum = digest(file)
    upload.save()
    return file


def digest(file: SimpleUploadedFile) -> str:
    value = hashlib.sha256(file.read()).hexdigest()
    file.seek(0)
    return value


def test_login_accepts_json_and_forms_with_or_without_slash(user: User) -> None:
    for path in ("/api/login", "/api/login/"):
        assert token_of(user, path)
        form = {"email": user.email, "password": PASSWORD}
        assert Client().post(path, urlencode(form), content_type=URL_ENCODED).status_code == 200
        wrong = urlencode({**form, "password": "wrong"})
        assert Client().post(path, wrong, content_type=URL_ENCODED).status_code == 401
        assert Client().post(path, form).status_code == 415, "no form that could hold a file"
        assert Client().get(path).status_code == 405


@pytest.mark.parametrize("path", ["/api/separate", "/api/separate/"])
def test_known_song_is_answered_with_a_zip(
    client_of: Any, user: User, known: SimpleUploadedFile, path: str
) -> None:
    answer = client_of(user).post(path, {"audio": known, "stems": "2", "codec": "mp3", "bitrate": "192k"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert sorted(archive.namelist()) == ["Ana - Agua (accompaniment).mp3", "Ana - Agua (vocals).mp3"]
    assert Track.objects.count() == 1


def test_respond_async_returns_202_with_location(client_of: Any, user: User) -> None:
    client = client_of(user)
    answer = client.post(
        "/api/separate", {"audio": sound(), "stems": "4"}, headers={"Prefer": "wait=5, respond-async"}
    )
    assert answer.status_code == 202
    assert answer["Preference-Applied"] == "respond-async"
    assert answer.json()["model"] == "compact:4stems"
    followed = client.get(answer["Location"])
    assert followed.status_code == 200
    assert followed.json()["id"] == answer.json()["id"]


def test_long_wait_ends_with_202_and_location(client_of: Any, user: User, settings: Any) -> None:
    settings.SIMPLE_WAIT_SECONDS = 0
    answer = client_of(user).post("/api/separate", {"audio": sound()})
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer
    assert answer["Location"].endswith(f"/api/v1/separations/{answer.json()['id']}/")


def test_too_many_waiting_requests_of_one_account_get_202(
    client_of: Any, user: User, other: User, settings: Any
) -> None:
    settings.WAITING_PER_PERSON = 1
    client = client_of(user)
    with waiting(f"account {user.pk}"):
        answer = client.post("/api/separate", {"audio": sound()})
    assert answer.status_code == 202
    assert client.get(answer["Location"]).json()["status"] == "queued"


def test_too_many_waiting_requests_in_all_get_202(client_of: Any, user: User, settings: Any) -> None:
    settings.WEB_THREADS = 2
    with waiting("account of somebody else"):
        assert client_of(user).post("/api/separate", {"audio": sound()}).status_code == 202


def test_known_song_gets_202_while_encoding_is_busy(
    client_of: Any, user: User, known: SimpleUploadedFile, settings: Any
) -> None:
    settings.ENCODINGS_PER_PERSON = 0
    client = client_of(user)
    answer = client.post("/api/separate", {"audio": known, "codec": "mp3"})
    assert answer.status_code == 202
    assert client.get(answer["Location"]).json()["status"] == "succeeded"
    assert not Rendition.objects.exists()


@pytest.mark.parametrize(
    ("status", "code", "answered"),
    [(Status.FAILED, "crashed", 422), (Status.CANCELLED, "cancelled", 409)],
)
def test_failure_while_waiting_is_422(
    client_of: Any, user: User, monkeypatch: pytest.MonkeyPatch, status: Status, code: str, answered: int
) -> None:
    def something_happens(_seconds: float) -> None:
        error = "crashed" if status == Status.FAILED else ""
        Separation.objects.update(status=status, error_code=error)

    monkeypatch.setattr("separation.api.quick.time.sleep", something_happens)
    answer = client_of(user).post("/api/separate", {"audio": sound()})
    assert (answer.status_code, answer.json()["code"]) == (answered, code)


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"stems": "3"}, 400, "invalid"),
        ({"stems": "two"}, 400, "invalid"),
        ({"stems": "5"}, 409, "model_unavailable"),
        ({"codec": "aiff"}, 400, "unknown_codec"),
        ({"codec": "mp3", "bitrate": "7"}, 400, "bad_bitrate"),
    ],
)
def test_bad_parameters_are_refused_before_ingest(
    client_of: Any, user: User, fields: dict[str, str], status: int, code: str
) -> None:
    sent: dict[str, Any] = {"audio": sound(), **fields} if fields else {"other": "x"}
    answer = client_of(user).post("/api/separate", sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Track.objects.exists()


class Untouchable(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_args: Any) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize("token", ["", "Bearer nonsense", "Basic YTpi"])
def test_missing_token_is_401_before_the_body_is_read(db: None, token: str) -> None:
    more: dict[str, Any] = {"wsgi.input": Untouchable(), "CONTENT_LENGTH": "1000000"}
    if token:
        more["HTTP_AUTHORIZATION"] = token
    form = "multipart/form-data; boundary=x"
    answer = Client().generic("POST", "/api/separate", b"", content_type=form, **more)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"]


def test_session_is_not_accepted_as_token(user: User) -> None:
    browser = Client()
    browser.force_login(user)
    assert browser.post("/api/separate", {"audio": sound()}).status_code == 401
