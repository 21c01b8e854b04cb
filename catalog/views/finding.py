"""The front page: find a song."""

from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from catalog.models import Album, Artist, Track
from catalog.views.paging import SONGS_PER_PAGE, page_of


@require_safe
@gzip_page
def home(request: HttpRequest) -> HttpResponse:
    """Search first, then the newest songs. ``?fragment=results``: the list alone, while somebody types."""
    words = request.GET.get("q", "").strip()[:200]
    tracks = Track.objects.visible_to(request.user).with_names()
    context: dict[str, Any] = {"q": words}
    if words:
        tracks = tracks.search(words)
        visible = Track.objects.visible_to(request.user).order_by()
        context["artists"] = Artist.objects.search(words).filter(
            Exists(visible.filter(artist=OuterRef("pk")))
        )[:6]
        context["albums"] = (
            Album.objects.search(words)
            .filter(Exists(visible.filter(album=OuterRef("pk"))))
            .select_related("artist")[:6]
        )
    context["page"] = page_of(request, tracks, SONGS_PER_PAGE)
    fragment = request.GET.get("fragment") == "results"
    return render(request, "catalog/results.html" if fragment else "catalog/home.html", context)
