"""Who may see a track, asked from a row that points at one."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import User
from catalog.models import Track, Visibility


def seen_through(field: str, user: User | AnonymousUser) -> Q:
    """Rows whose ``field`` is a track that ``user`` may see; the same rule as ``Track.objects.visible_to``.

    A join by the track's key: a sub-query would have the database look at every track there is.
    """
    shared = Q(**{f"{field}__visibility": Visibility.SHARED})
    return shared if user.is_anonymous else shared | Q(**{f"{field}__owner": user.pk})


def may_see(track: Track, user: User | AnonymousUser) -> bool:
    """The same for a track that has been fetched already."""
    return track.visibility == Visibility.SHARED or (not user.is_anonymous and track.owner_id == user.pk)
