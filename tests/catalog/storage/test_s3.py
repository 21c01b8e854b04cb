"""The same flows on S3-compatible storage; ``make test-all`` starts one."""

import io
import os
import shutil
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import boto3
import numpy as np
import pytest
import soundfile
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.models import User
from audio.flac import FromSndfile, SegmentedFile
from catalog.errors import CatalogError
from catalog.models import AudioFile, Rendition
from catalog.storage import backend
from catalog.storage.covers import sizes, track_cover
from catalog.storage.file_responses import serve, serve_archive
from catalog.storage.garbage_collection import collect
from catalog.storage.renditions import get_or_create_rendition, rendition
from catalog.uploads import ownership
from separation.delivery import live, opus_segments, segments
from separation.delivery.downloads import order_archive
from separation.models import Status, Stem
from tests.catalog.conftest import Ingester, picture
from tests.factories import make_audio, make_separation, make_track

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
    key = backend.key_for("audio", "ab" * 32, "flac")
    path = tmp_path / "x"
    path.write_bytes(b"bytes")
    assert backend.size(key) is None
    backend.store(path, key)
    assert not path.exists()
    assert (backend.size(key), keys(bucket)) == (5, {key})
    for _again in range(2):  # the second time from the copy that was kept
        with backend.whole_copy(key, 5) as copy:
            assert copy.read_bytes() == b"bytes"
    backend.delete(key)
    assert not backend.exists(key)
    with pytest.raises(FileNotFoundError), backend.local_copy(backend.key_for("audio", "cd" * 32, "x")):
        pass


def test_recording_is_stored_encoded_and_deleted(ingest_song: Ingester, bucket: Any, user: User) -> None:
    result = ingest_song(cover=picture())
    row = rendition(result.audio, "mp3", None, cover_key=result.track.picture)
    assert keys(bucket) == {result.audio.key, *sizes(result.track.cover), row.key}
    assert collect(NOW) == 1  # the local copy of the mixture
    assert len(keys(bucket)) == 5
    ownership.drop_claim(result.track, user)
    assert collect(NOW) == 5
    assert keys(bucket) == set()


def test_covers_are_served_by_the_website(ingest_song: Ingester, user: User) -> None:
    track = ingest_song(cover=picture()).track
    request = RequestFactory().get("/")
    request.user = user
    response = track_cover(request, pk=track.pk)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    response.close()


def test_download_redirects_to_a_signed_address_with_name_and_type(ingest_song: Ingester) -> None:
    audio = ingest_song().audio
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
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_ranges_are_read_without_the_rest(bucket: Any, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(range(256)) * 100)
    key = backend.key_for("audio", "ab" * 32, "flac")
    backend.store(path, key)
    assert backend.read(key, 1000, 1010, size=25_600) == bytes(range(256))[232:242]
    assert len(backend.read(key, 25_000, 99_999, size=25_600)) == 600
    for lie, name in ((25_601, key), (25_600, key.replace("ab", "cd"))):
        with pytest.raises(CatalogError, match="file_missing"):
            backend.read(name, 0, 10, size=lie)


def test_segments_are_read_from_the_bucket_during_and_after_the_separation(
    bucket: Any, user: User, settings: Any, tmp_path: Path
) -> None:
    """A stem of two segments: heard while it is made, by way of the bucket, and afterwards."""
    pcm = np.random.default_rng(1).integers(-9000, 9000, (600_000, 2), dtype=np.int16)
    running = make_separation(make_track(user, seconds=600_000 / 44_100), status=Status.RUNNING)
    running.owner, running.attempts, running.segments = "here/1/2/abcd", 1, 1
    stem = live.LiveStem(running, "vocals")
    folder = settings.WORK_DIR / stem.place
    folder.mkdir()
    (folder / "vocals.peaks").write_bytes(bytes(128))
    file = FromSndfile(SegmentedFile(folder / "vocals.flac", 2, 0.5))
    with soundfile.SoundFile(file, "w", 44_100, 2, "PCM_16", format="FLAC") as sound:
        sound.write(pcm[:550_000])
        with live.Feed(folder, ("vocals",)) as feed:
            feed.complete(1)
            feed._complete.put(None)
            assert feed._thread
            feed._thread.join()
            early = live.segment(stem, 0)
            assert live.peaks(stem) == (bytes(128), 0.5)
        assert not keys(bucket), "nothing of it stays"
        sound.write(pcm[550_000:])
    file.close()
    audio = make_audio(600_000 / 44_100)
    AudioFile.objects.filter(pk=audio.pk).update(size=(folder / "vocals.flac").stat().st_size)
    backend.store(folder / "vocals.flac", audio.key)
    audio.refresh_from_db()
    running.gain = 0.5
    kept = Stem(separation=running, name="vocals", position=0, audio=audio)
    parts = [segments.segment(kept, n) for n in range(2)]
    assert parts[0] == early
    heard = [soundfile.read(io.BytesIO(part.data), dtype="int16")[0] for part in parts]
    assert np.array_equal(np.concatenate(heard), pcm)
    assert not (settings.WORK_DIR / "copies").exists(), "no whole file was fetched"


def test_opus_segments_are_read_in_ranges(user: User, settings: Any) -> None:
    separation = make_separation(make_track(user, seconds=7.0), stored=True)
    stems = list(separation.stems.all())
    early = [opus_segments.segment(stem, n, "account 1") for stem in stems for n in range(3)]
    (row,) = Rendition.objects.all()
    assert backend.size(row.key) == row.size
    shutil.rmtree(settings.WORK_DIR / "copies")
    opus_segments._table.cache_clear()
    assert [opus_segments.segment(stem, n, "account 1") for stem in stems for n in range(3)] == early
    assert not (settings.WORK_DIR / "copies").exists(), "nothing whole was fetched"
    backend.delete(row.key)
    assert opus_segments.segment(stems[0], 2, "account 1").data  # it is made again


def test_archive_is_served_in_ranges(bucket: Any, user: User, settings: Any) -> None:
    track = make_track(user, audio=make_audio(1.0, stored=True))
    order = order_archive(make_separation(track, stored=True), track, "mp3", None)
    archive = order.archive([get_or_create_rendition(recipe) for recipe in order.recipes.values()])
    shutil.rmtree(settings.WORK_DIR / "copies")
    request = RequestFactory().head("/")
    head = serve_archive(request, archive, filename=order.filename)
    assert int(head["Content-Length"]) == archive.size
    assert not (settings.WORK_DIR / "copies").exists(), "nothing was fetched"
    middle = archive.size // 2
    body = b""
    for wanted in (f"bytes=0-{middle - 1}", f"bytes={middle}-"):
        archive = order.archive([get_or_create_rendition(recipe) for recipe in order.recipes.values()])
        answer = serve_archive(
            RequestFactory().get("/", headers={"range": wanted}), archive, filename="x.zip"
        )
        assert answer.status_code == 206
        body += b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # a file
    with zipfile.ZipFile(io.BytesIO(body)) as found:
        assert found.testzip() is None
        assert found.namelist() == list(order.recipes)
