"""My library: what somebody uploaded, requested, likes and wishes for."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.current_user import person
from accounts.models import User
from accounts.security.pending_action import login_required
from audio.tags.cleaning import clean_text
from catalog.curation.editing import let_go
from catalog.models import Track, Upload, WishVoice
from catalog.normalization import sort_key
from catalog.social import likes
from catalog.uploads.ownership import holds
from catalog.visibility import may_see, seen_through
from catalog.web.editing import shared_with_others
from catalog.web.pagination import SONGS_PER_PAGE, Part, part_of
from separation.display_names import describe_slug
from separation.models import SeparationRequest
from separation.queue import requests

R = TypeVar("R", bound=Model)

NAMES = ("track__artist", "track__album", "track__audio")


def brought(user: User) -> QuerySet[Upload]:
    """Each track that ``user`` holds once, as they brought it last, the last one first."""
    rows = Upload.objects.filter(seen_through("track", user), user=user)
    return _once(rows).order_by("-created_at", "pk")


def asked(user: User) -> QuerySet[SeparationRequest]:
    """What ``user`` asked for, the last one first."""
    rows = SeparationRequest.objects.filter(seen_through("track", user), user=user)
    return rows.order_by("-created_at", "pk")


def asked_tracks(user: User) -> QuerySet[SeparationRequest]:
    """The same with each track once, however many models were asked."""
    return _once(asked(user))


def _once(rows: QuerySet[R]) -> QuerySet[R]:
    """Of one person's rows about the same track the last one. Asked row by row: a page of a long list stays quick."""
    later = rows.model._default_manager.filter(user=OuterRef("user"), track=OuterRef("track")).filter(  # noqa: SLF001  # Django's public name
        Q(created_at__gt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), pk__gt=OuterRef("pk"))
    )
    return rows.filter(~Exists(later))


def within(words: str) -> Q:
    """Rows about tracks that hold every word in title, artist or album; meant for one person's rows."""
    found = Q()
    for word in sort_key(clean_text(words) or "").split():
        found &= (
            Q(track__title_key__contains=word)
            | Q(track__artist__key__contains=word)
            | Q(track__artist__sort_key__contains=word)
            | Q(track__album__sort_key__contains=word)
        )
    return found


@require_safe
@gzip_page
@login_required
def library(request: HttpRequest, kind: str = "brought") -> HttpResponse:
    """Show one part of one's library, with a search."""
    user = person(request)
    words = request.GET.get("q", "").strip()[:200]
    page = KINDS[kind](request, user, words)
    context: dict[str, Any] = {"tab": kind, "q": words, "page": page}
    context["tracks"] = [row.track for row in page] if kind != "wishes" else []
    if kind == "brought":
        context["stored"] = User.objects.values_list("stored_bytes", flat=True).get(pk=user.pk)
        context["quota"] = settings.QUOTA_BYTES
    return render(request, f"library/{'my_wishes' if kind == 'wishes' else kind}.html", context)


def _brought(request: HttpRequest, user: User, words: str) -> Part:
    held = Upload.objects.filter(user=OuterRef("user"), track=OuterRef("track")).order_by().values("track")
    rows = brought(user).filter(within(words)).select_related(*NAMES)
    rows = rows.annotate(bytes=Subquery(held.annotate(n=Sum("charged")).values("n")))
    return part_of(request, rows, SONGS_PER_PAGE)


def _asked(request: HttpRequest, user: User, words: str) -> Part:
    rows = asked(user).filter(within(words)).select_related("separation", *NAMES)
    page = part_of(request, rows, SONGS_PER_PAGE)
    for row in page:
        row.model = describe_slug(row.separation.model)
    return page


def _liked(request: HttpRequest, user: User, words: str) -> Part:
    return part_of(request, likes.likes_of(user).filter(within(words)), SONGS_PER_PAGE)


def _wishes(request: HttpRequest, user: User, words: str) -> Part:
    rows = WishVoice.objects.filter(user=user).select_related("wish__track__artist")
    for word in sort_key(clean_text(words) or "").split():
        rows = rows.filter(wish__key__contains=word)
    page = part_of(request, rows.order_by("-created_at", "pk"), SONGS_PER_PAGE)
    for row in page:
        track = row.wish.track
        row.track = track if track is not None and may_see(track, user) else None
    return page


KINDS: dict[str, Callable[[HttpRequest, User, str], Part]] = {
    "brought": _brought,
    "asked": _asked,
    "liked": _liked,
    "wishes": _wishes,
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm, then drop one's own claim on a song; it stays for others who uploaded it too."""
    user = person(request)
    track = get_object_or_404(Track.objects.visible_to(user).with_names(), pk=pk)
    if not holds(track, user):
        raise PermissionDenied
    if request.method == "POST":
        let_go(track, user)
        messages.success(request, _("Removed from your songs: %(title)s") % {"title": track.title})
        return redirect("library")
    context = {"track": track, "others": shared_with_others(track, user)}
    return render(request, "catalog/track_remove.html", context)


@login_required
@require_POST
def forget(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Withdraw a request; work that nobody else waits for is stopped."""
    row = get_object_or_404(
        SeparationRequest.objects.select_related("separation"), pk=pk, user=person(request)
    )
    requests.withdraw(row.separation, person(request))
    return redirect("library-asked")
