"""Rows for lists of songs, artists and albums on pages and in the API, finished: no template starts a query."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Count, QuerySet

from accounts.models import User
from catalog import hooks
from catalog.models import Album, Artist, Credit, Like, Track
from catalog.normalization import spoken

Reader = User | AnonymousUser
A = TypeVar("A", "AlbumTile", Album)


@dataclass(frozen=True)
class SongDetails:
    """What lists say of a song beside its names: guests, whether the reader likes it (visitors: None), its parts."""

    guests: Sequence[str] = ()
    liked: bool | None = None
    parts: hooks.SongParts | None = None


@dataclass
class Song:
    """A track in a list; the names of artist and album beside it."""

    pk: UUID
    title: str
    cover: str
    visibility: str
    artist_id: UUID
    disc_number: int | None
    track_number: int | None
    genre: str
    genre_key: str
    artist: str
    album: str | None
    album_cover: str | None
    duration: float
    details: SongDetails = SongDetails()

    @property
    def picture(self) -> str:
        """The storage key of the cover to show: its own, else its album's, else nothing."""
        return self.cover or self.album_cover or ""

    @property
    def performer(self) -> str:
        """Its artist in the reader's language."""
        return spoken(self.artist)

    @property
    def performers(self) -> str:
        """``A feat. B & C``; the artist alone where there are no guests."""
        if not self.details.guests:
            return self.performer
        *others, last = self.details.guests
        return (
            f"{self.performer} feat. {', '.join(others)} & {last}"
            if others
            else f"{self.performer} feat. {last}"
        )


@dataclass
class ArtistName:
    """An artist in a list; ``songs`` where it was asked for."""

    pk: UUID
    name: str
    slug: str
    songs: int = 0

    @property
    def shown(self) -> str:
        """The name in the reader's language."""
        return spoken(self.name)


@dataclass
class AlbumTitle:
    """An album in a list of names."""

    pk: UUID
    title: str
    year: int | None
    artist: str

    @property
    def performer(self) -> str:
        """Its artist in the reader's language."""
        return spoken(self.artist)


@dataclass
class AlbumTile(AlbumTitle):
    """An album with its picture and, where it was asked for, how many songs it has."""

    cover: str = ""
    picture: str = ""
    songs: int = 0


SONG_COLUMNS = (
    *("pk", "title", "cover", "visibility", "artist", "disc_number", "track_number", "genre", "genre_key"),
    *("artist__name", "album__title", "album__cover", "audio__duration"),
)
ARTIST_COLUMNS = ("pk", "name", "slug")
ALBUM_COLUMNS = ("pk", "title", "year", "artist__name")
TILE_COLUMNS = (*ALBUM_COLUMNS, "cover")


def songs(tracks: QuerySet[Track]) -> list[Song]:
    """Read ``tracks`` as rows, without their details."""
    return [Song(*row) for row in tracks.values_list(*SONG_COLUMNS)]


def artists(rows: QuerySet[Artist]) -> list[ArtistName]:
    """Read ``rows`` as names."""
    return [ArtistName(*row) for row in rows.values_list(*ARTIST_COLUMNS)]


def tiles(rows: QuerySet[Album]) -> list[AlbumTile]:
    """Read ``rows`` as tiles, without pictures and numbers of songs."""
    return [AlbumTile(*row) for row in rows.values_list(*TILE_COLUMNS)]


def songs_by_id(ids: Collection[UUID], user: Reader) -> list[Song]:
    """Read those of ``ids`` that ``user`` may see, in no order."""
    return songs(Track.objects.visible_to(user).filter(pk__in=ids).order_by()) if ids else []


def artists_by_id(ids: Collection[UUID], user: Reader, *, proved: bool) -> list[ArtistName]:
    """Read artists alike; ``proved``: it is known that ``user`` may see them all."""
    rows = Artist.objects.all() if proved else Artist.objects.visible_to(user)
    return artists(rows.filter(pk__in=ids).order_by()) if ids else []


