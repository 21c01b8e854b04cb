"""What is removed, what is kept, and what is left for later."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from catalog import hooks
from catalog.models import Album, Artist, AudioFile, Rendition, Track, Upload, Visibility
from catalog.storage import backend
from catalog.storage.covers import sizes, store_cover
from catalog.storage.garbage_collection import DELETED_GRACE, collect, collect_rows
from catalog.storage.renditions import rendition
from catalog.uploads import ownership
from tests.catalog.conftest import Ingester, picture, pictures
from tests.factories import make_audio

NOW = timedelta(0)


@pytest.fixture(autouse=True)
def empty_work(settings: Any, tmp_path: Path) -> None:
    settings.WORK_DIR = tmp_path / "work"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.WORK_DIR.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()


def stored() -> set[str]:
    root = backend.local_path("")
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_referenced_files_are_kept(ingest_song: Ingester) -> None:
    result = ingest_song(cover=picture())
    made = rendition(result.audio, "mp3", None)
    Track.objects.update(cover="")  # the album still shows it
    assert collect(NOW) == 0
    assert result.track.album is not None
    assert stored() == {result.audio.key, made.key, *sizes(result.track.album.cover)}


def test_unreferenced_files_are_deleted_after_the_grace_period(tmp_path: Path, db: None) -> None:
    key = store_cover(pictures())
    part = backend.local_path(key).with_name(".x.part")
    part.write_bytes(b"left by a crash")
    assert collect(timedelta(hours=1)) == 0
    for path in (*map(backend.local_path, sizes(key)), part):
        os.utime(path, (0, 0))
    store_cover(pictures())  # somebody stores it again, and has not committed yet
    assert collect(timedelta(hours=1)) == 1
    assert stored() == set(sizes(key))
    assert collect(NOW) == 3
    assert stored() == set()


def test_released_recording_is_deleted_with_its_files(ingest_song: Ingester, user: User) -> None:
    result = ingest_song(cover=picture())
    rendition(result.audio, "mp3", None)
    ownership.drop_claim(result.track, user)
    assert collect(NOW) == 5
    assert stored() == set()
    for model in (AudioFile, Rendition, Track, Upload, Album, Artist):
        assert not model._default_manager.exists()


def test_space_of_a_released_recording_is_freed_soon(ingest_song: Ingester, user: User) -> None:
    result = ingest_song()
    made = rendition(result.audio, "mp3", None)
    ownership.drop_claim(result.track, user)
    assert collect_rows() == 0  # somebody may be storing the same bytes at this moment
    assert stored() == {result.audio.key, made.key}
    long_ago = timezone.now() - 2 * DELETED_GRACE
    AudioFile.objects.update(created_at=long_ago)
    os.utime(backend.local_path(made.key), (0, long_ago.timestamp()))
    assert collect_rows() == 1  # the recording itself was stored again just now
    assert stored() == {result.audio.key}
    assert not AudioFile.objects.exists()
    assert collect(NOW) == 1


def test_audio_of_another_track_is_kept(ingest_song: Ingester, user: User, other: User) -> None:
    mine = ingest_song(visibility=Visibility.PRIVATE)
    theirs = ingest_song("again.wav", by=other, visibility=Visibility.PRIVATE)
    ownership.drop_claim(mine.track, user)
    collect(NOW)
    assert stored() == {theirs.audio.key}


def test_private_tracks_of_deleted_accounts_are_deleted(ingest_song: Ingester, user: User) -> None:
    shared = ingest_song(seed=1)
    ingest_song(seed=2, visibility=Visibility.PRIVATE)
    user.delete()
    collect(NOW)
    assert list(Track.objects.all()) == [shared.track]
    assert stored() == {shared.audio.key}


def test_expired_renditions_are_made_again_on_request(ingest_song: Ingester) -> None:
    audio = ingest_song().audio
    rendition(audio, "mp3", None)
    Rendition.objects.update(used_at=timezone.now() - timedelta(days=31))
    assert collect(NOW) == 1
    assert not Rendition.objects.exists()
    rendition(audio, "mp3", None)


def test_hooks_delete_rows_before_their_audio(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    make_audio()
    audio: list[int] = []
    receivers = [*hooks.collecting_garbage.receivers, lambda: audio.append(AudioFile.objects.count())]
    monkeypatch.setattr(hooks.collecting_garbage, "receivers", receivers)
    collect(NOW)
    assert audio == [1]
    assert not AudioFile.objects.exists()


def test_abandoned_temporary_files_are_deleted(settings: Any, db: None) -> None:
    old, new = settings.WORK_DIR / "a/b/old", settings.WORK_DIR / "new"
    upload, copy = settings.FILE_UPLOAD_TEMP_DIR / "u", settings.WORK_DIR / "copies" / "c"
    for path in (old, new, upload, copy):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    yesterday, earlier = time.time() - 90_000, time.time() - 7_000
    for path in (old, upload, old.parent, old.parent.parent):
        os.utime(path, (yesterday, yesterday))
    os.utime(copy, (earlier, earlier))
    assert collect(timedelta(days=1)) == 3
    assert not old.parent.exists() or not any(old.parent.iterdir())
    assert new.exists()
    assert not upload.exists()
    assert not copy.exists()


def test_renditions_beyond_the_limit_are_deleted_the_least_recently_used_first(
    ingest_song: Ingester, settings: Any
) -> None:
    audio = ingest_song().audio
    made = [rendition(audio, "mp3", bitrate) for bitrate in (128, 192, 320)]
    days_ago = dict(zip((row.pk for row in made), (2, 9, 5), strict=True))
    for pk, days in days_ago.items():
        Rendition.objects.filter(pk=pk).update(used_at=timezone.now() - timedelta(days=days))
    settings.RENDITIONS_BYTES = sum(row.size for row in made)
    assert collect_rows() == 0
    settings.RENDITIONS_BYTES -= 1
    assert collect_rows() == 1
    assert set(Rendition.objects.all()) == {made[0], made[2]}
    rendition(audio, "mp3", 320)  # used again
    settings.RENDITIONS_BYTES = made[2].size
    assert collect_rows() == 1
    assert set(Rendition.objects.all()) == {made[2]}
    assert stored() == {audio.key, made[2].key}
    settings.RENDITIONS_BYTES = 0
    assert collect_rows() == 0, "somebody may be reading it"


def test_nothing_is_deleted_while_files_are_held(
    ingest_song: Ingester, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = ingest_song()
    ownership.drop_claim(result.track, user)
    monkeypatch.setattr(hooks.holding_files, "receivers", [lambda: True])
    assert collect(NOW) == 0
    assert not AudioFile.objects.exists()
    assert stored() == {result.audio.key}
    monkeypatch.undo()
    assert collect(NOW) == 1
