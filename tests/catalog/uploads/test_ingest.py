"""Bringing a recording: what is made, what is recognised, what is refused, and what a race leaves behind."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import soundfile

from accounts.models import User
from catalog.errors import CatalogError
from catalog.fingerprints import Similar
from catalog.models import Album, Artist, AudioFile, Track, Upload, Visibility
from catalog.storage import backend
from catalog.storage.garbage_collection import collect
from catalog.uploads.ingest import Ingested, ingest, lookup
from catalog.uploads.refusals import refusal
from tests.catalog.conftest import Ingester, SongMaker, picture
from tests.catalog.races import at_once
from tests.songs import song

PRIVATE = Visibility.PRIVATE


def files() -> list[str]:
    root = backend.local_path("")
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_new_recording_becomes_a_track_with_its_tags(make_song: SongMaker, user: User) -> None:
    path = make_song("x.flac", album_artist="Varios", compilation=True, cover=picture())
    result = ingest(path, filename="whatever.flac", user=user)
    track = Track.objects.with_names().get()
    assert result.created
    assert result.track == track
    assert (track.title, track.artist.name, track.genre, track.year) == (
        "Canción de agua",
        "Ana Ríos",
        "Folk",
        2019,
    )
    assert (track.track_number, track.disc_number, track.owner) == (3, 1, user)
    assert track.album is not None
    assert (track.album.title, track.album.artist.name, track.album.year) == ("Orilla", "Varios", 2019)
    assert track.picture == track.album.cover != ""
    audio = track.audio
    assert (audio.container, audio.codec, audio.lossless, audio.sample_rate) == ("flac", "flac", True, 44_100)
    assert (audio.frames, audio.duration) == (22_050, 0.5)
    upload = result.upload
    assert (upload.user, upload.filename, upload.size, upload.charged) == (
        user,
        "whatever.flac",
        path.stat().st_size,
        path.stat().st_size,
    )
    assert backend.local_path(audio.key).read_bytes() == path.read_bytes()
    user.refresh_from_db()
    assert user.stored_bytes == upload.size


def test_form_fields_override_tags(make_song: SongMaker, user: User) -> None:
    track = ingest(
        make_song(album_artist="Varios"),
        filename="x.flac",
        user=user,
        title=" Otra\u202e ",
        artist="Eva",
        album="Otro",
    ).track
    assert (track.title, track.artist.name) == ("Otra", "Eva")
    assert track.album is not None
    assert (track.album.title, track.album.artist.name) == ("Otro", "Eva")


def test_spellings_of_one_album_are_one_row(ingest_song: Ingester) -> None:
    first = ingest_song(seed=1, album="Orilla", artist="Ana Ríos").track
    second = ingest_song(seed=2, album="ORILLA", artist="ana rios").track
    assert first.album == second.album
    assert Artist.objects.count() == Album.objects.count() == 1


def test_known_checksum_is_not_decoded(make_song: SongMaker, user: User, other: User, settings: Any) -> None:
    path = make_song()
    first = ingest(path, filename="a.flac", user=user)
    settings.MAX_SECONDS = 0  # a probe would refuse it now
    again = ingest(path, filename="b.flac", user=other)
    assert (again.created, again.track, again.audio) == (False, first.track, first.audio)
    assert (again.upload.filename, again.upload.charged) == ("b.flac", 0)
    other.refresh_from_db()
    assert other.stored_bytes == 0


def test_same_audio_with_other_tags_or_container_is_the_same_track(ingest_song: Ingester) -> None:
    first = ingest_song("a.flac")
    again = ingest_song("b.wav", title="Otro título", artist="Otra")
    assert (again.created, again.track) == (False, first.track)
    assert len(files()) == 1
    assert Artist.objects.count() == 1


def test_repeated_upload_restores_a_missing_file(make_song: SongMaker, user: User) -> None:
    path = make_song()
    audio = ingest(path, filename="a.flac", user=user).audio
    backend.local_path(audio.key).write_bytes(b"torn")
    ingest(path, filename="a.flac", user=user)
    assert backend.local_path(audio.key).read_bytes() == path.read_bytes()


def test_ingest_leaves_the_source_file(make_song: SongMaker, user: User, settings: Any) -> None:
    incoming = Path(shutil.copy(make_song(), settings.FILE_UPLOAD_TEMP_DIR / "upload.tmp"))
    audio = ingest(incoming, filename="a.flac", user=user).audio
    assert incoming.read_bytes() == backend.local_path(audio.key).read_bytes()
    incoming.unlink()
    assert backend.exists(audio.key)


@pytest.mark.parametrize(
    ("held", "held_by_self", "wanted", "created"),
    [
        ("shared", False, "shared", False),
        ("shared", False, "private", False),
        ("private", True, "private", False),
        ("private", True, "shared", False),  # never made public by bringing it again
        ("private", False, "private", True),
        ("private", False, "shared", True),
    ],
)
def test_visibility_decides_which_track_an_upload_gets(
    ingest_song: Ingester,
    user: User,
    other: User,
    held: str,
    held_by_self: bool,
    wanted: str,
    created: bool,
) -> None:
    first = ingest_song(visibility=held, by=user if held_by_self else other)
    again = ingest_song("again.wav", visibility=wanted)
    assert again.created is created
    assert (again.track == first.track) is not created
    assert again.audio == first.audio
    assert again.upload.charged == (again.upload.size if created else 0)
    assert again.track.visibility == (wanted if created else held)
    assert Track.objects.visible_to(user).filter(pk=again.track.pk).exists()


def test_private_cover_is_not_given_to_the_album(ingest_song: Ingester) -> None:
    track = ingest_song(visibility=PRIVATE, cover=picture()).track
    assert track.cover
    assert track.album is not None
    track.album.refresh_from_db()
    assert track.album.cover == ""


def test_lookup_finds_visible_tracks_only(ingest_song: Ingester, user: User, other: User) -> None:
    shared = ingest_song(seed=1)
    private = ingest_song(seed=2, visibility=PRIVATE)
    assert lookup(shared.upload.checksum.upper(), other) == shared.track
    assert lookup(private.upload.checksum, user) == private.track
    assert lookup(private.upload.checksum, other) is None
    assert lookup("f" * 64, other) is None
    assert lookup("no checksum", other) is None


def test_other_encoding_of_a_song_is_offered_as_a_match(ingest_song: Ingester) -> None:
    first = ingest_song("a.flac").track
    again = ingest_song("b.ogg", title="CANCION DE AGUA")
    assert (again.created, again.matches) == (True, [Similar(first)])
    hidden = ingest_song("c.mp3", seed=3, visibility=PRIVATE, title="Secreta")
    assert ingest_song("d.ogg", seed=3, title="Secreta", by=User.objects.create_user("c@x.org")).matches == []
    assert hidden.matches == []


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [(b"", "empty_file", 400), (b"\0", "unsupported", 415), (b"GIF89a" * 500, "unsupported", 415)],
)
def test_other_files_are_refused_and_leave_nothing(
    tmp_path: Path, user: User, settings: Any, content: bytes, code: str, status: int
) -> None:
    path = tmp_path / "x.mp3"
    path.write_bytes(content)
    with pytest.raises(CatalogError) as refused:
        ingest(path, filename="x.mp3", user=user)
    assert (refused.value.code, refused.value.status) == (code, status)
    assert not Upload.objects.exists()
    assert not AudioFile.objects.exists()
    assert not backend.local_path("").exists()
    assert not list(settings.WORK_DIR.glob("ingest-*"))


def test_refusals_say_what_to_do(tmp_path: Path, user: User, make_song: SongMaker) -> None:
    whole = make_song("whole.wav").read_bytes()
    files = {
        b"RIFF\x24\0\0\0AVI LIST" + bytes(200): ("unsupported", "AVI files are not accepted."),
        b"FRM8" + bytes(8) + b"DSD " + bytes(200): ("unsupported", "DSDIFF files are not accepted."),
        whole[: len(whole) // 2]: ("damaged", "The file ends early"),
    }
    for content, (code, sentence) in files.items():
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(CatalogError) as refused:
            ingest(tmp_path / "x", filename="x", user=user)
        assert refused.value.code == code
        assert str(refused.value.detail).startswith(sentence)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_floats_far_above_full_scale_are_refused(tmp_path: Path, user: User, rate: int) -> None:
    """Clipped to +24 dBFS, integers that were written as floats would be noise."""
    for name, scale in (("integers.wav", 32768), ("loud.wav", 8)):
        soundfile.write(tmp_path / name, scale * song(1.0), rate, subtype="FLOAT")
    with pytest.raises(CatalogError) as refused:
        ingest(tmp_path / "integers.wav", filename="x.wav", user=user)
    assert (refused.value.code, refused.value.status) == ("damaged", 422)
    assert str(refused.value.detail).startswith("The samples are far above full scale. Save it again")
    assert ingest(tmp_path / "loud.wav", filename="x.wav", user=user).created
    click = song(1.0, seed=2)
    click[7] = 1e9
    soundfile.write(tmp_path / "click.wav", click, rate, subtype="FLOAT")
    assert ingest(tmp_path / "click.wav", filename="x.wav", user=user).created


def test_too_long_recording_is_refused_with_the_limit() -> None:
    assert "at most 120 minutes" in str(refusal("too_long").detail)


def test_limits(make_song: SongMaker, user: User, settings: Any) -> None:
    path = make_song()
    size = path.stat().st_size
    settings.MAX_UPLOAD_BYTES = size - 1
    with pytest.raises(CatalogError, match="too_large"):
        ingest(path, filename="x", user=user)
    settings.MAX_UPLOAD_BYTES = size
    settings.MAX_SECONDS = 0.4
    with pytest.raises(CatalogError, match="too_long"):
        ingest(path, filename="x", user=user)
    settings.MAX_SECONDS = 1
    settings.QUOTA_BYTES = size - 1
    with pytest.raises(CatalogError, match="quota_exceeded"):
        ingest(path, filename="x", user=user)
    settings.QUOTA_BYTES = size
    settings.DISK_FLOOR_BYTES = 1 << 60
    with pytest.raises(CatalogError, match="no_space") as refused:
        ingest(path, filename="x", user=user)
    assert refused.value.status == 507
    assert not backend.local_path("").exists()
    settings.DISK_FLOOR_BYTES = 0
    assert ingest(path, filename="x", user=user).created


def test_upload_that_was_received_needs_no_more_space(
    make_song: SongMaker, user: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_song()
    free = path.stat().st_size - 1
    usage = shutil.disk_usage(settings.WORK_DIR)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    settings.DISK_FLOOR_BYTES = 0
    with pytest.raises(CatalogError, match="no_space"):
        ingest(path, filename="x", user=user)
    received = settings.FILE_UPLOAD_TEMP_DIR / "x.upload"
    path.rename(received)
    assert ingest(received, filename="x", user=user).created
    received.unlink()


@pytest.mark.parametrize(
    ("filename", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\x.mp3", "x.mp3"),
        ("a\0b\r\nc.mp3", "a b c.mp3"),
        ("\u202egnp.mp3", "gnp.mp3"),
        ("\ud800.mp3", ".mp3"),
        ("", "audio"),
        ("..", ".."),
        ("x" * 400, "x" * 255),
        ("<img onerror=1>{{7*7}}.mp3", "<img onerror=1>{{7*7}}.mp3"),
    ],
)
def test_hostile_file_names(
    make_song: SongMaker, user: User, settings: Any, filename: str, kept: str
) -> None:
    result = ingest(make_song(title=None, artist=None), filename=filename, user=user)
    result.upload.refresh_from_db()
    assert result.upload.filename.replace(" ", "") == kept.replace(" ", "")
    assert files() == [result.audio.key]


@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_uploads_make_one_track(make_song: SongMaker) -> None:
    people = [User.objects.create_user(f"p{n}@example.org") for n in range(20)]
    paths = [
        make_song("a.flac", album_artist="Varios", compilation=True, cover=picture()),
        make_song("b.wav"),
    ]

    def bring_it(n: int) -> Ingested:
        return ingest(paths[n % 2], filename=f"{n}.flac", user=people[n])

    results = at_once(20, bring_it)
    assert [result for result in results if isinstance(result, Exception)] == []
    track = Track.objects.get()
    assert {result.track.pk for result in results} == {track.pk}
    assert sum(result.created for result in results) == 1
    assert AudioFile.objects.count() == 1
    assert Upload.objects.count() == 20
    assert Upload.objects.exclude(charged=0).count() == 1
    assert (
        sum(User.objects.values_list("stored_bytes", flat=True))
        == Upload.objects.exclude(charged=0).get().size
    )
    stored = backend.local_path(track.audio.key)
    assert stored.read_bytes() == paths[track.audio.key.endswith("wav")].read_bytes()


@pytest.mark.django_db(transaction=True)
def test_concurrent_uploads_respect_the_quota(make_song: SongMaker, settings: Any) -> None:
    person = User.objects.create_user("p@example.org")
    paths = [make_song(f"{n}.wav", seed=n) for n in range(6)]
    size = max(path.stat().st_size for path in paths)
    settings.QUOTA_BYTES = 3 * size
    results = at_once(6, lambda n: ingest(paths[n], filename="x", user=User.objects.get(pk=person.pk)))
    refused = [result for result in results if isinstance(result, CatalogError)]
    assert [error.code for error in refused] == ["quota_exceeded"] * 3
    person.refresh_from_db()
    assert person.stored_bytes <= settings.QUOTA_BYTES
    assert Track.objects.count() == 3
    collect(timedelta(0))  # what the refused ones had stored already
    assert files() == sorted(AudioFile.objects.values_list("key", flat=True))


def test_guests_and_compilations_follow_the_tags(make_song: SongMaker, user: User) -> None:
    first = make_song("a.flac", title="Dúo (feat. Zoé)", artist="Ana feat. Ben & Eva", compilation=True)
    second = make_song("b.flac", seed=2, title="Solo", artist="Ben", album_artist="V.A.")
    for path in (first, second):
        ingest(path, filename=path.name, user=user)
    duet, solo = Track.objects.with_names().order_by("title")
    assert (duet.title, duet.artist.name) == ("Dúo", "Ana")
    assert [row.artist.name for row in duet.credits.all()] == ["Ben", "Eva", "Zoé"]
    assert solo.artist == duet.credits.all()[0].artist
    assert duet.album == solo.album
    assert duet.album is not None
    assert (duet.album.artist.name, duet.album.compilation) == ("Various artists", True)
    again = ingest(first, filename="a.flac", user=user)
    assert not again.created
    assert duet.credits.count() == 3
