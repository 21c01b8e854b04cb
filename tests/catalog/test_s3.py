"""The same flows on S3-compatible storage; ``make test-all`` starts one."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import boto3
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.models import User
from catalog import claims, storage
from catalog.collector import collect
from catalog.covers import track_cover
from catalog.renditions import rendition
from catalog.serving import serve
from tests.catalog.conftest import Ingester, picture

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif("STEMOTECA_TEST_S3" not in os.environ, reason="needs S3-compatible storage"),
]
NOW = timedelta(0)


@pytest.fixture(autouse=True)
def bucket(settings: Any, tmp_path: Path) -> Any:
    """A bucket of this test's own as the storage of files."""
    name = f"stemoteca-{uuid4().hex}"
    access = {
        "endpoint_url": os.environ["STEMOTECA_TEST_S3"],
        "region_name": "us-east-1",
    }
    found = boto3.resource("s3", aws_access_key_id="test", aws_secret_access_key="test", **access).Bucket(
        name
    )
    found.create()
    options = {
        "bucket_name": name,
        "access_key": "test",
        "secret_key": "test",
        "file_overwrite": True,
        **access,
    }
    settings.STORAGES = {
        **settings.STORAGES,
        "files": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options},
    }
    settings.WORK_DIR = tmp_path / "work"
    settings.WORK_DIR.mkdir()
    return found


def keys(bucket: Any) -> set[str]:
    return {item.key for item in bucket.objects.all()}


def test_a_file_is_stored_read_and_removed(tmp_path: Path, bucket: Any) -> None:
    key = storage.key_for("audio", "ab" * 32, "flac")
    path = tmp_path / "x"
    path.write_bytes(b"bytes")
    assert storage.size(key) is None
    storage.store(path, key)
    assert not path.exists()
    assert (storage.size(key), keys(bucket)) == (5, {key})
    for _again in range(2):  # the second time from the copy that was kept
        with storage.whole_copy(key, 5) as copy:
            assert copy.read_bytes() == b"bytes"
    storage.delete(key)
    assert not storage.exists(key)
    with pytest.raises(FileNotFoundError), storage.local_copy(storage.key_for("audio", "cd" * 32, "x")):
        pass


def test_a_recording_comes_in_is_encoded_and_goes(bring: Ingester, bucket: Any, user: User) -> None:
    result = bring(cover=picture())
    row = rendition(result.audio, "mp3", None, cover_key=result.track.picture)
    assert keys(bucket) == {result.audio.key, result.track.cover, row.key}
    assert collect(NOW) == 1  # the local copy of the mixture
    assert len(keys(bucket)) == 3
    claims.drop_claim(result.track, user)
    assert collect(NOW) == 3
    assert keys(bucket) == set()


def test_a_picture_comes_from_us(bring: Ingester, user: User) -> None:
    track = bring(cover=picture()).track
    request = RequestFactory().get("/")
    request.user = user
    response = track_cover(request, pk=track.pk)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    response.close()


def test_a_download_is_a_signed_address_that_keeps_name_and_type(bring: Ingester) -> None:
    audio = bring().audio
    request = RequestFactory().get("/")
    response = serve(
        request,
        audio.key,
        filename="Canción.flac",
        content_type="audio/flac",
        checksum=audio.checksum,
        size=audio.size,
        download=True,
    )
    assert isinstance(response, HttpResponse)
    assert response.status_code == 302
    assert response["Cache-Control"] == "private, no-store"
    with urlopen(response["Location"]) as answer:  # noqa: S310  # our own test server
        assert len(answer.read()) == audio.size
        assert answer.headers["Content-Type"] == "audio/flac"
        assert answer.headers["Content-Disposition"].startswith("attachment; ")
