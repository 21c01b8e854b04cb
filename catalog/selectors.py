"""What lists say of songs, artists and albums, read as plain rows.

A page has up to a hundred songs. Making a model of each, of its artist, album and audio takes longer than finding them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import User
from catalog.models import Album, Artist, AudioFile, Track
from catalog.normalization import spoken
from catalog.written import ANY, Written, array_of

Reader = User | AnonymousUser


class Song(NamedTuple):
    """A track in a list; the names of artist and album beside it."""

    pk: UUID
    title: str
    cover: str
    visibility: str
    artist_id: UUID
    audio_id: UUID
    disc_number: int | None
    track_number: int | None
    genre: str
    genre_key: str
    artist: str
    album: str | None
    album_cover: str | None
    duration: float

    @property
    def picture(self) -> str:
        """The storage key of the cover to show: its own, else its album's, else nothing."""
        return self.cover or self.album_cover or ""

    @property
    def performer(self) -> str:
        """Its artist as pages say it."""
        return spoken(self.artist)


OWN = (
    *("pk", "title", "cover", "visibility", "artist", "audio"),
    *("disc_number", "track_number", "genre", "genre_key"),
)
COLUMNS = (*OWN, "artist__name", "album__title", "album__cover", "audio__duration")


class ArtistName(NamedTuple):
    """An artist as others' rows name them."""

    pk: UUID
    name: str
    slug: str

    @property
    def shown(self) -> str:
        """The name as pages say it."""
        return spoken(self.name)


class AlbumTitle(NamedTuple):
    """An album, and whose it is."""

    pk: UUID
    title: str
    year: int | None
    artist: str

    @property
    def performer(self) -> str:
        """Its artist as pages say it."""
        return spoken(self.artist)


@dataclass
class Tile:
    """An album with its picture and how many songs it has; who asks for it says both."""

    pk: UUID
    title: str
    year: int | None
    cover: str
    artist: str
    picture: str = ""
    songs: int = 0

    @property
    def performer(self) -> str:
        """Its artist as pages say it."""
        return spoken(self.artist)


TILE = ("pk", "title", "year", "cover", "artist__name")


def songs_by_id(ids: Collection[UUID], user: Reader) -> list[Song]:
    """Those of ``ids`` that ``user`` may see, in no order."""
    return [Song._make(row) for row in _songs(user, ids)]


def artists_by_id(ids: Collection[UUID], user: Reader, *, proved: bool) -> list[ArtistName]:
    """The same of artists; ``proved``: it is known that ``user`` may see them all."""
    return [ArtistName._make(row) for row in (_all_artists(ids) if proved else _artists(user, ids))]


def albums_by_id(ids: Collection[UUID], user: Reader, *, proved: bool) -> list[AlbumTitle]:
    """The same of albums."""
    return [AlbumTitle._make(row) for row in (_all_albums(ids) if proved else _albums(user, ids))]


@Written
def _songs(user: Reader, ids: Collection[UUID]) -> QuerySet[Any, Any]:
    """Names are looked up for each: how to join four tables takes PostgreSQL longer to plan than to do."""
    artists = Artist.objects.filter(pk=OuterRef("artist")).order_by()
    albums = Album.objects.filter(pk=OuterRef("album")).order_by()
    audio = AudioFile.objects.filter(pk=OuterRef("audio")).order_by()
    beside = (
        artists.values("name"),
        albums.values("title"),
        albums.values("cover"),
        audio.values("duration"),
    )
    tracks = Track.objects.visible_to(user).filter(pk__in=ids).order_by()
    return tracks.values_list(*OWN, *(Subquery(rows) for rows in beside))


@Written
def _artists(user: Reader, ids: Collection[UUID]) -> QuerySet[Any, Any]:
    return _names(Artist.objects.visible_to(user), ids)


@Written
def _all_artists(ids: Collection[UUID]) -> QuerySet[Any, Any]:
    return _names(Artist.objects.all(), ids)


def _names(artists: QuerySet[Artist], ids: Collection[UUID]) -> QuerySet[Any, Any]:
    return artists.filter(pk__in=ids).order_by().values_list("pk", "name", "slug")


@Written
def _albums(user: Reader, ids: Collection[UUID]) -> QuerySet[Any, Any]:
    return _titles(Album.objects.visible_to(user), ids)


@Written
def _all_albums(ids: Collection[UUID]) -> QuerySet[Any, Any]:
    return _titles(Album.objects.all(), ids)


def _titles(albums: QuerySet[Album], ids: Collection[UUID]) -> QuerySet[Any, Any]:
    return albums.filter(pk__in=ids).order_by().values_list("pk", "title", "year", "artist__name")


def rows_of(statement: str, ids: Collection[UUID]) -> list[tuple[Any, ...]]:
    """The rows of a ``statement`` with ``{ids}`` in it. The first column is one of the ``ids``, and made a UUID.

    For what is asked beside every list: Django takes longer to write such a statement than the database to answer.
    """
    if not ids:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(statement.format(ids=ANY), [array_of(ids)])
            return list(cursor.fetchall())
        cursor.execute(statement.format(ids=f"IN ({', '.join(['%s'] * len(ids))})"), [key.hex for key in ids])
        return [(UUID(key), *rest) for key, *rest in cursor.fetchall()]
