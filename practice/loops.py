"""Loops of a song, for the person who made them."""

from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.errors import CatalogError
from catalog.models import Track
from practice.models import Loop

MOST_LOOPS: Final = 50


def loops_of(track: Track, user: User) -> QuerySet[Loop]:
    """Return the loops of ``user``, in the order of the song."""
    return Loop.objects.filter(track=track, user=user)


def add_loop(track: Track, user: User, values: dict[str, Any]) -> Loop:
    """Keep one more loop. Raises ``CatalogError("too_many_loops")``."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two requests at once do not pass the limit
        if loops_of(track, user).count() >= MOST_LOOPS:
            raise CatalogError(
                "too_many_loops", _("You have reached the maximum number of loops of a song. Delete one.")
            )
        return Loop.objects.create(track=track, user=user, **values)


def change_loop(loop: Loop, values: dict[str, Any]) -> Loop:
    """Change these ``values`` of ``loop``."""
    for name, value in values.items():
        setattr(loop, name, value)
    loop.save(update_fields=list(values))
    return loop
