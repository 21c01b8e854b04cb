"""How lists are cut into pages.

Short lists are counted and say how many pages they have. Long ones (songs, artists, albums) are not: one row more
than the page has tells whether another page follows.
"""

from collections.abc import Callable
from typing import Any, Protocol

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

SONGS_PER_PAGE = 24
NAMES_PER_PAGE = 120
FURTHEST = 12_000  # rows; whoever looks for something further down narrows the list

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz0")  # "0" is all that begins otherwise


class Rows(Protocol):
    """Something of which a slice can be had."""

    def __getitem__(self, part: slice, /) -> Any: ...


class Part:
    """A page of a list that nobody counts; templates use it like Django's ``Page``."""

    def __init__(self, rows: list[Any], number: int, *, more: bool) -> None:
        self.object_list = rows
        self.number = number
        self._more = more

    def __iter__(self) -> Any:
        return iter(self.object_list)

    def __len__(self) -> int:
        return len(self.object_list)

    def has_previous(self) -> bool:
        return self.number > 1

    def has_next(self) -> bool:
        return self._more

    def has_other_pages(self) -> bool:
        return self.has_previous() or self.has_next()

    def previous_page_number(self) -> int:
        return self.number - 1

    def next_page_number(self) -> int:
        return self.number + 1


def page_of(request: HttpRequest, rows: QuerySet[Any], size: int) -> Page[Any]:
    """The part of ``rows`` that ``?page=`` asks for; the nearest there is for a number that is none."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def part_of(request: HttpRequest, rows: Rows, size: int, read: Callable[[Any], list[Any]] = list) -> Part:
    """The same for a list that is not counted. A page behind the last has no rows. ``read`` makes rows of a slice."""
    number = min(_number(request.GET.get("page", "")), FURTHEST // size)
    start = (number - 1) * size
    found = read(rows[start : start + size + 1])
    return Part(found[:size], number, more=len(found) > size and start + 2 * size <= FURTHEST)


def letter_of(request: HttpRequest, letters: tuple[str, ...] = LETTERS) -> str:
    """The letter that ``?letter=`` asks for, or nothing."""
    letter = request.GET.get("letter", "").lower()
    return letter if letter in letters else ""


def slug_in(request: HttpRequest, name: str) -> str:
    """An artist's address in ``?name=``, without what no database takes."""
    return request.GET.get(name, "").replace("\0", " ")


def _number(text: str) -> int:
    """A page's number from 1."""
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 9 else 1
