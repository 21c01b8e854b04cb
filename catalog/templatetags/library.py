"""What a person likes, has put in order and is told, beside the songs of any page."""

from collections.abc import Iterable
from html import escape
from typing import Any
from uuid import UUID

from django import template
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.links import pattern
from catalog.models import Track
from catalog.selectors import Song
from catalog.social import likes, notices, setlists
from catalog.templatetags.pictures import icon

register = template.Library()

SETLISTS_IN_A_MENU = 8


def _user(context: Any) -> User | AnonymousUser:
    """Who looks; nobody on pages of errors, which have no request."""
    request: HttpRequest | None = context.get("request")
    user: User | AnonymousUser = getattr(request, "user", None) or AnonymousUser()
    return user


@register.simple_tag(takes_context=True)
def liked_among(context: Any, tracks: Iterable[Track | Song]) -> set[UUID]:
    """Which of ``tracks`` this person likes: one query for a list, none for visitors."""
    return likes.liked_among(tracks, _user(context))


class Hearts:
    """Buttons that like songs, for one page: what they have in common is made once.

    ``liked`` comes from ``liked_among``; without it, and for visitors, there are none.
    """

    def __init__(self, context: Any, liked: set[UUID] | str) -> None:
        self._liked = liked if isinstance(liked, set) and _user(context).is_authenticated else None
        if self._liked is not None:
            request = context.get("request")
            here = request.get_full_path() if request else ""
            self._address = pattern("track-like")
            self._api = pattern("api:track-like")
            self._fields = (
                f'<input type="hidden" name="csrfmiddlewaretoken" value="{context.get("csrf_token", "")}">'
                f'<input type="hidden" name="next" value="{escape(here)}">'
            )
            self._label = _("I like “%(title)s”")
            self._icons = icon("heart") + icon("loved")

    def of(self, track: Track | Song) -> SafeString:
        """The button of ``track``."""
        if self._liked is None:
            return SafeString("")
        does, pressed = ("unlike", "true") if track.pk in self._liked else ("like", "false")
        return mark_safe(  # noqa: S308  # the title is escaped, the rest is ours
            f'<form class="like-form" method="post" action="{self._address.format(track.pk)}"'
            f' data-like="{self._api.format(track.pk)}">'
            f'{self._fields}<button type="submit" name="do" value="{does}" aria-pressed="{pressed}"'
            f' aria-label="{escape(self._label % {"title": track.title})}">{self._icons}</button></form>'
        )


@register.simple_tag(takes_context=True)
def heart(context: Any, track: Track, liked: set[UUID] | str) -> SafeString:
    """A button that likes ``track``, for pages that do not use ``song_rows``."""
    return Hearts(context, liked).of(track)


@register.filter
def as_list(track: Track) -> list[Track]:
    """One track where a list of them is asked for."""
    return [track]


@register.simple_tag
def likes_of(track: Track) -> int:
    """How many people like it."""
    return likes.count(track)


@register.simple_tag(takes_context=True)
def unseen(context: Any) -> int:
    """How many notices this person has not seen; 0 for visitors, without a query."""
    return notices.unseen(_user(context))


@register.simple_tag(takes_context=True)
def my_setlists(context: Any) -> list[setlists.Named]:
    """The setlists this person changed last, for a menu."""
    user = _user(context)
    return [] if user.is_anonymous else setlists.latest(user, SETLISTS_IN_A_MENU)


@register.simple_tag(takes_context=True)
def playing_through(context: Any, track: Track) -> setlists.Place | None:
    """Where ``track`` stands in the setlist that ``?setlist=`` names, if this person may see it."""
    request = context.get("request")
    key = request.GET.get("setlist", "") if request else ""
    return setlists.place(key, request.GET.get("entry", ""), track, _user(context)) if key else None
