"""Pages of setlists: of the account, shared ones, and the form to add a song."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.current_user import account
from accounts.models import User
from accounts.security.pending_action import login_required
from catalog import hooks
from catalog.errors import CatalogError
from catalog.models import Setlist, SetlistEntry, Track
from catalog.pagination import SONGS_PER_PAGE
from catalog.social import setlists


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Show the user's setlists, and create one."""
    user = account(request)
    if request.method == "POST":
        try:
            made = setlists.make(user, request.POST.get("title", ""))
        except CatalogError as error:
            messages.error(request, str(error.detail))
            return redirect("setlists")
        return redirect("setlist", made.pk)
    context = {"page": _page(request, user), "tab": "setlists"}
    return render(request, "library/setlists.html", context)


@require_safe
@gzip_page
@login_required
def setlist(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a setlist to its owner, to play and to put in order."""
    row = get_object_or_404(Setlist, pk=pk, owner=account(request))
    return render(request, "library/setlist.html", _context(request, row, str(row.pk)))


@require_safe
@gzip_page
def shared(request: HttpRequest, link: str) -> HttpResponse:
    """Show a setlist by its link, to play."""
    row = setlists.find(link, request.user)
    if row is None or row.link != link:
        raise Http404
    return render(request, "library/setlist_shared.html", _context(request, row, link))


def _page(request: HttpRequest, user: User) -> Page[Setlist]:
    return Paginator(setlists.setlists_of(user), SONGS_PER_PAGE).get_page(request.GET.get("page"))


def _context(request: HttpRequest, row: Setlist, key: str) -> dict[str, Any]:
    lines = setlists.lines_of(row, request.user)
    tracks = [line.track.pk for line in lines if line.track is not None]
    parts = hooks.combined(hooks.parts_of_tracks.send(tracks))
    address = request.build_absolute_uri(reverse("setlist-shared", args=[row.link]))
    return {
        "setlist": row,
        "key": key,
        "lines": lines,
        "rows": [(line, line.track and parts.get(line.track.pk)) for line in lines],
        "tracks": tracks,
        "seconds": setlists.seconds(lines),
        "address": address,
    }


@login_required
@require_POST
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change a setlist as ``do`` says: ``rename``, ``share``, ``hide``, ``link`` (a new one) or ``delete``."""
    row = get_object_or_404(Setlist, pk=pk, owner=account(request))
    match request.POST.get("do"):
        case "rename":
            try:
                setlists.rename(row, request.POST.get("title", ""))
            except CatalogError as error:
                messages.error(request, str(error.detail))
        case "share" | "hide" as what:
            setlists.share(row, by_link=what == "share")
        case "link":
            setlists.renew_link(row)
            messages.success(request, _("The setlist has a new link. The old one no longer works."))
        case "delete":
            row.delete()
            messages.success(request, _("Setlist deleted: %(title)s") % {"title": row.title})
            return redirect("setlists")
    return redirect("setlist", row.pk)


@login_required
@require_POST
def change_entry(request: HttpRequest, pk: UUID, entry: UUID) -> HttpResponse:
    """Change an entry as ``do`` says: ``up``, ``down``, ``note``, ``usual`` (how it is played) or ``remove``."""
    rows = SetlistEntry.objects.select_related("setlist")
    row = get_object_or_404(rows, pk=entry, setlist=pk, setlist__owner=account(request))
    match request.POST.get("do"):
        case "up" | "down" as way:
            before = row.setlist.entries.filter(position__lt=row.position).count()
            setlists.move(row, before + (0 if way == "up" else 2))
        case "remove":
            setlists.remove_entry(row)
            return redirect("setlist", pk)
        case "note":
            setlists.annotate(row, request.POST.get("note", ""))
        case "usual":
            setlists.set_playback(row, {})
    return redirect(f"{reverse('setlist', args=[pk])}#e{row.pk}")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a song into one of one's setlists (``setlist``), or into a new one (``title``)."""
    user = account(request)
    track = get_object_or_404(Track.objects.visible_to(user).with_names(), pk=pk)
    if request.method == "POST":
        chosen = request.POST.get("setlist", "")
        try:
            row = (
                setlists.find(chosen, user) if chosen else setlists.make(user, request.POST.get("title", ""))
            )
            if row is None or row.owner_id != user.pk:
                raise Http404
            setlists.add(row, track)
        except CatalogError as error:
            messages.error(request, str(error.detail))
            return redirect("setlist-add", track.pk)
        messages.success(
            request, _("“%(song)s” is now in “%(setlist)s”.") % {"song": track.title, "setlist": row.title}
        )
        return redirect("track", track.pk)
    page = _page(request, user)
    return render(request, "library/setlist_add.html", {"track": track, "page": page})
