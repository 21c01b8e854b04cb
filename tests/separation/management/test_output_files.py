"""Files in a folder of somebody's own: nothing in it is lost, and the same song goes to the same place."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from django.db import connection

from catalog.errors import CatalogError
from catalog.models import Rendition, Track
from catalog.storage import backend
from separation.delivery.downloads import download_name, stem_rendition
from separation.management import output_files
from separation.models import Separation, Stem
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_disk(settings: object) -> None:
    settings.DISK_FLOOR_BYTES = 0  # type: ignore[attr-defined]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of somebody's own, beside that of stored files."""
    made = tmp_path / "out"
    made.mkdir()
    return made


def a_song(title: str = "Barquito de papel", artist: str = "Ana Torres") -> Separation:
    """A separation of its own, with real stems that no other song has."""
    return make_separation(make_track(title=title, artist=artist), stored=True)


def track_of(separation: Separation) -> Track:
    track = separation.mixture.tracks.get()
    assert isinstance(track, Track)
    return track


def files(
    separation: Separation, codec: str = "wav", bitrate: int | None = None
) -> list[tuple[Stem, Rendition]]:
    track = track_of(separation)
    stems = separation.stems.select_related("audio").order_by("position")
    return [(stem, stem_rendition(stem, track, codec, bitrate)) for stem in stems]


def tagged(separation: Separation, folder: Path, extension: str = "wav") -> Callable[[Stem], Path]:
    track = track_of(separation)
    return lambda stem: folder / download_name(track, stem.name, extension)


