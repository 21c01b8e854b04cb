"""The lock for changes of the catalogue: shared for changes of one track, exclusive for those of many.

Merging, splitting, undoing and taking down move whatever names artists, albums or tracks: they lock exclusively.
Uploading and editing share the lock. SQLite has one writer at a time anyway; on PostgreSQL this is an advisory lock,
taken before any row, so that there are no deadlocks.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)

LOCK = 0x57E3  # one number for the whole catalogue; nothing else here uses advisory locks of this size


def lock_shared() -> None:
    """Hold off merges, splits, undos and takedowns until the end of this transaction."""
    _lock("pg_advisory_xact_lock_shared")


def lock_exclusively() -> None:
    """Wait for uploads and edits in progress, and hold off others until the end of this transaction."""
    _lock("pg_advisory_xact_lock")


def _lock(function: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [LOCK])


def lock_rows(model: type[M], ids: Iterable[Any]) -> list[M]:
    """Lock these rows in one order; return them in the order asked for, without those that are gone."""
    wanted = list(ids)
    rows = model._base_manager.select_for_update().filter(pk__in=wanted).order_by("pk")  # noqa: SLF001
    found = {row.pk: row for row in rows}
    return [found[pk] for pk in wanted if pk in found]
