"""The whole index anew, quickly: after a restored backup, or when much was written at once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.apps.registry import Apps
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


def rebuild(connection: Any) -> None:
    """For migrations: drop the index and make it anew, without triggers, which follow after the last migration.

    Whoever changes how names are read adds a migration that calls this.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM catalog_track LIMIT 1")
        if cursor.fetchone():
            logger.info("the search index is being rebuilt: minutes with a million songs")
    schema.drop(connection)
    schema.create(connection)
    _fill(connection)


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


def fold_names(using: str = DEFAULT_DB_ALIAS, models: Apps = apps) -> int:
    """Make the keys of all names anew; returns how many rows had others.

    A row whose new key is another row's stays under its old one: nothing is merged without a person's decision.
    """
    changed = 0
    for kind, unique_with in _UNIQUE_WITH.items():
        rows = models.get_model("catalog", kind)._default_manager.using(using)  # noqa: SLF001  # its public name
        for row, keys in [(row, keys) for row in rows.iterator() if _differs(row, keys := _keys(kind, row))]:
            same = {name: getattr(row, name) for name in unique_with or ()}
            if unique_with is None or not rows.filter(key=keys["key"], **same).exclude(pk=row.pk).exists():
                changed += rows.filter(pk=row.pk).update(**keys)
    return changed


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
