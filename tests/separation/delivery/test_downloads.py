"""Stems as files: names, tags, archives and the player's segments."""

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
import soundfile

from accounts.models import User
from audio import identity
from audio.encoding.encode import encode
from catalog.errors import CatalogError
from catalog.models import Album, Artist, AudioFile, Track
from catalog.storage import backend
from catalog.storage.garbage_collection import collect
from catalog.storage.renditions import get_or_create_rendition
from catalog.storage.zip_archive import ZipArchive
from catalog.uploads.featured_artists import credit
from separation.delivery.downloads import (
    download_name,
    order_archive,
    stem_rendition,
)
from separation.models import Separation, Status, Stem
from tests.songs import song

NAMES = ("vocals", "accompaniment")


def keep(path: Path, seed: int, seconds: float) -> AudioFile:
    """Store a song as the separator stores stems."""
    encode([song(seconds, seed=seed).T], path, "flac")
    checksum = identity.checksum(path)
    frames = round(seconds * 44_100)
    audio = AudioFile.objects.create(
        audio_digest=f"{seed:064x}",
        checksum=checksum,
        size=path.stat().st_size,
        key=backend.key_for("audio", checksum, "flac"),
        container="flac",
        codec="flac",
        lossless=True,
        sample_rate=44_100,
        channels=2,
        bits=16,
        samples=frames,
        frames=frames,
        duration=seconds,
        peak=0.9,
    )
    backend.store(path, audio.key)
    return audio


@pytest.fixture
def track(user: User, tmp_path: Path) -> Track:
    artist = Artist.objects.get_or_create_by_name("Ana Ríos")
    return Track.objects.create(
        title="Canción",
        artist=artist,
        album=Album.objects.get_or_create_by_title("Orilla", artist),
        audio=keep(tmp_path / "mixture.flac", seed=1, seconds=0.5),
        owner=user,
        track_number=3,
        year=2019,
        genre="Folk",
    )


@pytest.fixture
def separation(track: Track, tmp_path: Path) -> Separation:
    separation = Separation.objects.create(
        mixture=track.audio, model="compact:2stems", revision="1", status=Status.SUCCEEDED
    )
    for position, name in enumerate(NAMES):
        audio = keep(tmp_path / f"{name}.flac", seed=10 + position, seconds=0.5)
        Stem.objects.create(separation=separation, name=name, position=position, audio=audio, peaks=b"")
    return separation


def archive(*order: Any) -> ZipArchive:
    ordered = order_archive(*order)
    zip_archive = ordered.archive([get_or_create_rendition(recipe) for recipe in ordered.recipes.values()])
    zip_archive.open()
    return zip_archive


def opened(zip_archive: ZipArchive) -> zipfile.ZipFile:
    with zip_archive:
        content = zip_archive.read()
        assert len(content) == zip_archive.size
    zipped = zipfile.ZipFile(io.BytesIO(content))
    assert zipped.testzip() is None
    return zipped


def test_stem_file_has_the_tags_of_its_track(separation: Separation, track: Track) -> None:
    row = stem_rendition(separation.stems.get(name="vocals"), track, "flac", None)
    tags = mutagen.File(backend.local_path(row.key))
    assert {
        name: tags[name] for name in ("title", "artist", "album", "albumartist", "tracknumber", "date")
    } == {
        "title": ["Canción (vocals)"],
        "artist": ["Ana Ríos"],
        "album": ["Orilla"],
        "albumartist": ["Ana Ríos"],
        "tracknumber": ["3"],
        "date": ["2019"],
    }
    credit(track, [Artist.objects.get_or_create_by_name(name) for name in ("Beto", "Coro & Co")])
    row = stem_rendition(separation.stems.get(name="vocals"), track, "flac", None)
    tags = mutagen.File(backend.local_path(row.key))
    assert tags["artist"] == ["Ana Ríos feat. Beto & Coro & Co"]
    assert tags["artists"] == ["Ana Ríos", "Beto", "Coro & Co"]
    track.title = "Editada"
    assert stem_rendition(separation.stems.get(name="vocals"), track, "flac", None) != row


