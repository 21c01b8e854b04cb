"""The whole index anew, quickly: after a restored backup, or when much was written at once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from catalog.normalization import fold, initial, sort_key, sort_name
from catalog.search import names, schema

logger = logging.getLogger(__name__)

# With which other columns a key is unique.
_UNIQUE_WITH: dict[str, tuple[str, ...] | None] = {
    "Artist": ("private_to_id",),
    "Album": ("artist_id", "private_to_id"),
    "Wish": (),
    "Track": None,
}


def reindex(*, refold: bool = False, using: str = DEFAULT_DB_ALIAS) -> None:
    """Write the index of the whole catalogue anew, in one transaction.

    Triggers keep it in step with the keys (``Artist.key``, ``Album.key``, ``Track.title_key``) whoever writes them,
    so this is needed only where triggers were off. ``refold`` first makes these keys from the names, after
    ``QuerySet.update(title=...)`` or ``bulk_create``, which both pass ``save`` by.
    """
    connection = connections[using]
    with transaction.atomic(using):
        if refold:
            fold_names(using)
        schema.remove_triggers(connection)
        _fill(connection)
        schema.install_triggers(connection)


def _fill(connection: Any) -> None:
    dialect = schema.dialect(connection)
    if connection.vendor == "postgresql":
        schema.run(connection, dialect.FUNCTIONS)
    names.store_all_words(connection)
    schema.run(connection, dialect.FILL)


@contextmanager
def unindexed(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Write very much at once without keeping the index, which is then written anew."""
    schema.remove_triggers(connections[using])
    try:
        yield
    finally:
        reindex(using=using)


def fold_names(using: str = DEFAULT_DB_ALIAS) -> int:
    """Make the keys of all names anew; returns how many rows had others.

    Of rows with the same new key the oldest gets it, the others keep theirs: nothing is merged that nobody asked for.
    """
    changed = 0
    for kind, unique_with in _UNIQUE_WITH.items():
        rows = apps.get_model("catalog", kind)._default_manager.using(using)  # noqa: SLF001  # its public name
        stale = [
            (row, keys)
            for row in rows.order_by("created_at", "pk").iterator()
            if _differs(row, keys := _keys(kind, row))
        ]
        for row, keys in stale:
            same = {name: getattr(row, name) for name in unique_with or ()}
            if unique_with is None or not rows.filter(key=keys["key"], **same).exclude(pk=row.pk).exists():
                changed += rows.filter(pk=row.pk).update(**keys)
    _keep_merged_names(using)
    return changed


def _keep_merged_names(using: str) -> None:
    """Have the new keys of artists that were merged lead to what they were merged into."""
    addresses = apps.get_model("catalog", "FormerAddress").objects.using(using).filter(kind="artist")
    merges = apps.get_model("catalog", "Change").objects.using(using).filter(kind="merge", target="artist")
    for change in merges.filter(undone_by=None):
        merged_into = addresses.filter(old=str(change.before["row"]["pk"])).first()
        key = fold(change.before["row"]["fields"]["name"])
        if merged_into is not None and len(key) < 80:
            addresses.get_or_create(kind="artist", old=f"={key}", defaults={"target": merged_into.target})


def _differs(row: Any, keys: dict[str, str]) -> bool:
    return any(getattr(row, name) != value for name, value in keys.items())


def _keys(kind: str, row: Any) -> dict[str, str]:
    """What a row is compared and sorted by, as its ``save`` makes it."""
    if kind == "Track":
        return {"title_key": sort_key(row.title)[:255], "genre_key": fold(row.genre)[:80]}
    if kind == "Wish":
        return {"key": f"{sort_key(row.artist)[:255]}/{sort_key(row.title)[:255]}"}
    name, sorted_as = (row.name, row.sort_name) if kind == "Artist" else (row.title, sort_name(row.title))
    place = sort_key(sorted_as)[:255]
    return {"key": fold(name)[:255], "sort_key": place, "initial": initial(place)}
