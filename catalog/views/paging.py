"""How lists are cut into pages."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

SONGS_PER_PAGE = 24
NAMES_PER_PAGE = 120


def page_of(request: HttpRequest, rows: QuerySet[Any], size: int) -> Page[Any]:
    """The part of ``rows`` that ``?page=`` asks for; the nearest there is for a number that is none."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