@pytest.mark.parametrize(
    ("artist", "title", "name"),
    [
        ("Ana Ríos", "Canción", "Ana Ríos - Canción (vocals).mp3"),
        ("../..", "../../x", "_.. - .._.._x (vocals).mp3"),
        ("/abs", "C:\\x", "_abs - C__x (vocals).mp3"),
        ("A" * 255, "B" * 255, f"{'A' * 90} - {'B' * 94} (vocals).mp3"),
    ],
)
def test_download_names(artist: str, title: str, name: str) -> None:
    track = Track(title=title, artist=Artist(name=artist))
    assert download_name(track, "vocals", "mp3") == name
    assert len(name.encode()) <= 200


def test_archive_holds_every_stem_uncompressed(separation: Separation, track: Track) -> None:
    assert order_archive(separation, track, "flac", None).filename == "Ana Ríos - Canción.zip"
    zipped = opened(archive(separation, track, "flac", None))
    assert zipped.namelist() == [f"Ana Ríos - Canción ({name}).flac" for name in NAMES]
    assert {item.compress_type for item in zipped.infolist()} == {zipfile.ZIP_STORED}
    for position, name in enumerate(zipped.namelist()):
        samples, rate = soundfile.read(io.BytesIO(zipped.read(name)), dtype="int16")
        assert rate == 44_100
        assert np.array_equal(samples, np.rint(song(0.5, seed=10 + position) * 32768))


def test_archive_of_chosen_stems(separation: Separation, track: Track) -> None:
    assert opened(archive(separation, track, "mp3", 128, ["vocals"])).namelist() == [
        "Ana Ríos - Canción (vocals).mp3"
    ]


def test_archive_members_have_safe_and_distinct_names(separation: Separation, track: Track) -> None:
    track.title = "../" * 100
    Stem.objects.filter(name="vocals").update(name="a/b")
    Stem.objects.filter(name="accompaniment").update(name="A\\B")
    names = opened(archive(separation, track, "mp3", None)).namelist()
    assert len({name.casefold() for name in names}) == 2
    assert not any(set(name) & set("/\\") or len(name.encode()) > 200 for name in names)


@pytest.mark.parametrize(
    ("stems", "codec", "bitrate", "code"),
    [
        (["drums"], "mp3", None, "unknown_stem"),
        (None, "mp4", None, "unknown_codec"),
        (None, "mp3", 1, "bad_bitrate"),
    ],
)
def test_archive_with_bad_parameters_is_refused(
    separation: Separation, track: Track, stems: list[str] | None, codec: str, bitrate: int | None, code: str
) -> None:
    with pytest.raises(CatalogError, match=code):
        order_archive(separation, track, codec, bitrate, stems)


def test_archive_of_an_unfinished_separation_is_refused(separation: Separation, track: Track) -> None:
    separation.status = Status.RUNNING
    with pytest.raises(CatalogError) as refused:
        order_archive(separation, track, "mp3", None)
    assert (refused.value.code, refused.value.status) == ("not_ready", 409)


def test_separations_of_a_removed_track_are_cancelled_and_deleted(
    separation: Separation, track: Track, tmp_path: Path
) -> None:
    running = Separation.objects.create(
        mixture=track.audio, model="compact:4stems", revision="1", status=Status.RUNNING
    )
    collect(timedelta(0))
    assert Separation.objects.count() == 2
    track.delete()
    collect(timedelta(0))
    running.refresh_from_db()
    assert list(Separation.objects.all()) == [running]
    assert running.status == Status.CANCELLED
    collect(timedelta(0))
    assert not Separation.objects.exists()
    assert not AudioFile.objects.exists()
    assert not [path for path in backend.local_path("").rglob("*") if path.is_file()]
