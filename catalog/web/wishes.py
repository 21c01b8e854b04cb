"""Pages of wishes: the list, a new wish, joining and fulfilling one."""

import re
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.current_user import account
from accounts.security.pending_action import login_required
from accounts.security.throttles import ScopeThrottle
from catalog.errors import CatalogError
from catalog.models import Track, Upload, Visibility, Wish, WishVoice
from catalog.pagination import page_of
from catalog.search.index import found_in_index
from catalog.social import wishes
from catalog.visibility import may_see

WISHES_PER_PAGE = 30
CAME_TRUE_LATELY = 6
CANDIDATES = 12
THROTTLE_SCOPE = "wishes"

UUID_INSIDE = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List what nobody has brought yet: the most wanted first, or ``?order=new``."""
    order = "new" if request.GET.get("order") == "new" else "voices"
    page = page_of(request, wishes.open_wishes(order), WISHES_PER_PAGE)
    joined: set[UUID] = set()
    if not request.user.is_anonymous:
        voices = WishVoice.objects.filter(user=account(request), wish__in=list(page))
        joined = set(voices.values_list("wish", flat=True))
    fulfilled = Wish.objects.filter(fulfilled_at__isnull=False, track__visibility=Visibility.SHARED)
    fulfilled = fulfilled.select_related("track__artist").order_by("-fulfilled_at")[:CAME_TRUE_LATELY]
    context = {"page": page, "joined": joined, "order": order, "fulfilled": fulfilled}
    return render(request, "library/wishes.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a wish. ``?artist=`` and ``?title=``, or the words of a search as ``?q=``, fill the form in."""
    given = {name: request.GET.get(name, "").strip()[:255] for name in ("artist", "title")}
    if not any(given.values()):
        given = _split_words(request.GET.get("q", "").strip()[:255])
    error = ""
    if request.method == "POST":
        given = {name: request.POST.get(name, "").strip()[:255] for name in ("artist", "title")}
        try:
            _check_rate(request)
            wishes.wish(account(request), given["artist"], given["title"])
        except wishes.AlreadyInLibraryError as found:
            messages.success(request, str(found.detail))
            return redirect("track", found.track.pk)
        except CatalogError as problem:
            error = str(problem.detail)
        else:
            messages.success(request, _("Saved. You will be notified when somebody adds it."))
            return redirect("wishes")
    return render(request, "library/wish_new.html", {"given": given, "error": error})


def _split_words(words: str) -> dict[str, str]:
    """Split ``"Artist - Title"``; anything else is a title."""
    artist, dash, title = words.partition(" - ")
    return {"artist": artist, "title": title} if dash else {"artist": "", "title": words}


def _check_rate(request: HttpRequest) -> None:
    """Apply the same limit as the API, counted together with it."""
    throttle = ScopeThrottle()
    view = SimpleNamespace(throttle_scope=THROTTLE_SCOPE)
    if not throttle.allow_request(cast("Any", request), cast("Any", view)):
        raise CatalogError("throttled", _("Too many requests. Please wait a little."), status=429)


@login_required
@require_POST
def voice(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Join a wish, or with ``do=leave`` leave it."""
    row = get_object_or_404(Wish, pk=pk)
    if request.POST.get("do") == "leave":
        wishes.leave(row, account(request))
    else:
        try:
            _check_rate(request)
            wishes.join(row, account(request))
        except CatalogError as error:
            messages.error(request, str(error.detail))
    return redirect("library-wishes" if request.POST.get("next") == "library" else "wishes")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def fulfil(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say which song it is that was wished for: one that this person brought, or any for a curator."""
    user = account(request)
    row = get_object_or_404(Wish.objects.select_related("track__artist"), pk=pk)
    if row.track is not None and not may_see(row.track, user):
        row.track = None
    if request.method == "POST":
        named = UUID_INSIDE.search(request.POST.get("track", "").lower())
        tracks = Track.objects.visible_to(user).with_names()
        track = get_object_or_404(tracks, pk=named[0] if named else None)
        try:
            wishes.fulfil(row, track, user)
        except CatalogError as error:
            messages.error(request, str(error.detail))
            return redirect("wish-fulfil", row.pk)
        messages.success(request, _("Thank you. Everybody who wanted it will be notified."))
        return redirect("track", track.pk)
    words = request.GET.get("q", f"{row.artist} {row.title}").strip()[:200]
    context = {"wish": row, "q": words, "candidates": _candidates(request, words)}
    return render(request, "library/wish_fulfil.html", context)


def _candidates(request: HttpRequest, words: str) -> QuerySet[Track]:
    user = account(request)
    rows = Track.objects.filter(visibility=Visibility.SHARED).with_names()
    if not user.has_perm("catalog.change_track"):
        rows = rows.filter(pk__in=Upload.objects.filter(user=user).values("track"))
    return found_in_index(rows, "track", words)[:CANDIDATES]
