"""What lists of songs say of each, read as plain rows.

A page has up to a hundred songs. Making a model of each, of its artist, album and audio takes longer than finding them.
"""

from typing import NamedTuple
from uuid import UUID

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
