"""The whole index anew, quickly: after a restored backup, or when much was written at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from catalog.normalization import fold
from catalog.search import names, schema

BATCH = 2_000
FOLDED = {
    "Artist": [("name", "key", 255)],
    "Album": [("title", "key", 255)],
    "Track": [("title", "title_key", 255), ("genre", "genre_key", 80)],
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
        schema.run(
            connection, schema.dialect(connection).FUNCTIONS if connection.vendor == "postgresql" else []
        )
        names.learn_all(connection)
        schema.run(connection, schema.dialect(connection).FILLED)
        schema.install_triggers(connection)


@contextmanager
def unindexed(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Write very much at once without keeping the index, which is then written anew."""
    schema.remove_triggers(connections[using])
    try:
        yield
    finally:
        reindex(using=using)


def fold_names(using: str = DEFAULT_DB_ALIAS) -> int:
    """Make the keys of all names anew; returns how many were not what they should be."""
    changed = 0
    for name, fields in FOLDED.items():
        found = apps.get_model("catalog", name)._default_manager.using(using)  # noqa: SLF001  # its public name
        rows = []
        for row in found.only(*(field for pair in fields for field in pair[:2])).iterator():
            wanted = {key: fold(getattr(row, source))[:longest] for source, key, longest in fields}
            if any(getattr(row, key) != value for key, value in wanted.items()):
                for key, value in wanted.items():
                    setattr(row, key, value)
                rows.append(row)
        changed += len(rows)
        found.bulk_update(rows, [key for _source, key, _longest in fields], batch_size=BATCH)
    return changed
