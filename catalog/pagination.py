"""How many rows there are, without counting a million of them.

Lists are counted exactly up to a bound; a longer one is said to have as many as the bound. What took long to count
is remembered for a minute, so that it is not counted again on every page.
"""

import hashlib
from typing import Any

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

MOST_COUNTED = 10_000
REMEMBER_SECONDS = 60
WORTH_REMEMBERING = 1_000
MAX_ROW = 100_000  # lists end here; they can be narrowed
MAX_PAGE_NUMBER = 10**9  # a larger one could exceed the integers of the database


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


class ApiPagination(PageNumberPagination):
    """``{"count", "next", "previous", "results"}``; ``page`` counts from 1, ``page_size`` is capped.

    ``count`` is exact up to 10,000, which also stands for whatever is more; ``next`` goes on to row 100,000. A page
    that is no number answers 400, one after the last 404.
    """

    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:  # noqa: ARG002
        """Fetch one row more than the page has, which tells whether there is a next page without counting."""
        self.request = request
        size = self.get_page_size(request)
        number = self.get_page_number(request, None)
        first = (number - 1) * size
        rows = _rows(queryset, first, first + size + 1) if first < MAX_ROW else []
        if not rows and number > 1:
            raise exceptions.NotFound
        more = len(rows) > size and first + size < MAX_ROW
        paginator = _KnownCountPaginator(queryset, size)
        if len(rows) <= size:
            paginator.count = min(first + len(rows), MOST_COUNTED)
        self.page = _Page(rows[:size], number, paginator, more=more)
        return list(self.page)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        properties = described["properties"]
        properties["count"]["description"] = (
            f"Exact up to {MOST_COUNTED}, which also stands for whatever is more."
        )
        for name in ("next", "previous"):  # OpenAPI 3.1; `nullable` is 3.0's
            properties[name] = {"type": ["string", "null"], "format": "uri"}
        described["required"] = list(properties)
        return described

    def get_page_number(self, request: Request, _paginator: Any) -> int:
        return _positive_int(request, self.page_query_param) or 1

    def get_page_size(self, request: Request) -> int:
        return min(_positive_int(request, self.page_size_query_param) or self.page_size, self.max_page_size)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_NUMBER}
        return parameters


class _KnownCountPaginator(BoundedPaginator):
    """A paginator whose count is set where the last page was read."""

    def validate_number(self, number: Any) -> int:
        return int(number)


class _Page(Page[Any]):
    """A page that knows whether another one follows."""

    def __init__(self, rows: list[Any], number: int, paginator: _KnownCountPaginator, *, more: bool) -> None:
        super().__init__(rows, number, paginator)
        self._more = more

    def has_next(self) -> bool:
        return self._more


def _rows(queryset: Any, first: int, stop: int) -> list[Any]:
    """Return the rows from ``first`` to before ``stop``, by their ids except for the first page on PostgreSQL."""
    part = queryset[first:stop]
    if not _is_plain(queryset) or (not first and connection.vendor != "sqlite"):
        return list(part)
    return ids_first(part, queryset)


def _is_plain(queryset: Any) -> bool:
    """Return whether the rows can be found by ids: no list, slice, distinct rows or values."""
    if not isinstance(queryset, QuerySet):
        return False
    query = queryset.query
    return not (query.is_sliced or query.distinct or query.values_select)


def _positive_int(request: Request, name: str) -> int | None:
    """Return a query parameter that counts from 1, None if it is missing; else raise ``ValidationError``."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= MAX_PAGE_NUMBER):
        raise exceptions.ValidationError({name: [_("This is a number from 1.")]})
    return int(text)
