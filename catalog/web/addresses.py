"""Addresses of artists, albums and tracks, and the query parameters of lists."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.urls import reverse

from accounts.models import User
from catalog.curation.fields import Named, kind_of, visible_rows
from catalog.models import Artist, Change

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz0")  # "0" is all that begins otherwise


def get_row_or_404(kind: str, key: str | UUID, user: User | AnonymousUser) -> Named:
    """Return the row at this address; 404 for those who may not see it."""
    field = "slug" if kind == Change.Target.ARTIST else "pk"
    row: Named | None = visible_rows(kind, user).filter(**{field: key}).first()
    if row is None:
        raise Http404
    return row


def address_of(row: Named, page: str = "") -> str:
    """Return the address of a row, or of one of the pages about it: ``edit``, ``merge``, ``split``, ``history``."""
    kind = kind_of(row).value
    return reverse(f"{kind}-{page}" if page else kind, args=[row.slug if isinstance(row, Artist) else row.pk])


def letter_of(request: HttpRequest, letters: tuple[str, ...] = LETTERS) -> str:
    """Return the letter that ``?letter=`` asks for, or nothing."""
    letter = request.GET.get("letter", "").lower()
    return letter if letter in letters else ""


def slug_in(request: HttpRequest, name: str) -> str:
    """Return an artist's slug in ``?name=``, without what no database takes."""
    return request.GET.get(name, "").replace("\0", " ")