def albums_by_id(ids: Collection[UUID], user: Reader, *, proved: bool) -> list[AlbumTitle]:
    """Read albums alike."""
    rows = Album.objects.all() if proved else Album.objects.visible_to(user)
    return [AlbumTitle(*row) for row in rows.filter(pk__in=ids).order_by().values_list(*ALBUM_COLUMNS)]


def details_of(tracks: Iterable[UUID], user: Reader) -> dict[UUID, SongDetails]:
    """Read what lists say of each of ``tracks`` beside its names: three queries, two for visitors."""
    ids = set(tracks)
    if not ids:
        return {}
    guests: dict[UUID, list[str]] = {}
    credits_ = Credit.objects.filter(track__in=ids).order_by("position")
    for track, name in credits_.values_list("track", "artist__name"):
        guests.setdefault(track, []).append(spoken(name))
    liked = liked_among(ids, user)
    parts = hooks.combined(hooks.parts_of_tracks.send(ids))
    return {
        pk: SongDetails(guests.get(pk, ()), None if user.is_anonymous else pk in liked, parts.get(pk))
        for pk in ids
    }


def add_details(rows: Sequence[Song], user: Reader) -> Sequence[Song]:
    """Give each of ``rows`` its details."""
    details = details_of((song.pk for song in rows), user)
    for song in rows:
        song.details = details[song.pk]
    return rows


def liked_among(tracks: Collection[UUID], user: Reader) -> set[UUID]:
    """Return those of ``tracks`` that ``user`` likes."""
    if user.is_anonymous:
        return set()
    return set(Like.objects.filter(user=user, track__in=tracks).values_list("track", flat=True))


def add_song_counts(rows: Sequence[ArtistName] | Sequence[AlbumTile], user: Reader) -> None:
    """Give each of ``rows`` how many songs of it ``user`` may see."""
    by = "artist" if rows and isinstance(rows[0], ArtistName) else "album"
    tracks = Track.objects.visible_to(user).filter(**{f"{by}__in": [row.pk for row in rows]}).order_by()
    counts = dict(tracks.values_list(by).annotate(Count("pk")))
    for row in rows:
        row.songs = counts.get(row.pk, 0)


def add_pictures(albums: Sequence[A], user: Reader) -> None:
    """Give each of ``albums`` its ``picture``: its own cover, else that of one of the songs that ``user`` may see."""
    bare = [album.pk for album in albums if not album.cover]
    tracks = Track.objects.visible_to(user).filter(album__in=bare).exclude(cover="")
    covers = (
        dict(tracks.order_by("-disc_number", "-track_number").values_list("album", "cover")) if bare else {}
    )
    for album in albums:
        album.picture = album.cover or covers.get(album.pk, "")  # type: ignore[attr-defined]  # for the template


MOST_GENRES = 2_000
# By hand, from one key to the next by the index: with 200,000 songs in SQLite 0.1 ms, and 37 ms by grouping, which
# reads every song.
_GENRES = """
WITH RECURSIVE steps(key) AS (
  SELECT (SELECT min(genre_key) FROM catalog_track WHERE genre_key > '')
  UNION ALL
  SELECT (SELECT min(t.genre_key) FROM catalog_track t WHERE t.genre_key > steps.key)
  FROM steps WHERE steps.key IS NOT NULL
)
SELECT key, (
  SELECT genre FROM catalog_track t
  WHERE t.genre_key = steps.key AND t.visibility = 'shared' ORDER BY t.created_at DESC LIMIT 1
) FROM steps WHERE key IS NOT NULL LIMIT %s
"""


def genre_names() -> dict[str, str]:
    """Return the key of each genre of shared songs, with its name as the newest of them spells it."""
    with connection.cursor() as cursor:
        cursor.execute(_GENRES, [MOST_GENRES])
        return {key: name for key, name in cursor.fetchall() if name}
