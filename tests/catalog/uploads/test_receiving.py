"""What arrives is limited and removed, whatever server stands in front."""

import errno
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from accounts.tokens import pair_for
from catalog.uploads import handlers

FORM = "multipart/form-data; boundary=x"
UPLOADS = "/api/v1/uploads/"


@pytest.fixture
def incoming(settings: Any, tmp_path: Path) -> Path:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return tmp_path / "incoming"


@pytest.fixture
def client(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {pair_for(user)['access']}"})


def send(client: Client, address: str = UPLOADS, size: int = 3_000_000) -> Any:
    return client.post(address, {"file": SimpleUploadedFile("a.wav", bytes(size))})


def test_accepted_and_refused_files_leave_nothing(client: Client, incoming: Path) -> None:
    assert send(client).status_code == 415
    assert list(incoming.iterdir()) == []


@pytest.mark.parametrize("names", [("file", "file"), ("file", "cover")])
def test_second_file_in_one_request_is_refused(
    client: Client, incoming: Path, names: tuple[str, str]
) -> None:
    files = [SimpleUploadedFile(f"{number}.wav", bytes(100)) for number in range(2)]
    parts = {names[0]: files} if len(set(names)) == 1 else dict(zip(names, files, strict=True))
    answer = client.post(UPLOADS, parts)
    assert (answer.status_code, answer.json()["code"]) == (400, "several_files")
    assert list(incoming.iterdir()) == []


def test_page_refuses_a_second_file(client: Client, user: User, incoming: Path) -> None:
    client.force_login(user)
    files = [SimpleUploadedFile(f"{number}.wav", bytes(100)) for number in range(2)]
    answer = client.post("/upload/", {"file": files, "model": "none", "visibility": "shared"})
    assert answer.status_code == 400
    assert "Only one file at a time" in answer.content.decode()
    assert list(incoming.iterdir()) == []


class Breaking(io.BytesIO):
    """A client that goes away in the middle."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 1_000_000:
            raise OSError(errno.ECONNRESET, "gone")
        return super().read(size)


def test_disconnected_client_leaves_nothing(client: Client, incoming: Path) -> None:
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    more: dict[str, Any] = {
        "wsgi.input": Breaking(start + bytes(2_000_000)),
        "CONTENT_LENGTH": "3000000",
        "CONTENT_TYPE": FORM,
    }
    answer = client.generic("POST", UPLOADS, b"", **more)
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert list(incoming.iterdir()) == []


def change_quota(user: User, settings: Any) -> None:
    User.objects.filter(pk=user.pk).update(stored_bytes=settings.QUOTA_BYTES - 2_500_000)


def change_floor(_user: User, settings: Any) -> None:
    settings.DISK_FLOOR_BYTES = 10**18


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [(change_quota, 413, "quota_exceeded"), (change_floor, 507, "no_space")],
)
def test_quota_and_disk_floor_are_checked_during_the_transfer(
    client: Client,
    incoming: Path,
    user: User,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[User, Any], None],
    status: int,
    code: str,
) -> None:
    """The request says a length that fits, since nothing else was asked of the disk before."""
    monkeypatch.setattr(handlers, "CHECK_EVERY_BYTES", 100_000)
    change(user, settings)
    answer = send(client)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert list(incoming.iterdir()) == []


def test_full_disk_is_507(
    client: Client, incoming: Path, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Client()
    page.force_login(user)
    full = Path("/dev/full")
    monkeypatch.setattr(handlers, "NamedTemporaryFile", lambda **_options: full.open("wb", 0))
    answer = send(client)
    assert (answer.status_code, answer.json()["code"]) == (507, "no_space")
    assert send(page, "/upload/").status_code == 507


def test_bytes_beyond_content_length_are_not_read(client: Client, incoming: Path, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 100_000
    answer = send(client, size=1_200_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert list(incoming.iterdir()) == []
