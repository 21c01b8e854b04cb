"""Who may see a track: everybody a shared one, its owner a private one.

Said once, as a condition for queries and as a predicate for a row that has been fetched.
"""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import User

if TYPE_CHECKING:
    from catalog.models import Track


class Visibility(TextChoices):
    SHARED = "shared", _("Shared with everybody")
    PRIVATE = "private", _("Only for me")


def visible_to(user: User | AnonymousUser, track: str = "") -> Q:
    """Match tracks that ``user`` may see, or rows whose field ``track`` is such a one.

    A join by the track's key: a sub-query would have the database look at every track there is.
    """
    prefix = f"{track}__" if track else ""
    shared = Q(**{f"{prefix}visibility": Visibility.SHARED})
    return shared if user.is_anonymous else shared | Q(**{f"{prefix}owner": user.pk})


def may_see(track: "Track", user: User | AnonymousUser) -> bool:
    """Whether ``user`` may see ``track``."""
    return track.visibility == Visibility.SHARED or (not user.is_anonymous and track.owner_id == user.pk)
