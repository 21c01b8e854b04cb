"""Pages of lists, without counting a million rows.

A page reads one row more than it shows, which tells whether another one follows. Where a count is shown it is exact
up to a bound, and a longer list is said to have as many rows as the bound. What took long to count is remembered for
a minute, so that it is not counted again on every page.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

SONGS_PER_PAGE = 24
NAMES_PER_PAGE = 120
LAST_ROW = 12_000  # of pages; whoever looks for something further down narrows the list
MAX_ROW = 100_000
MOST_PAGES = 10**9  # more would only make the database count to numbers that it cannot hold
MOST_COUNTED = 10_000
REMEMBER_SECONDS = 60
WORTH_REMEMBERING = 1_000


class Rows(Protocol):
    """Something of which a slice can be had."""

    def __getitem__(self, part: slice, /) -> Any: ...


class Page:
    """A page of a list that nobody counts; templates use it like Django's."""

    def __init__(
        self, rows: Rows, number: int, size: int, last: int, read: Callable[[Any], list[Any]] = list
    ) -> None:
        self.number = number
        start = (number - 1) * size
        found = read(rows[start : start + size + 1]) if start < last else []
        self.object_list = found[:size]
        self.end = start + len(self.object_list)
        self._has_next = len(found) > size and start + size < last

    def __iter__(self) -> Iterator[Any]:
        return iter(self.object_list)

    def __len__(self) -> int:
        return len(self.object_list)

    def has_previous(self) -> bool:
        return self.number > 1

    def has_next(self) -> bool:
        return self._has_next

    def has_other_pages(self) -> bool:
        return self.has_previous() or self.has_next()

    def previous_page_number(self) -> int:
        return self.number - 1

    def next_page_number(self) -> int:
        return self.number + 1


def page_of(request: HttpRequest, rows: Rows, size: int, read: Callable[[Any], list[Any]] = list) -> Page:
    """Return the page of ``rows`` that ``?page=`` asks for; one behind the last has no rows.

    ``read`` makes a list of a slice.
    """
    text = request.GET.get("page", "")
    number = max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 9 else 1
    return Page(rows, min(number, LAST_ROW // size), size, LAST_ROW, read)


class ApiPagination(PageNumberPagination):
    """``{"count", "next", "previous", "results"}``; ``page`` counts from 1, ``page_size`` is capped.

    ``count`` is exact up to 10,000, which also stands for whatever is more; ``next`` goes on to row 100,000. A page
    that is no number is a mistake (400); one after the last does not exist (404).
    """

    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:  # noqa: ARG002
        self.request = request
        size, number = self.get_page_size(request), self.get_page_number(request, None)
        by_id = _has_ids(queryset) and (number > 1 or connection.vendor == "sqlite")
        read = (lambda part: ids_first(part, queryset)) if by_id else list
        self.page: Any = Page(queryset, number, size, MAX_ROW, read)
        if not self.page.object_list and number > 1:
            raise exceptions.NotFound
        if not self.page.has_next():
            self.count = min(self.page.end, MOST_COUNTED)
        else:
            self.count = count_up_to(queryset) if isinstance(queryset, QuerySet) else len(queryset)
        return list(self.page)

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self.get_next_link(), "previous": self.get_previous_link()}
        return Response({"count": self.count, **links, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        properties = described["properties"]
        properties["count"]["description"] = (
            f"Exact up to {MOST_COUNTED}, which also stands for whatever is more."
        )
        for name in ("next", "previous"):  # as OpenAPI 3.1 says it; `nullable` is 3.0's
            properties[name] = {"type": ["string", "null"], "format": "uri"}
        described["required"] = list(properties)
        return described

    def get_page_number(self, request: Request, _paginator: Any) -> int:
        return _number(request, self.page_query_param) or 1

    def get_page_size(self, request: Request) -> int:
        return min(_number(request, self.page_size_query_param) or self.page_size, self.max_page_size)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": MOST_PAGES}
        return parameters


def _number(request: Request, name: str) -> int | None:
    """Read a number from 1 among the query parameters, ``None`` where it is left out."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= MOST_PAGES):
        raise exceptions.ValidationError({name: [_("This is a number from 1.")]})
    return int(text)


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # Django's own takes no parameter at run time
    """Pages of the admin site, counted up to ``MOST_COUNTED``; what is further is found by narrowing the list."""

    @cached_property
    def count(self) -> int:
        if isinstance(self.object_list, QuerySet):
            return count_up_to(self.object_list)
        return len(self.object_list)

    @property
    def is_longer(self) -> bool:
        """Whether there may be more rows than ``count`` says."""
        return self.count >= MOST_COUNTED


def count_up_to(rows: QuerySet[Any], most: int = MOST_COUNTED) -> int:
    """Count ``rows``, up to ``most``."""
    ids = rows.order_by().values("pk")  # without what is said about each
    try:
        statement, parameters = ids.query.sql_with_params()
    except EmptyResultSet:
        return 0
    text = f"{most} {connection.vendor} {statement} {parameters!r}"
    key = f"counted-{hashlib.sha256(text.encode()).hexdigest()}"
    known = cache.get(key)
    if known is not None:
        return int(known)
    count = ids[:most].count()
    if count >= min(most, WORTH_REMEMBERING):
        cache.set(key, count, REMEMBER_SECONDS)
    return count


def ids_first(part: QuerySet[Any], rows: QuerySet[Any]) -> list[Any]:
    """Read ``part``, a slice of ``rows``, by its ids, which are found before anything is joined to them.

    SQLite may else begin with another table than the list's, and sort all there is.
    """
    ids = list(part.values_list("pk", flat=True))
    found = rows.order_by().in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _has_ids(rows: Any) -> bool:
    """Whether ids lead to what ``rows`` gives: it is no list, part of a list, or list of values."""
    if not isinstance(rows, QuerySet):
        return False
    query = rows.query
    return not (query.is_sliced or query.distinct or query.values_select)
