"""What lists say of songs, artists and albums, read as plain rows.

A page has up to a hundred songs. Making a model of each, of its artist, album and audio takes longer than finding them;
and so does writing a statement, which is done once here for what is asked on every page.
"""

from collections.abc import Callable, Collection, Iterable
from functools import cache
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import QuerySet, UUIDField

from accounts.models import User
from catalog.models import Album, Artist, Track
from catalog.models.music import TrackQuerySet
from catalog.text import spoken

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


_COLUMNS = (
    *(
        "pk",
        "title",
        "cover",
        "visibility",
        "artist",
        "audio",
        "disc_number",
        "track_number",
        "genre",
        "genre_key",
    ),
    *("artist__name", "album__title", "album__cover", "audio__duration"),
)


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


def listed(tracks: TrackQuerySet) -> list[Song]:
    """``tracks`` in their order."""
    return [Song._make(row) for row in tracks.values_list(*_COLUMNS)]


def songs_by_id(ids: Collection[UUID], user: Reader) -> list[Song]:
    """Those of ``ids`` that ``user`` may see, in no order."""
    return [Song._make(row) for row in _asked(_songs, ids, user)]


def artists_by_id(ids: Collection[UUID], user: Reader, *, proved: bool) -> list[ArtistName]:
    """The same of artists; ``proved``: it is known that ``user`` may see them all."""
    return [ArtistName._make(row) for row in _asked(_all_artists if proved else _artists, ids, user)]


def albums_by_id(ids: Collection[UUID], user: Reader, *, proved: bool) -> list[AlbumTitle]:
    """The same of albums."""
    return [AlbumTitle._make(row) for row in _asked(_all_albums if proved else _albums, ids, user)]


def _songs(user: Reader) -> QuerySet[Any, Any]:
    return Track.objects.visible_to(user).values_list(*_COLUMNS)


def _artists(user: Reader) -> QuerySet[Any, Any]:
    return Artist.objects.visible_to(user).values_list("pk", "name", "slug")


def _all_artists(_user: Reader) -> QuerySet[Any, Any]:
    return Artist.objects.values_list("pk", "name", "slug")


def _albums(user: Reader) -> QuerySet[Any, Any]:
    return Album.objects.visible_to(user).values_list("pk", "title", "year", "artist__name")


def _all_albums(_user: Reader) -> QuerySet[Any, Any]:
    return Album.objects.values_list("pk", "title", "year", "artist__name")


_ID, _READER = UUID(int=1), UUID(int=2)  # stand where ids and the reader are put


def _asked(rows: Callable[[Reader], QuerySet[Any, Any]], ids: Collection[UUID], user: Reader) -> list[Any]:
    """What ``rows`` says to ``user`` of those with these ids."""
    if not ids:
        return []
    statement, given, keys = _written(rows, connection.vendor, anonymous=user.is_anonymous)
    if connection.vendor == "postgresql":
        known: dict[Any, list[Any]] = {_ID: [list(ids)], _READER: [user.pk]}
    else:
        statement = statement.replace("= ANY(%s)", f"IN ({', '.join(['%s'] * len(ids))})")
        known = {_ID.hex: [key.hex for key in ids], _READER.hex: [user.pk and user.pk.hex]}
    with connection.cursor() as cursor:
        cursor.execute(statement, [*chain.from_iterable(known.get(value, (value,)) for value in given)])
        found = cursor.fetchall()
    return list(found) if connection.vendor == "postgresql" else [_with_ids(row, keys) for row in found]


@cache
def _written(
    rows: Callable[[Reader], QuerySet[Any, Any]], _vendor: str, *, anonymous: bool
) -> tuple[str, tuple[Any, ...], frozenset[int]]:
    """The statement, what is put into it, and which of its columns are ids."""
    query = rows(AnonymousUser() if anonymous else User(pk=_READER)).filter(pk__in=[_ID]).order_by().query
    compiler = query.get_compiler(connection=connection)
    statement, given = compiler.as_sql()
    columns = enumerate(column.output_field for column, *_names in compiler.select)
    ids = frozenset(n for n, kind in columns if isinstance(kind, UUIDField))
    return statement.replace("IN (%s)", "= ANY(%s)"), given, ids


def _with_ids(row: Iterable[Any], ids: frozenset[int]) -> list[Any]:
    """Of SQLite, to which ids are text."""
    return [UUID(value) if n in ids and value else value for n, value in enumerate(row)]


def rows_of(statement: str, ids: Collection[UUID]) -> list[tuple[Any, ...]]:
    """The rows of a ``statement`` with ``{ids}`` in it. The first column is one of the ``ids``, and made a UUID.

    For what is asked beside every list: Django takes longer to write such a statement than the database to answer.
    """
    if not ids:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(statement.format(ids="= ANY(%s)"), [list(ids)])
            return list(cursor.fetchall())
        cursor.execute(statement.format(ids=f"IN ({', '.join(['%s'] * len(ids))})"), [key.hex for key in ids])
        return [(UUID(key), *rest) for key, *rest in cursor.fetchall()]
