"""However a recording is dressed, and however many bring it at once, it is one AudioFile."""

from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from audio.encoding.encode import encode
from audio.types import Tags
from catalog.models import AudioFile, Fingerprint, Track, Upload
from catalog.uploads.ingest import Ingested, ingest
from tests.audio.making import remuxed
from tests.catalog.conftest import picture
from tests.catalog.races import at_once
from tests.songs import song


def written(path: Path, *, bitrate: int | None = None, cover: bytes | None = None, **tags: Any) -> Path:
    encode(
        [song(5, seed=1).T],
        path,
        path.suffix[1:],
        bitrate,
        Tags(**({"title": "Agua", "artist": "Ana"} | tags)),
        cover,
    )
    return path


@pytest.mark.parametrize("codec", ["mp3", "m4a", "ogg", "opus", "flac"])
def test_other_tags_covers_and_containers_are_the_same_audio(user: User, tmp_path: Path, codec: str) -> None:
    plain = written(tmp_path / f"a.{codec}")
    retagged = written(tmp_path / f"b.{codec}", title="Otra", artist="Eva", album="Orilla")
    covered = written(tmp_path / f"c.{codec}", cover=picture())
    contained = remuxed(plain, tmp_path / "d.mka", "matroska")
    taken = [ingest(path, filename=path.name, user=user) for path in (plain, retagged, covered, contained)]
    assert {each.audio for each in taken} == {taken[0].audio}
    assert [each.created for each in taken] == [True, False, False, False]
    assert len({each.upload.checksum for each in taken}) == 4
    assert AudioFile.objects.count() == Track.objects.count() == 1


def test_lossless_is_the_same_audio_in_any_format_and_lossy_is_not(user: User, tmp_path: Path) -> None:
    names = ["a.flac", "b.wav", "c.mp3", "d.ogg", "e.opus", "f.m4a"]
    taken = {name: ingest(written(tmp_path / name), filename=name, user=user).audio for name in names}
    assert taken["a.flac"] == taken["b.wav"]
    assert len(set(taken.values())) == 5
    other = ingest(written(tmp_path / "320.mp3", bitrate=320), filename="320.mp3", user=user)
    assert other.audio not in taken.values()


@pytest.mark.django_db(transaction=True)
def test_fifty_concurrent_uploads_of_one_song(tmp_path: Path) -> None:
    people = [User.objects.create_user(f"p{n}@example.org") for n in range(50)]
    first = written(tmp_path / "a.mp3", cover=picture())
    paths = [
        first,
        written(tmp_path / "b.mp3", title="Otra", album="Orilla"),
        remuxed(first, tmp_path / "c.mka", "matroska"),
    ]

    def ingest_song(n: int) -> Ingested:
        return ingest(paths[n % 3], filename=f"{n}.mp3", user=people[n])

    results = at_once(50, ingest_song)
    assert [result for result in results if isinstance(result, Exception)] == []
    assert sum(result.created for result in results) == 1
    assert AudioFile.objects.count() == Track.objects.count() == 1
    assert Fingerprint.objects.count() <= 1
    assert Upload.objects.count() == 50
    assert Upload.objects.exclude(charged=0).count() == 1
