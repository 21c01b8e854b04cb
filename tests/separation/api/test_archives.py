"""Archives by the API: the same bytes each time, so they can be asked for in parts."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Rendition
from catalog.storage import backend
from catalog.storage.encoding_pool import pool
from separation.models import Separation
from tests.factories import make_audio, make_separation, make_track


@pytest.fixture
def separation(user: User) -> Separation:
    track = make_track(user, title="Canción", artist="Ana Ríos", audio=make_audio(1.0, stored=True))
    return make_separation(track, stored=True)


@pytest.fixture
def path(separation: Separation) -> str:
    return f"/api/v1/separations/{separation.pk}/archive/"


@pytest.fixture
def client(api_of: Any, user: User) -> APIClient:
    signed_in: APIClient = api_of(user)
    return signed_in


def content(answer: Any) -> bytes:
    assert answer.status_code in {200, 206}, answer.content
    return b"".join(answer.streaming_content)


def test_archive_headers_and_members(client: APIClient, path: str) -> None:
    answer = client.get(f"{path}?codec=mp3")
    assert answer["Content-Type"] == "application/zip"
    assert "filename*=UTF-8''Ana%20R%C3%ADos%20-%20Canci%C3%B3n.zip" in answer["Content-Disposition"]
    assert answer["Accept-Ranges"] == "bytes"
    assert "Last-Modified" not in answer
    body = content(answer)
    assert len(body) == int(answer["Content-Length"])
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"Ana Ríos - Canción ({x}).mp3" for x in ("vocals", "accompaniment")]
        assert {item.compress_type for item in archive.infolist()} == {zipfile.ZIP_STORED}
        for item in archive.infolist():
            row = Rendition.objects.get(size=item.file_size, crc32=item.CRC)
            assert archive.read(item) == backend.local_path(row.key).read_bytes()


def test_archive_is_reproducible(client: APIClient, path: str) -> None:
    first, again = (client.get(f"{path}?codec=mp3") for _ in range(2))
    assert first["ETag"] == again["ETag"]
    assert content(first) == content(again)
    other = client.get(f"{path}?codec=mp3&stems=vocals")
    assert other["ETag"] != first["ETag"]
    content(other)


def test_archive_changes_with_the_names(client: APIClient, path: str, separation: Separation) -> None:
    first = client.get(f"{path}?codec=wav&stems=vocals")
    content(first)
    separation.mixture.tracks.update(title="Otra")
    second = client.get(f"{path}?codec=wav&stems=vocals")
    content(second)
    assert first["ETag"] != second["ETag"]


@pytest.mark.parametrize("parts", [2, 7, 50])
def test_archive_ranges_join_to_the_whole(client: APIClient, path: str, parts: int) -> None:
    whole = client.get(f"{path}?codec=mp3")
    body = content(whole)
    step = -(-len(body) // parts)
    pieces = []
    for start in range(0, len(body), step):
        wanted = f"bytes={start}-{start + step - 1}"
        part = client.get(f"{path}?codec=mp3", headers={"Range": wanted, "If-Range": whole["ETag"]})
        assert part.status_code == 206
        assert part["Content-Range"] == f"bytes {start}-{min(start + step, len(body)) - 1}/{len(body)}"
        pieces.append(content(part))
    assert b"".join(pieces) == body


def test_archive_conditions_head_and_bad_ranges(client: APIClient, path: str) -> None:
    whole = client.get(f"{path}?codec=mp3")
    body = content(whole)
    known = client.get(f"{path}?codec=mp3", headers={"If-None-Match": whole["ETag"]})
    assert (known.status_code, known.content, known["ETag"]) == (304, b"", whole["ETag"])
    changed = client.get(f"{path}?codec=mp3", headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (changed.status_code, content(changed)) == (200, body)
    outside = client.get(f"{path}?codec=mp3", headers={"Range": f"bytes={len(body)}-"})
    assert (outside.status_code, outside["Content-Range"]) == (416, f"bytes */{len(body)}")
    head = client.head(f"{path}?codec=mp3")
    assert (head.status_code, head["Content-Length"], head["ETag"]) == (200, str(len(body)), whole["ETag"])
    assert client.get(f"{path}?codec=mp3", headers={"If-Match": '"other"'}).status_code == 412
    last = client.get(f"{path}?codec=mp3", headers={"Range": "bytes=-22"})
    assert content(last) == body[-22:]


def test_archive_of_a_rendition_without_crc(client: APIClient, path: str) -> None:
    first = content(client.get(f"{path}?codec=mp3"))
    Rendition.objects.update(crc32=None)
    assert content(client.get(f"{path}?codec=mp3")) == first
    assert not Rendition.objects.filter(crc32=None).exists()


def test_archive_makes_lost_renditions_again_or_is_file_missing(
    client: APIClient, path: str, separation: Separation
) -> None:
    first = content(client.get(f"{path}?codec=wav"))
    backend.delete(Rendition.objects.order_by("created_at")[0].key)
    assert content(client.get(f"{path}?codec=wav")) == first
    backend.delete(Rendition.objects.order_by("created_at")[0].key)
    for stem in separation.stems.all():
        backend.delete(stem.audio.key)
    answer = client.get(f"{path}?codec=wav")
    assert (answer.status_code, answer.json()["code"]) == (503, "file_missing")


@pytest.mark.skipif(not shutil.which("unzip"), reason="needs Info-ZIP")
def test_info_zip_reads_the_archive(client: APIClient, path: str, tmp_path: Path) -> None:
    file = tmp_path / "archive.zip"
    file.write_bytes(content(client.get(f"{path}?codec=flac")))
    tested = subprocess.run(["unzip", "-t", file], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout


@pytest.mark.django_db(transaction=True)
def test_respond_async_returns_202_with_progress(client: APIClient, path: str) -> None:
    later = {"Prefer": "respond-async"}
    first = client.get(f"{path}?codec=mp3", headers=later)
    assert (first.status_code, first["Preference-Applied"]) == (202, "respond-async")
    assert 0 <= first.json()["progress"] <= 1
    assert pool.wait_until_idle(30)
    assert (
        zipfile.ZipFile(io.BytesIO(content(client.get(f"{path}?codec=mp3", headers=later)))).testzip() is None
    )
