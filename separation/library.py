"""My library: what somebody brought, asked for, likes and wishes for."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page
from django.db.models import Max, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.people import person
from catalog import likes
from catalog.audio.tags import clean_text
from catalog.claims import drop_claim, holds
from catalog.models import Track, Upload, WishVoice
from catalog.text import fold
from catalog.views.editing import shared_with_others
from catalog.views.paging import SONGS_PER_PAGE, page_of
from catalog.visible import seen_through
from separation import ask
from separation.labels import describe_slug
from separation.models import SeparationRequest


def brought(user: User) -> QuerySet[Upload, Any]:
    """For each track that ``user`` holds: its id ``track``, when they brought it last, and the bytes counted."""
    rows = Upload.objects.filter(seen_through("track", user), user=user).order_by().values("track")
    return rows.annotate(brought=Max("created_at"), bytes=Sum("charged")).order_by("-brought", "track")


def asked(user: User) -> QuerySet[SeparationRequest]:
    """What ``user`` asked for, the last one first."""
    rows = SeparationRequest.objects.filter(seen_through("track", user), user=user)
    names = ("separation", "track__artist", "track__album", "track__audio")
    return rows.select_related(*names).order_by("-created_at", "pk")


def within(words: str, field: str = "track__words") -> Q:
    """Rows about tracks that hold every word, as the catalogue's search does; meant for one person's rows."""
    found = Q()
    for word in fold(clean_text(words) or "").split():
        found &= Q(**{f"{field}__contains": word})
    return found


@require_safe
@gzip_page
@login_required
def library(request: HttpRequest, kind: str = "brought") -> HttpResponse:
    """One part of one's library, with a search in it."""
    user = person(request)
    words = request.GET.get("q", "").strip()[:200]
    page = KINDS[kind](request, user, words)
    context: dict[str, Any] = {"tab": kind, "q": words, "page": page}
    context["tracks"] = [row.track for row in page.object_list] if kind != "wishes" else []
    if kind == "brought":
        context["stored"] = User.objects.values_list("stored_bytes", flat=True).get(pk=user.pk)
        context["quota"] = settings.QUOTA_BYTES
    return render(request, f"library/{'my_wishes' if kind == 'wishes' else kind}.html", context)


class _Held:
    """A track that somebody brought."""

    def __init__(self, track: Track, row: dict[str, Any]) -> None:
        self.track = track
        self.brought = row["brought"]
        self.bytes = row["bytes"]


def _brought(request: HttpRequest, user: User, words: str) -> Page[Any]:
    page = page_of(request, brought(user).filter(within(words)), SONGS_PER_PAGE)
    rows = list(page.object_list)
    tracks = Track.objects.visible_to(user).with_names().in_bulk([row["track"] for row in rows])
    page.object_list = [_Held(tracks[row["track"]], row) for row in rows if row["track"] in tracks]
    return page


def _asked(request: HttpRequest, user: User, words: str) -> Page[Any]:
    page = page_of(request, asked(user).filter(within(words)), SONGS_PER_PAGE)
    for row in page.object_list:
        row.model = describe_slug(row.separation.model)
    return page


def _liked(request: HttpRequest, user: User, words: str) -> Page[Any]:
    return page_of(request, likes.likes_of(user).filter(within(words)), SONGS_PER_PAGE)


def _wishes(request: HttpRequest, user: User, words: str) -> Page[Any]:
    rows = WishVoice.objects.filter(user=user).select_related("wish__track__artist")
    for word in fold(clean_text(words) or "").split():
        rows = rows.filter(wish__key__contains=word)
    page = page_of(request, rows.order_by("-created_at", "pk"), SONGS_PER_PAGE)
    page.object_list = list(page.object_list)
    visible = seen_through("track", user)
    seen = set(
        user.wishes.filter(visible, pk__in=[row.wish_id for row in page.object_list]).values_list(
            "pk", flat=True
        )
    )
    for row in page.object_list:
        row.track = row.wish.track if row.wish_id in seen else None
    return page


KINDS: dict[str, Callable[[HttpRequest, User, str], Page[Any]]] = {
    "brought": _brought,
    "asked": _asked,
    "liked": _liked,
    "wishes": _wishes,
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask, then drop one's own claim on a song; it stays for others who brought it too."""
    user = person(request)
    track = get_object_or_404(Track.objects.visible_to(user).with_names(), pk=pk)
    if not holds(track, user):
        raise PermissionDenied
    if request.method == "POST":
        drop_claim(track, user)
        messages.success(request, _("Removed from your songs: %(title)s") % {"title": track.title})
        return redirect("library")
    context = {"track": track, "others": shared_with_others(track, user)}
    return render(request, "catalog/track_remove.html", context)


@login_required
@require_POST
def forget(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take something off the list of what one asked for; what still waits for nobody else is stopped."""
    row = get_object_or_404(
        SeparationRequest.objects.select_related("separation"), pk=pk, user=person(request)
    )
    ask.withdraw(row.separation, person(request))
    return redirect("library-asked")
