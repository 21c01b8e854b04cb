"""Several performers, and compilations, as every format tells them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mutagen import id3
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.oggvorbis import OggVorbis

from audio.probe import probe
from audio.tags.cleaning import clean_names
from audio.types import Tags

NAMES = ["Simon & Garfunkel", "AC/DC"]


def flac_repeated(path: Path) -> None:
    _comments(FLAC, path, artist=NAMES)


def flac_artists(path: Path) -> None:
    _comments(FLAC, path, artist=["Simon & Garfunkel with AC/DC"], ARTISTS=NAMES)


def ogg_repeated(path: Path) -> None:
    _comments(OggVorbis, path, artist=NAMES)


def mp3_null(path: Path) -> None:
    frames = ID3()
    frames.add(id3.TPE1(encoding=3, text=NAMES))
    frames.save(str(path), v2_version=4)


def mp3_artists(path: Path) -> None:
    frames = ID3()
    frames.add(id3.TPE1(encoding=3, text=["Simon & Garfunkel, AC/DC"]))
    frames.add(id3.TXXX(encoding=3, desc="Artists", text=NAMES))
    frames.save(str(path), v2_version=4)


def mp3_ape(path: Path) -> None:
    tags = APEv2()
    tags["Artist"] = NAMES
    tags.save(str(path))


def m4a_repeated(path: Path) -> None:
    _atoms(path, **{"\xa9ART": NAMES})


def m4a_artists(path: Path) -> None:
    _atoms(path, **{"----:com.apple.iTunes:ARTISTS": [MP4FreeForm(name.encode()) for name in NAMES]})


def _comments(kind: Any, path: Path, **values: list[str]) -> None:
    file = kind(str(path))
    for name, value in values.items():
        file[name] = value
    file.save()


def _atoms(path: Path, **values: Any) -> None:
    kind: Any = MP4
    file = kind(str(path))
    for name, value in values.items():
        file[name] = value
    file.save()


@pytest.mark.parametrize(
    "write",
    [flac_repeated, flac_artists, ogg_repeated, mp3_null, mp3_artists, mp3_ape, m4a_repeated, m4a_artists],
)
def test_several_performers(tmp_path: Path, songs: Path, write: Callable[[Path], None]) -> None:
    path = tmp_path / "x"
    path.write_bytes((songs / f"song.{write.__name__.partition('_')[0]}").read_bytes())
    write(path)
    assert probe(path).tags.artists == tuple(NAMES)


def test_single_performer_is_not_split(tmp_path: Path, songs: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes((songs / "song.mp3").read_bytes())
    frames = ID3()
    frames.add(id3.TPE1(encoding=1, text=["AC/DC"]))
    frames.add(id3.TCMP(encoding=1, text=["1"]))
    frames.save(str(path), v2_version=3)
    assert probe(path).tags == Tags(artist="AC/DC", compilation=True)


def test_lists_of_names_are_cleaned() -> None:
    assert clean_names(["A\x00", "A", "", None, "B"]) == ("A", "B")
    assert len(clean_names([str(number) for number in range(999)])) == 12
    assert clean_names("A") == clean_names(None) == ()
