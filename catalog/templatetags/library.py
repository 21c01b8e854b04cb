"""What a person likes, has put in order and is told, beside the songs of any page."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import template
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.models import User
from catalog.models import Setlist, Track
from catalog.personal import likes, notices, setlists

register = template.Library()

SETLISTS_IN_A_MENU = 8


def _user(context: Any) -> User | AnonymousUser:
    """Who looks; nobody on pages of errors, which have no request."""
    request: HttpRequest | None = context.get("request")
    user: User | AnonymousUser = getattr(request, "user", None) or AnonymousUser()
    return user


@register.simple_tag(takes_context=True)
def liked_among(context: Any, tracks: Iterable[Track]) -> set[UUID]:
    """Which of ``tracks`` this person likes: one query for a list, none for visitors."""
    return likes.liked_among(tracks, _user(context))


@register.inclusion_tag("library/heart.html", takes_context=True)
def heart(context: Any, track: Track, liked: set[UUID] | str) -> dict[str, Any]:
    """A button that likes ``track``; ``liked`` comes from ``liked_among``, and without it there is no heart."""
    request = context.get("request")
    return {
        "track": track,
        "loved": isinstance(liked, set) and track.pk in liked,
        "may": isinstance(liked, set) and _user(context).is_authenticated,
        "csrf_token": context.get("csrf_token"),
        "next": request.get_full_path() if request else "",
    }


@register.filter
def as_list(track: Track) -> list[Track]:
    """One track where a list of them is asked for."""
    return [track]


@register.simple_tag
def likes_of(track: Track) -> int:
    """How many people like it."""
    return track.likes.count()


@register.simple_tag(takes_context=True)
def unseen(context: Any) -> int:
    """How many notices this person has not seen; 0 for visitors, without a query."""
    return notices.unseen(_user(context))


@register.simple_tag(takes_context=True)
def my_setlists(context: Any) -> list[Setlist]:
    """The setlists this person changed last, for a menu."""
    user = _user(context)
    if user.is_anonymous:
        return []
    return list(Setlist.objects.filter(owner=user).order_by("-changed_at")[:SETLISTS_IN_A_MENU])


@register.simple_tag(takes_context=True)
def playing_through(context: Any, track: Track) -> setlists.Place | None:
    """Where ``track`` stands in the setlist that ``?setlist=`` names, if this person may see it."""
    request = context.get("request")
    key = request.GET.get("setlist", "") if request else ""
    return setlists.place(key, request.GET.get("entry", ""), track, _user(context)) if key else None
