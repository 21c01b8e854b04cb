"""Who waits for whom when the catalogue changes.

What moves many rows at once (merging, splitting, undoing, taking down) keeps everything still that names artists,
albums or tracks; what changes one track (bringing, editing) only keeps such a move away. SQLite has one writer at
a time anyway; on PostgreSQL this is an advisory lock, taken before any row, so that nothing can wait in a circle.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)

LOCK = 0x57E3  # one number for the whole catalogue; nothing else here uses advisory locks of this size


def keep_moves_away() -> None:
    """Until the end of this transaction no merge, split, undo or takedown begins."""
    _lock("pg_advisory_xact_lock_shared")


def keep_still() -> None:
    """Until the end of this transaction nobody brings or edits anything; waits for who is at it."""
    _lock("pg_advisory_xact_lock")


def _lock(function: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [LOCK])


def lock_rows(model: type[M], ids: Iterable[Any]) -> list[M]:
    """These rows, locked in one order, in the order in which they were asked for; what is gone is left out."""
    wanted = list(ids)
    rows = model._base_manager.select_for_update().filter(pk__in=wanted).order_by("pk")  # noqa: SLF001
    found = {row.pk: row for row in rows}
    return [found[pk] for pk in wanted if pk in found]
