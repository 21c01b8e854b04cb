"""Finding an artist, an album or a track by its address, and the other way round."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse

from accounts.models import User
from catalog.curation.fields import Named, kind_of
from catalog.models import Album, Artist, Change, Track


def seen(kind: str, user: User | AnonymousUser) -> "QuerySet[Any]":
    """Everything of a kind that ``user`` may see, with its names."""
    match kind:
        case Change.Target.ARTIST:
            return Artist.objects.visible_to(user)
        case Change.Target.ALBUM:
            return Album.objects.visible_to(user).select_related("artist")
        case _:
            return Track.objects.visible_to(user).with_names()


def found(kind: str, key: str | UUID, user: User | AnonymousUser) -> Named:
    """The row at this address; 404 for who may not see it."""
    field = "slug" if kind == Change.Target.ARTIST else "pk"
    row: Named | None = seen(kind, user).filter(**{field: key}).first()
    if row is None:
        raise Http404
    return row


def address(row: Named, page: str = "") -> str:
    """Where a row is, or one of the pages about it: ``edit``, ``merge``, ``split``, ``history``."""
    kind = kind_of(row).value
    return reverse(f"{kind}-{page}" if page else kind, args=[row.slug if isinstance(row, Artist) else row.pk])
