"""Stores the words of names whose words differ from their keys: the table ``catalog_search_name``.

What a name is looked for by depends on nothing but the name. So triggers read it from this table by the name itself,
whoever writes that, and no row is ever out of date. A name that was written past ``save`` is found by its key until
``reindex`` has read it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db import connections

from catalog.normalization import fold
from catalog.search.analysis import analyze

MAX_LENGTH = 600  # letters, as PostgreSQL's indexes hold no more than 2,700 bytes
_BATCH = 5_000
_ALL = """SELECT name FROM catalog_artist UNION SELECT title FROM catalog_album
    UNION SELECT title FROM catalog_track"""
_INSERTED = "INSERT INTO catalog_search_name (name, words, spellings) VALUES (%s, %s, %s)"


class _NameWords(NamedTuple):
    name: str
    words: str
    spellings: str


def store_words(name: str, using: str) -> None:
    """Store the words of one name, if they differ from its key."""
    for known in _unlike_their_keys([name]):
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT 1 FROM catalog_search_name WHERE name = %s LIMIT 1", [name])
            if cursor.fetchone() is None:
                cursor.execute(_INSERTED, known)


def store_all_words(connection: Any) -> None:
    """Store the words of all names anew."""
    with connection.chunked_cursor() as names, connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_search_name")
        names.execute(_ALL)
        while batch := names.fetchmany(_BATCH):
            cursor.executemany(_INSERTED, list(_unlike_their_keys(name for (name,) in batch)))


def _unlike_their_keys(names: Iterable[str]) -> Iterator[_NameWords]:
    for name in names:
        found = analyze(name)
        if found.spellings or found.text != fold(name)[:255]:
            yield _NameWords(name, found.text[:MAX_LENGTH].rstrip(), " ".join(found.spellings))


def before_save(using: str, instance: Any, **_others: Any) -> None:
    """Store the words of the name that an artist, an album or a track is about to get."""
    store_words(instance.name if hasattr(instance, "name") else instance.title, using)
