"""My library: what somebody uploaded, requested, likes and wishes for."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.current_user import account
from accounts.models import User
from accounts.security.pending_action import login_required
from audio.tags.cleaning import clean_text
from catalog.curation.editing import release, stays_after_release
from catalog.models import Track, Upload, WishVoice
from catalog.normalization import sort_key
from catalog.pagination import SONGS_PER_PAGE, Page, page_of
from catalog.selectors import details_of
from catalog.social import likes
from catalog.uploads.ownership import holds
from catalog.visibility import may_see
from separation.display_names import describe_slug
from separation.models import SeparationRequest
from separation.queue import requests
from separation.selectors import holding, requests_of, uploads_of

NAMES = ("track__artist", "track__album", "track__audio")


@require_safe
@gzip_page
@login_required
def library(request: HttpRequest, kind: str = "brought") -> HttpResponse:
    """Show one part of one's library, with a search."""
    user = account(request)
    words = request.GET.get("q", "").strip()[:200]
    page = KINDS[kind](request, user, words)
    context: dict[str, Any] = {"tab": kind, "q": words, "page": page}
    if kind != "wishes":
        details = details_of([row.track_id for row in page], user)
        for row in page:
            row.details = details[row.track_id]
    if kind == "brought":
        context["stored"] = User.objects.values_list("stored_bytes", flat=True).get(pk=user.pk)
        context["quota"] = settings.QUOTA_BYTES
    return render(request, f"library/{'my_wishes' if kind == 'wishes' else kind}.html", context)


def _uploaded(request: HttpRequest, user: User, words: str) -> Page:
    held = Upload.objects.filter(user=OuterRef("user"), track=OuterRef("track")).order_by().values("track")
    rows = uploads_of(user).filter(holding(words)).select_related(*NAMES)
    rows = rows.annotate(bytes=Subquery(held.annotate(n=Sum("charged")).values("n")))
    return page_of(request, rows, SONGS_PER_PAGE)


def _requested(request: HttpRequest, user: User, words: str) -> Page:
    rows = requests_of(user).filter(holding(words)).select_related("separation", *NAMES)
    page = page_of(request, rows, SONGS_PER_PAGE)
    for row in page:
        row.model = describe_slug(row.separation.model)
    return page


def _liked(request: HttpRequest, user: User, words: str) -> Page:
    return page_of(request, likes.likes_of(user).filter(holding(words)), SONGS_PER_PAGE)


def _wishes(request: HttpRequest, user: User, words: str) -> Page:
    rows = WishVoice.objects.filter(user=user).select_related("wish__track__artist")
    for word in sort_key(clean_text(words) or "").split():
        rows = rows.filter(wish__key__contains=word)
    page = page_of(request, rows.order_by("-created_at", "pk"), SONGS_PER_PAGE)
    for row in page:
        track = row.wish.track
        row.track = track if track is not None and may_see(track, user) else None
    return page


KINDS: dict[str, Callable[[HttpRequest, User, str], Page]] = {
    "brought": _uploaded,
    "asked": _requested,
    "liked": _liked,
    "wishes": _wishes,
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm, then drop one's own claim on a song; it stays for others who uploaded it too."""
    user = account(request)
    track = get_object_or_404(Track.objects.visible_to(user).with_names(), pk=pk)
    if not holds(track, user):
        raise PermissionDenied
    if request.method == "POST":
        release(track, user)
        messages.success(request, _("Removed from your songs: %(title)s") % {"title": track.title})
        return redirect("library")
    context = {"track": track, "own": True, "others": stays_after_release(track, user)}
    return render(request, "catalog/track_remove.html", context)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Withdraw a request; work that nobody else waits for is stopped."""
    row = get_object_or_404(
        SeparationRequest.objects.select_related("separation"), pk=pk, user=account(request)
    )
    requests.withdraw(row.separation, account(request))
    return redirect("library-asked")
