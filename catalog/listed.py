"""What lists of songs say of each, read as plain rows.

A page has up to a hundred songs. Making a model of each, of its artist, album and audio takes longer than finding them.
"""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from catalog.models.music import TrackQuerySet
from catalog.text import spoken


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


def listed(tracks: TrackQuerySet) -> list[Song]:
    """``tracks`` in their order."""
    return [Song._make(row) for row in tracks.values_list(*_COLUMNS)]


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
