"""Sending bytes: ranges, conditions, names and types."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from catalog.errors import CatalogError
from catalog.storage import backend
from catalog.storage.file_responses import content_disposition, serve

pytestmark = pytest.mark.django_db  # closing a response looks after the database's connections

BODY = bytes(range(256)) * 4
CHECKSUM = hashlib.sha256(BODY).hexdigest()
KEY = backend.key_for("audio", CHECKSUM, "flac")
SIZE = len(BODY)


@pytest.fixture(autouse=True)
def stored(tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(BODY)
    backend.store(path, KEY)


def ask(
    method: str = "GET", query: str = "", headers: dict[str, str] | None = None, *, download: bool = False
) -> tuple[HttpResponseBase, bytes]:
    request = RequestFactory().generic(method, f"/x{query}", headers=headers)
    response = serve(
        request,
        KEY,
        filename="Ana - Ríos (vocals).flac",
        content_type="audio/flac",
        checksum=CHECKSUM,
        size=SIZE,
        download=download,
    )
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]  # decided by .streaming
    response.close()
    return response, body


def test_request_without_range_gets_the_whole_file() -> None:
    response, body = ask()
    assert (response.status_code, body) == (200, BODY)
    assert dict(response.items()) == {
        "Content-Type": "audio/flac",
        "Content-Length": str(SIZE),
        "ETag": f'"{CHECKSUM}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": 'inline; filename="Ana - Rios (vocals).flac"; '
        "filename*=UTF-8''Ana%20-%20R%C3%ADos%20%28vocals%29.flac",
        "X-Content-Type-Options": "nosniff",
    }


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=0-0", 0, 1),
        ("bytes=-1", SIZE - 1, SIZE),
        ("bytes=-99999", 0, SIZE),
        ("bytes=10-19", 10, 20),
        ("bytes=1000-99999999999999999999", 1000, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        ("Bytes=3-4", 3, 5),
    ],
)
def test_range_returns_206_with_content_range(asked: str, start: int, stop: int) -> None:
    response, body = ask(headers={"range": asked})
    assert (response.status_code, body) == (206, BODY[start:stop])
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert response["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=99999999999999999999-", "bytes=-0"])
def test_range_outside_the_file_is_416(asked: str) -> None:
    response, body = ask(headers={"range": asked})
    assert (response.status_code, body) == (416, b"")
    assert response["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=5-2",
        "bytes=-",
        "bytes=abc",
        "abc",
        "items=0-1",
        "bytes=0-0,2-3",
        "bytes=" + "0-0," * 1000,
        "bytes=--1",
        "bytes=0-1-2",
        "bytes=" + "9" * 5000 + "-",
        "bytes=\u0661-\u0662",
    ],
)
def test_malformed_range_is_ignored(asked: str) -> None:
    response, body = ask(headers={"range": asked})
    assert (response.status_code, body) == (200, BODY)


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (f'"{CHECKSUM}"', 206),
        ('"stale"', 200),
        (f'W/"{CHECKSUM}"', 200),
        ("Sat, 21 Nov 2026 00:00:00 GMT", 200),
    ],
)
def test_if_range_decides_between_range_and_whole_file(condition: str, status: int) -> None:
    assert ask(headers={"range": "bytes=0-9", "if-range": condition})[0].status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": f'"{CHECKSUM}"'}, 304),
        ({"if-none-match": f'"x", W/"{CHECKSUM}"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"x"'}, 200),
        ({"if-match": '"x"'}, 412),
        ({"if-match": f'"{CHECKSUM}"'}, 200),
    ],
)
def test_conditional_requests_return_304(headers: dict[str, str], status: int) -> None:
    response, body = ask(headers=headers)
    assert response.status_code == status
    assert body == (BODY if status == 200 else b"")
    assert response["ETag"] == f'"{CHECKSUM}"'


def test_head_has_the_same_headers_and_no_body() -> None:
    whole, _body = ask()
    response, body = ask("HEAD", headers={"range": "bytes=0-9"})
    assert (response.status_code, body) == (200, b"")
    assert dict(response.items()) == dict(whole.items())


def test_versioned_address_has_a_short_max_age() -> None:
    assert ask(query=f"?v={CHECKSUM[:12]}")[0]["Cache-Control"] == "private, max-age=300"
    for other in ("?v=", f"?v={CHECKSUM[:3]}", "?v=00000000"):
        assert ask(query=other)[0]["Cache-Control"] == "private, no-cache"


def test_only_audio_and_pictures_are_served() -> None:
    with pytest.raises(ValueError, match="never served"):
        serve(
            RequestFactory().get("/"),
            KEY,
            filename="x",
            content_type="text/html",
            checksum=CHECKSUM,
            size=SIZE,
        )


@pytest.mark.parametrize("damage", ["gone", "short", "long"])
def test_damaged_file_is_not_served(damage: str) -> None:
    path = backend.local_path(KEY)
    path.unlink() if damage == "gone" else path.write_bytes(BODY[:-1] if damage == "short" else BODY + b"x")
    with pytest.raises(CatalogError) as refused:
        ask()
    assert (refused.value.code, refused.value.status) == ("file_missing", 503)


def test_x_accel_hands_the_file_to_nginx(settings: Any) -> None:
    settings.X_ACCEL = "/stored/"
    response, body = ask(download=True)
    assert isinstance(response, HttpResponse)
    assert (response["X-Accel-Redirect"], body) == (f"/stored/{KEY}", b"")
    assert response["Content-Disposition"].startswith("attachment; ")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("plain.mp3", 'attachment; filename="plain.mp3"'),
        ('a"b\\c;d.mp3', "attachment; filename=\"a_b_c;d.mp3\"; filename*=UTF-8''a%22b%5Cc%3Bd.mp3"),
        (
            "x\r\nSet-Cookie: y",
            "attachment; filename=\"x__Set-Cookie: y\"; filename*=UTF-8''x%0D%0ASet-Cookie%3A%20y",
        ),
        ("Ω.mp3", "attachment; filename=\"O.mp3\"; filename*=UTF-8''%CE%A9.mp3"),
    ],
)
def test_content_disposition_encodes_names(name: str, header: str) -> None:
    assert content_disposition(name, attachment=True) == header
