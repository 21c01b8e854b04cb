"""The page that plays a setlist: its songs one after another, each as it is kept in the setlist."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from accounts.current_user import account
from accounts.security.pending_action import login_required
from catalog.models import Setlist
from catalog.social import setlists
from catalog.social.setlists import Line
from separation.templatetags.playback import in_words
from separation.web.js_messages import PLAYER_MESSAGES, SETLIST_MESSAGES, translate

PAUSES = (2, 5, 10, 15, 20, 30)  # seconds to choose from


@require_safe
@gzip_page
@login_required
def own(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Play one's own setlist."""
    setlist = get_object_or_404(Setlist.objects.select_related("owner"), pk=pk, owner=account(request))
    return _page(request, setlist, reverse("setlist", args=[pk]))


@require_safe
@gzip_page
def shared(request: HttpRequest, link: str) -> HttpResponse:
    """Play a setlist by its link."""
    setlist = setlists.find(link, request.user)
    if setlist is None or setlist.link != link:
        raise Http404
    return _page(request, setlist, reverse("setlist-shared", args=[link]))


def _page(request: HttpRequest, setlist: Setlist, back: str) -> HttpResponse:
    """Render the page; ``?fragment=entries`` is the list alone, for scripts that update it."""
    lines = setlists.lines_of(setlist, request.user)
    is_owner = setlist.owner == request.user
    context = {
        "setlist": setlist,
        "lines": lines,
        "entries": [_entry(line, setlist, is_owner=is_owner) for line in lines],
        "is_owner": is_owner,
        "pauses": PAUSES,
        "key": str(setlist.pk) if is_owner else setlist.link,
        "back": back,
    }
    if request.GET.get("fragment") == "entries":
        return render(request, "separation/setlist_player_entries.html", context)
    context["words"] = translate(PLAYER_MESSAGES | SETLIST_MESSAGES)
    return render(request, "separation/setlist_player.html", context)


def _entry(line: Line, setlist: Setlist, *, is_owner: bool) -> dict[str, Any]:
    """Return what the script needs of an entry; ``player`` is null where the song is not for this person."""
    track = line.track
    return {
        "id": str(line.entry.pk),
        "number": line.number,
        "title": line.name,
        "artist": "" if track is None else track.artist.shown,
        "note": line.note,
        "settings": line.settings,
        "settings_text": in_words(line.settings),
        "player": None if track is None else f"{reverse('track', args=[track.pk])}?fragment=player",
        "address": reverse("api:setlist-entry", args=[setlist.pk, line.entry.pk]) if is_owner else None,
    }
