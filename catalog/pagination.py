"""How many rows there are, without counting a million of them.

Lists are counted exactly up to a bound; a longer one is said to have as many as the bound. What took long to count
is remembered for a minute, so that it is not counted again on every page.
"""

import hashlib
from typing import Any

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import cached_property

MOST_COUNTED = 10_000
REMEMBER_SECONDS = 60
WORTH_REMEMBERING = 1_000


def count_up_to(rows: "QuerySet[Any]", most: int = MOST_COUNTED) -> int:
    """The number of ``rows``, or ``most`` when there are more."""
    ids = rows.order_by().values("pk")  # without what is said about each
    try:
        statement, parameters = ids.query.sql_with_params()
    except EmptyResultSet:
        return 0
    said = f"{most} {connection.vendor} {statement} {parameters!r}"
    key = f"counted-{hashlib.sha256(said.encode()).hexdigest()}"
    known = cache.get(key)
    if known is not None:
        return int(known)
    count = ids[:most].count()
    if count >= min(most, WORTH_REMEMBERING):
        cache.set(key, count, REMEMBER_SECONDS)
    return count


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # Django's own takes no parameter at run time
    """Pages of a list that is counted up to ``MOST_COUNTED``; what is further is found by narrowing the list."""

    @cached_property
    def count(self) -> int:
        if isinstance(self.object_list, QuerySet):
            return count_up_to(self.object_list)
        return len(self.object_list)

    @property
    def is_longer(self) -> bool:
        """Whether there may be more rows than ``count`` says."""
        return self.count >= MOST_COUNTED


def ids_first(part: "QuerySet[Any]", rows: "QuerySet[Any]") -> list[Any]:
    """The rows of ``part``, a slice of ``rows``: found by their ids before anything is joined to them.

    SQLite may else begin with another table than the list's, and sort all there is.
    """
    ids = list(part.values_list("pk", flat=True))
    found = rows.order_by().in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]
