"""Export the whole catalogue as CSV or as one JSON array, for the operator.

Rows are written as they are read: a million songs need no more memory than a thousand.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.db.models import Prefetch, QuerySet

from catalog import hooks
from catalog.models import Credit, Track

FORMS = {"csv": "text/csv", "json": "application/json"}
CHUNK = 1_000
COLUMNS = (
    "id",
    "title",
    "artist",
    "featuring",
    "album",
    "album_artist",
    "disc_number",
    "track_number",
    "genre",
    "year",
    "duration",
    "visibility",
    "owner",
    "created_at",
    "audio_digest",
    "checksum",
    "size",
    "codec",
    "separations",
)
# What a spreadsheet would take for a formula, also behind spaces.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def everything() -> QuerySet[Track]:
    """Return all tracks, of everybody: for the operator only. By id, which needs no sorting."""
    return Track.objects.order_by("pk")


def export(tracks: QuerySet[Track], form: str) -> Iterator[str]:
    """Yield the file in pieces."""
    return _json(details(tracks)) if form == "json" else _csv(details(tracks))


def details(tracks: QuerySet[Track]) -> Iterator[dict[str, Any]]:
    """Yield a dictionary for each track, with a few queries for each thousand of them."""
    guests = Credit.objects.select_related("artist").order_by("position")
    rows = (
        tracks.select_related("artist", "album__artist", "audio", "owner")
        .prefetch_related(Prefetch("credits", guests))
        .iterator(chunk_size=CHUNK)
    )
    while chunk := list(islice(rows, CHUNK)):
        separations = hooks.combined(hooks.exporting.send([track.audio_id for track in chunk]))
        yield from (_details(track, separations.get(track.audio_id, [])) for track in chunk)


def _details(track: Track, separations: list[str]) -> dict[str, Any]:
    album = track.album
    return {
        "id": str(track.pk),
        "title": track.title,
        "artist": track.artist.name,
        "featuring": [credit.artist.name for credit in track.credits.all()],
        "album": album.title if album else "",
        "album_artist": album.artist.name if album else "",
        "disc_number": track.disc_number,
        "track_number": track.track_number,
        "genre": track.genre,
        "year": track.year,
        "duration": round(track.audio.duration, 3),
        "visibility": track.visibility,
        "owner": track.owner.email if track.owner else "",
        "created_at": track.created_at.isoformat(timespec="seconds"),
        "audio_digest": track.audio.audio_digest,
        "checksum": track.audio.checksum,
        "size": track.audio.size,
        "codec": track.audio.codec,
        "separations": separations,
    }


class _Piece:
    """A file that hands on what is written into it."""

    def write(self, text: str) -> str:
        return text


def _csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Piece())  # its `writerow` returns what `write` does
    yield "\ufeff" + str(writer.writerow(COLUMNS))  # or spreadsheets take it for another encoding
    for row in rows:
        yield str(writer.writerow([_cell(row[name]) for name in COLUMNS]))


def _cell(value: Any) -> Any:
    """Format a value so that a spreadsheet shows it and does not run it."""
    if isinstance(value, list):
        value = "; ".join(value)
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def _json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield one array, a track on each line."""
    start = "[\n"
    for row in rows:
        yield start + json.dumps(row, ensure_ascii=False)
        start = ",\n"
    yield "[]\n" if start == "[\n" else "\n]\n"
