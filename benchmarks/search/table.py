"""The table of queries: which song has to be found by what somebody types.

It was written before the code that it measures, and independently of it. ``songs.txt`` holds the names of real
recordings, ``queries.txt`` what people type, in classes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import AnonymousUser

from catalog.models import Album, Artist, AudioFile, Credit, Track
from catalog.search.service import find

FIRST_PAGE = 24  # songs, as on the website
STORED_IN = "audio/table/"  # nothing is there
_FOLDER = Path(__file__).parent

Answer = Callable[[str], Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Song:
    artist: str
    album: str
    title: str
    guests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """``typed`` has to find the song ``title`` of ``artist``."""

    kind: str
    typed: str
    artist: str
    title: str


def songs() -> list[Song]:
    """The songs that queries are about, and others."""
    found = []
    for line in _lines("songs.txt"):
        artist, album, title, *guests = (part.strip() for part in line.split(" | "))
        found.append(Song(artist, album, title, tuple("".join(guests).split("; ")) if guests else ()))
    return found


def queries() -> list[Query]:
    found, kind = [], ""
    for line in _lines("queries.txt"):
        if line.startswith("[") and line.rstrip().endswith("]"):
            kind = line.strip("[] ")
            continue
        typed, _arrow, wanted = line.partition(" => ")
        artist, title = (part.strip() for part in wanted.split(" | "))
        found.append(Query(kind, typed, artist, title))
    return found


def _lines(name: str) -> Iterator[str]:
    for line in (_FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("# "):
            yield line


def fill(wanted: Sequence[Song]) -> None:
    """Write the songs into the catalogue, as uploads would."""
    for number, song in enumerate(wanted):
        artist = Artist.objects.get_or_create_by_name(song.artist)
        track = Track.objects.create(
            title=song.title,
            artist=artist,
            album=Album.objects.get_or_create_by_title(song.album, artist),
            audio=_audio(number),
        )
        for position, guest in enumerate(song.guests):
            Credit.objects.create(
                track=track, artist=Artist.objects.get_or_create_by_name(guest), position=position
            )


def _audio(number: int) -> AudioFile:
    """A file of sound that nobody will open."""
    digest = f"{number:064x}"
    return AudioFile.objects.create(
        audio_digest=digest,
        checksum=digest,
        size=1,
        key=f"{STORED_IN}{digest}.flac",
        container="flac",
        codec="flac",
        lossless=True,
        sample_rate=44_100,
        channels=2,
        samples=44_100,
        frames=44_100,
        duration=1.0,
        peak=0.5,
    )


def first_page(typed: str) -> list[tuple[str, str]]:
    """Artist and title of the songs on the first page."""
    page = find(typed, AnonymousUser()).tracks(Track.objects.select_related("artist"))[:FIRST_PAGE]
    return [(track.artist.name, track.title) for track in page]


def missed(answer: Answer = first_page) -> dict[str, tuple[int, list[str]]]:
    """For each class how many queries it has, and those that do not find their song on the first page."""
    found: dict[str, tuple[int, list[str]]] = defaultdict(lambda: (0, []))
    for query in queries():
        number, wrong = found[query.kind]
        if (query.artist, query.title) not in answer(query.typed):
            wrong = [*wrong, f"{query.typed} => {query.artist} | {query.title}"]
        found[query.kind] = number + 1, wrong
    return dict(found)
