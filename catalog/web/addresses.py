"""From an address to an artist, an album or a track, and back."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.urls import reverse

from accounts.models import User
from catalog.curation.fields import Named, kind_of, visible_rows
from catalog.models import Artist, Change


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
