"""Songs with names and pictures, and the flow that takes them in."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from accounts.models import User
from audio.encoding.encode import encode
from audio.types import COVER_SIZES, Tags
from catalog.uploads.ingest import Ingested, ingest
from tests.songs import song

SongMaker = Callable[..., Path]
Ingester = Callable[..., Ingested]

TAGS = Tags(
    title="Canción de agua",
    artist="Ana Ríos",
    album="Orilla",
    genre="Folk",
    year=2019,
    track_number=3,
    disc_number=1,
)


def picture(colour: str = "teal", size: int = 64) -> bytes:
    """A JPEG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(file, "JPEG")
    return file.getvalue()


def pictures(colour: str = "teal") -> list[bytes]:
    """The same in every size that is kept."""
    return [picture(colour, size) for size in COVER_SIZES]


@pytest.fixture
def make_song(tmp_path: Path) -> SongMaker:
    """``make_song("a.flac", seed=2, cover=jpeg, title="x")``: a tagged song file of half a second."""

    def make(
        name: str = "song.flac",
        *,
        seed: int = 1,
        seconds: float = 0.5,
        cover: bytes | None = None,
        **tags: Any,
    ) -> Path:
        path = tmp_path / "brought" / name
        path.parent.mkdir(exist_ok=True)
        codec = path.suffix[1:]
        encode([song(seconds, seed=seed).T], path, codec, None, replace(TAGS, **tags), cover)
        return path

    return make


@pytest.fixture
def ingest_song(make_song: SongMaker, user: User) -> Ingester:
    """``ingest_song(seed=2, by=other, visibility=..., filename=...)``: make a song and take it in."""

    def take(
        name: str = "song.flac", *, by: User | None = None, filename: str | None = None, **options: Any
    ) -> Ingested:
        fields = {key: options.pop(key) for key in ("visibility",) if key in options}
        path = make_song(name, **options)
        return ingest(path, filename=filename or name, user=by or user, **fields)

    return take
