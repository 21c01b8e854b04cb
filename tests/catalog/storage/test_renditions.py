"""Encodings: found or made once, tagged, and never stale."""

from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
import soundfile

from audio.effects.mixing import Cut
from audio.types import COVER_SIZES, Tags
from catalog.errors import CatalogError
from catalog.models import AudioFile, Rendition
from catalog.storage import backend
from catalog.storage.covers import store_cover
from catalog.storage.recipes import Mix, MixPart, Recipe
from catalog.storage.renditions import check_codec, parse_bitrate, rendition
from tests.catalog.conftest import Ingester, SongMaker, picture
from tests.catalog.races import at_once
from tests.songs import song

TAGS = Tags(title="Orilla (vocals)", artist="Ana Ríos", album="Agua", track_number=4)


@pytest.fixture
def audio(ingest_song: Ingester) -> AudioFile:
    return ingest_song().audio


def path_of(row: Rendition) -> Path:
    return backend.local_path(row.key)


@pytest.mark.parametrize("codec", ["wav", "flac", "mp3", "ogg", "m4a", "opus"])
def test_every_codec_keeps_tags_and_cover(audio: AudioFile, codec: str) -> None:
    row = rendition(audio, codec, None, tags=TAGS, cover_key=store_cover([picture()] * len(COVER_SIZES)))
    path = path_of(row)
    assert (row.codec, row.size) == (codec, path.stat().st_size)
    file = mutagen.File(path, easy=codec in {"mp3", "m4a"})
    assert abs(file.info.length - 0.5) < 0.1
    title = file["TIT2"].text if codec == "wav" else file["title"]
    assert title == ["Orilla (vocals)"]
    assert picture() in path.read_bytes() or codec in {"ogg", "opus"}  # those hold it in base 64


def test_lossless_renditions_keep_every_sample(audio: AudioFile) -> None:
    expected = np.rint(song(0.5) * 32768)
    for codec in ("wav", "flac"):
        samples, _rate = soundfile.read(path_of(rendition(audio, codec, None)), dtype="int16")
        assert np.array_equal(samples, expected)


def test_equal_recipes_share_a_file_until_the_names_change(audio: AudioFile) -> None:
    first = rendition(audio, "mp3", 128, tags=TAGS)
    assert rendition(audio, "mp3", 128, tags=TAGS) == first
    others = [
        rendition(audio, "mp3", 192, tags=TAGS),
        rendition(audio, "mp3", 128, tags=Tags(title="edited")),
        rendition(audio, "mp3", 128, tags=TAGS, cover_key=store_cover([picture()] * len(COVER_SIZES))),
        rendition(audio, "mp3", 128),
    ]
    assert len({first.key, *(row.key for row in others)}) == 5


def test_missing_or_truncated_file_is_made_again(audio: AudioFile) -> None:
    first = rendition(audio, "flac", None)
    path_of(first).unlink()
    again = rendition(audio, "flac", None)
    assert path_of(again).exists()
    path_of(again).write_bytes(b"torn")
    assert path_of(rendition(audio, "flac", None)).stat().st_size == first.size
    assert Rendition.objects.count() == 1


def test_missing_cover_is_left_out(audio: AudioFile) -> None:
    row = rendition(audio, "mp3", None, cover_key=backend.key_for("covers", "ab" * 32, "jpg"))
    assert path_of(row).exists()


@pytest.mark.parametrize("damage", ["gone", "torn", "spoilt"])
def test_damaged_audio_is_file_missing(audio: AudioFile, damage: str, settings: Any) -> None:
    path = backend.local_path(audio.key)
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(content[:-1] if damage == "torn" else bytes(len(content)))
    with pytest.raises(CatalogError, match="file_missing"):
        rendition(audio, "mp3", None)
    assert not Rendition.objects.exists()
    assert not list(settings.WORK_DIR.glob("*rendition-*"))


@pytest.mark.parametrize(
    ("value", "bitrate"),
    [
        ("192k", 192),
        ("192", 192),
        (192, 192),
        ("192K", 192),
        ("192kbps", 192),
        ("192000", 192),
        (320_000, 320),
        ("", None),
        (None, None),
    ],
)
def test_parse_bitrate_accepts_usual_notations(value: str | int | None, bitrate: int | None) -> None:
    assert parse_bitrate(value) == bitrate


@pytest.mark.parametrize("value", ["fast", "-1", "1e3", "192.5", "\u0661\u0662\u0668", "9" * 5000, "k"])
def test_parse_bitrate_refuses_other_text(value: str) -> None:
    with pytest.raises(CatalogError, match="bad_bitrate"):
        parse_bitrate(value)


def test_check_codec_knows_the_bitrates_of_each_codec() -> None:
    assert (check_codec("mp3", None), check_codec("mp3", 320), check_codec("flac", 320)) == (256, 320, None)
    with pytest.raises(CatalogError, match="bad_bitrate") as refused:
        check_codec("mp3", 123)
    assert "96, 128, 160, 192, 256, 320" in str(refused.value.detail)
    with pytest.raises(CatalogError, match="unknown_codec"):
        check_codec("../mp3", None)


@pytest.mark.django_db(transaction=True)
def test_eight_concurrent_requests_make_one_file(
    ingest_song: Ingester, make_song: SongMaker, settings: Any
) -> None:
    audio = ingest_song(seconds=3).audio
    rows = at_once(8, lambda _n: rendition(audio, "mp3", None))
    assert len({row.pk for row in rows}) == Rendition.objects.count() == 1
    made = [path for path in backend.local_path("renditions").rglob("*") if path.is_file()]
    assert made == [path_of(rows[0])]
    assert not list((settings.WORK_DIR / "locks").iterdir())


def test_recipe_names_stay_so_that_what_is_stored_is_found_again() -> None:
    song, stem = AudioFile(audio_digest="a" * 64), AudioFile(audio_digest="b" * 64)
    names = [
        Recipe(song, "mp3", 192, mix=Mix((part,), 0.8, -2.0, Cut(10, None))).name
        for part in (MixPart(stem, 0.5, keeps_pitch=True, pan=pan) for pan in (0.0, 0.5, -0.5))
    ]
    assert names[0] == "5afd6fb60306161e7763e36e33dd6419816fdf19d42b7cc2a01b8663856264e6"
    assert len(set(names)) == 3