def write(separation: Separation, folder: Path, codec: str = "wav", bitrate: int | None = None) -> list[Path]:
    made = files(separation, codec, bitrate)
    return output_files.write(made, tagged(separation, folder, codec), ignore_case=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


VOCALS, BAND = (f"Ana Torres - Barquito de papel ({stem}).wav" for stem in ("vocals", "accompaniment"))


def test_songs_with_equal_tags_get_numbered_files(folder: Path) -> None:
    first, second = a_song(), a_song()
    assert [path.name for path in write(first, folder)] == [VOCALS, BAND]
    before = contents(folder)
    written = write(second, folder)
    assert [path.name for path in written] == [
        "Ana Torres - Barquito de papel (vocals) (2).wav",
        "Ana Torres - Barquito de papel (accompaniment) (2).wav",
    ]
    assert contents(folder).items() > before.items()
    assert len(set(contents(folder).values())) == 4


def test_same_song_overwrites_its_files(folder: Path) -> None:
    songs = [a_song(), a_song(), a_song()]
    places = [write(song, folder) for song in songs]
    before = contents(folder)
    assert [write(song, folder) for song in reversed(songs)] == places[::-1]
    assert contents(folder) == before


def test_other_bitrate_overwrites_the_songs_file(folder: Path) -> None:
    first, second = a_song(), a_song()
    small, other = write(first, folder, "mp3", 96), write(second, folder, "mp3", 96)
    kept = other[0].read_bytes()
    size = small[0].stat().st_size
    assert write(first, folder, "mp3", 320) == small
    assert small[0].stat().st_size > 2 * size
    assert other[0].read_bytes() == kept
    assert len(contents(folder)) == 4


@pytest.mark.parametrize("codec", ["wav", "flac", "mp3"])
def test_song_with_edited_names_overwrites_files_whose_renditions_are_deleted(
    folder: Path, codec: str
) -> None:
    song = a_song()
    first = write(song, folder, codec)
    before = contents(folder)
    Rendition.objects.all().delete()
    Track.objects.filter(audio=song.mixture).update(genre="Folk", year=1999)
    assert write(song, folder, codec) == first
    assert contents(folder).keys() == before.keys()
    assert contents(folder) != before


@pytest.mark.parametrize("what", ["text", "empty", "folder", "link", "dangling link"])
def test_foreign_files_are_kept(folder: Path, tmp_path: Path, what: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    there = folder / VOCALS
    if what in {"text", "empty"}:
        there.write_bytes(b"mine" if what == "text" else b"")
    elif what == "folder":
        there.mkdir()
    else:
        if what == "link":
            elsewhere.write_bytes(b"mine")
        there.symlink_to(elsewhere)
    before = there.lstat()
    written = write(a_song(), folder)
    assert [path.name[-8:] for path in written] == [" (2).wav", " (2).wav"]
    assert (there.lstat().st_ino, there.lstat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"mine"
    assert len(list(folder.iterdir())) == 3


def test_edited_stem_is_kept(folder: Path) -> None:
    song = a_song()
    vocals = write(song, folder)[0]
    sound, rate = soundfile.read(vocals)
    soundfile.write(vocals, sound / 2, rate, subtype="PCM_16")  # as long as it was
    edited = vocals.read_bytes()
    assert [path.name[-8:] for path in write(song, folder)] == [" (2).wav", " (2).wav"]
    assert vocals.read_bytes() == edited


@pytest.mark.parametrize("name", [VOCALS.upper(), VOCALS.lower(), BAND.replace("Torres", "TORRES")])
def test_names_that_differ_in_case_get_numbers(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"mine")
    assert [path.name[-8:] for path in write(a_song(), folder)] == [" (2).wav", " (2).wav"]
    assert (folder / name).read_bytes() == b"mine"


def test_songs_whose_names_differ_in_case_or_normal_form_get_numbers(folder: Path) -> None:
    write(a_song("Ñandú", "ABBA"), folder)
    write(a_song("ñandú", "Abba"), folder)
    assert len({name.casefold() for name in contents(folder)}) == 4
    decomposed = folder / "Abba - An\u0303o (vocals).wav"
    decomposed.write_bytes(b"mine")
    assert write(a_song("Año", "Abba"), folder)[0].name == "ABBA - Año (vocals) (2).wav"
    assert decomposed.read_bytes() == b"mine"


def test_song_renamed_in_case_overwrites_its_file(folder: Path) -> None:
    song = a_song("Sos", "Abba")
    first = write(song, folder)
    Track.objects.filter(audio=song.mixture).update(title="SOS")
    assert write(song, folder) == first
    assert len(contents(folder)) == 2


def test_names_of_a_template_are_case_sensitive(folder: Path) -> None:
    made = files(a_song())
    for name in ("Song", "song"):
        written = output_files.write(made, exactly(folder, name), ignore_case=False)
        assert [path.name for path in written] == [f"{name}_vocals.wav", f"{name}_accompaniment.wav"]


def exactly(folder: Path, name: str) -> Callable[[Stem], Path]:
    return lambda stem: folder / f"{name}_{stem.name}.wav"


def test_folders_are_created_or_an_error(folder: Path) -> None:
    song = a_song()
    assert all(path.is_file() for path in write(song, folder / "new" / "folder"))
    (folder / "file").write_bytes(b"mine")
    with pytest.raises(OSError, match=r"File exists|Not a directory"):
        write(song, folder / "file")
    assert (folder / "file").read_bytes() == b"mine"


def test_failure_leaves_no_files(folder: Path) -> None:
    song = a_song()
    made = files(song)
    backend.delete(made[1][1].key)
    with pytest.raises(CatalogError) as error:
        output_files.write(made, tagged(song, folder), ignore_case=True)
    assert error.value.code == "file_missing"
    assert contents(folder) == {}


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_lose_nothing(folder: Path) -> None:
    """Eight commands in one folder, as threads: each song ends up whole, with both stems under one number."""
    songs = [a_song() for _number in range(8)]
    made = [(files(song), tagged(song, folder)) for song in songs]
    written: list[list[Path]] = []
    start = threading.Barrier(len(songs))

    def run(number: int) -> None:
        try:
            start.wait(30)
            written.append(output_files.write(*made[number], ignore_case=True))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(songs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(written) == len(songs)
    expected = {
        backend.local_path(rendition.key).read_bytes() for row, _named in made for _stem, rendition in row
    }
    assert set(contents(folder).values()) == expected
    assert len(contents(folder)) == 16
    for vocals, band in written:
        assert vocals.name.replace("vocals", "") == band.name.replace("accompaniment", "")
