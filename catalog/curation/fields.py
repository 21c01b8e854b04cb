"""The fields of artists, albums and tracks that can be edited: as plain values by name, and as text for people."""

from collections.abc import Collection, Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalog import hooks
from catalog.models import Album, Artist, Change, Track

Details = dict[str, Any]
Named = Artist | Album | Track

LABELS: dict[str, Promise] = {
    "name": gettext_lazy("Name"),
    "sort_name": gettext_lazy("Sorted as"),
    "title": gettext_lazy("Title"),
    "artist": gettext_lazy("Artist"),
    "guests": gettext_lazy("Featured artists"),
    "album": gettext_lazy("Album"),
    "album_artist": gettext_lazy("Album artist"),
    "disc_number": gettext_lazy("Disc"),
    "track_number": gettext_lazy("Track number"),
    "genre": gettext_lazy("Genre"),
    "year": gettext_lazy("Year"),
    "compilation": gettext_lazy("Compilation"),
    "cover": gettext_lazy("Cover"),
    "tracks": gettext_lazy("Songs"),
}


def kind_of(row: Named) -> Change.Target:
    """Return which of the three kinds ``row`` is."""
    return Change.Target(row._meta.model_name or "")  # noqa: SLF001


def visible_rows(kind: str, user: User | AnonymousUser) -> QuerySet[Any]:
    """Return everything of a kind that ``user`` may see, with its names."""
    match kind:
        case Change.Target.ARTIST:
            return Artist.objects.visible_to(user)
        case Change.Target.ALBUM:
            return Album.objects.visible_to(user).select_related("artist")
        case _:
            return Track.objects.visible_to(user).with_names()


def details(row: Named, also: Collection[str] = ()) -> Details:
    """Return the values that an edit may change. Missing text is empty, a missing number None.

    A cover is its storage key, which tells people nothing: see ``public_values``. ``also`` names values in
    ``hooks.track_fields`` to read with them.
    """
    values = _own_details(row)
    return values | read_above(row, also) if isinstance(row, Track) else values


def read_above(row: Track, names: Collection[str]) -> Details:
    """Return those of the values called ``names`` that apps above keep."""
    return {name: field.read(row) for name, field in hooks.track_fields.items() if name in names}


def write_above(row: Track, changes: Mapping[str, Any]) -> None:
    """Store those of ``changes`` that apps above keep."""
    for name in changes.keys() & hooks.track_fields.keys():
        hooks.track_fields[name].write(row, changes[name])


def _own_details(row: Named) -> Details:
    match row:
        case Artist():
            return {"name": row.name, "sort_name": row.sort_name}
        case Album():
            return {
                "title": row.title,
                "artist": row.artist.name,
                "year": row.year,
                "compilation": row.compilation,
                "cover": row.cover,
            }
        case Track():
            return {
                "title": row.title,
                "artist": row.artist.name,
                "guests": [credit.artist.name for credit in row.credits.select_related("artist")],
                "album": row.album.title if row.album else "",
                "album_artist": row.album.artist.name if row.album else "",
                "disc_number": row.disc_number,
                "track_number": row.track_number,
                "genre": row.genre,
                "year": row.year,
                "cover": row.cover,
            }


def different(before: Details, after: Details) -> tuple[Details, Details]:
    """Keep of both only the values that differ."""
    names = [name for name in before if before[name] != after.get(name)]
    return {name: before[name] for name in names}, {name: after.get(name) for name in names}


def public_values(values: Mapping[str, Any]) -> Details:
    """Return the values for API clients: of a cover, whether there was one."""
    return {name: _public(name, value) for name, value in values.items()}


def _public(name: str, value: Any) -> Any:
    if name in hooks.track_fields:
        return hooks.track_fields[name].public(value)
    return bool(value) if name == "cover" else value


def readable(value: Any) -> str:
    """Format a value for a sentence."""
    if value is None or value in ("", []):
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def label(name: str) -> str:
    """Return what people call the field."""
    above = hooks.track_fields.get(name)
    return str(above.label if above else LABELS.get(name, name))


def lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """List ``(label, before, after)`` of each field, in the order of the form."""
    names = [name for name in (*LABELS, *hooks.track_fields) if name in before and name in after]
    return [(label(name), *_readable_pair(name, before[name], after[name])) for name in names]


def _readable_pair(name: str, before: Any, after: Any) -> tuple[str, str]:
    if name in hooks.track_fields:
        above = hooks.track_fields[name].readable
        return above(before), above(after)
    if name != "cover":
        return readable(before), readable(after)
    picture = _("another picture") if before and after else _("a picture")
    return readable(before and _("a picture")), readable(after and picture)
