"""Where things used to be. Addresses stay; what was merged into something else sends whoever asks on to it."""

from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from catalog.models import Artist, FormerAddress

Kind = FormerAddress.Kind

_LONGEST: Final = 80


def moved(kind: str, old: str | UUID) -> UUID | None:
    """The id of what is now where ``old`` was: an artist's slug, or the id of an artist, album or track.

    Ask only when nothing lives at ``old``, and show the way only to who may see the target.
    """
    text = str(old)
    if "\0" in text or len(text) > _LONGEST:  # the one no database takes, the other none of ours has
        return None
    found = FormerAddress.objects.filter(kind=kind, old=text)
    return found.values_list("target", flat=True).first()


def remember(kind: str, old: str | UUID, target: UUID) -> None:
    """From now on ``old`` leads to ``target``, and so does everything that led to ``old``.

    Whatever leads to ``target`` from itself is forgotten: an undone merge leaves no circle.
    """
    with transaction.atomic():
        FormerAddress.objects.update_or_create(kind=kind, old=str(old), defaults={"target": target})
        if (before := _as_id(old)) is not None:
            FormerAddress.objects.filter(kind=kind, target=before).update(target=target)
        own = Q(old=str(target))
        if kind == Kind.ARTIST:
            own |= Q(old__in=Artist.objects.filter(pk=target).values("slug"))
        FormerAddress.objects.filter(own, kind=kind).delete()


def forget(kind: str, old: str | UUID) -> None:
    """Something lives at ``old`` again."""
    FormerAddress.objects.filter(kind=kind, old=str(old)).delete()


def _as_id(old: str | UUID) -> UUID | None:
    try:
        return UUID(str(old))
    except ValueError:
        return None
