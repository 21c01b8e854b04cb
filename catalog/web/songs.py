"""Lists of songs, genres, and that a song was played."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from catalog import genres as kinds
from catalog.models import Artist
from catalog.social import plays
from catalog.web.pagination import LETTERS, SONGS_PER_PAGE, letter_of, part_of, slug_in
from catalog.web.track_lists import ORDERS, OTHER_ALPHABETS, songs_in, songs_of_genre, songs_with


@require_safe
@gzip_page
def songs(request: HttpRequest) -> HttpResponse:
    """All songs: ``?order=`` newest, played, separated or title. ``?with=``: those that an artist is a guest on."""
    order = ORDERS.get(request.GET.get("order", ""), ORDERS["newest"])
    context: dict[str, Any] = {"order": order, "orders": ORDERS.values()}
    if slug := slug_in(request, "with"):
        guest = get_object_or_404(Artist.objects.visible_to(request.user), slug=slug)
        rows = songs_with(guest.pk, request.user)
        context["guest"] = guest
    else:
        letters = (*LETTERS, OTHER_ALPHABETS) if order.name == "title" else ()
        letter = letter_of(request, letters)
        rows = songs_in(order, request.user, letter)
        context |= {"letter": letter, "letters": letters}
    context["page"] = part_of(request, rows, SONGS_PER_PAGE)
    return render(request, "catalog/songs.html", context)


@require_safe
@gzip_page
def genres(request: HttpRequest) -> HttpResponse:
    """Every genre there are songs of."""
    return render(request, "catalog/genres.html", {"genres": kinds.genres(request.user)})


@require_safe
@gzip_page
def genre(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest songs of a genre."""
    found = kinds.genre_at(slug, request.user)
    if found is None:
        raise Http404
    rows = songs_of_genre(found.key, request.user)
    page = part_of(request, rows, SONGS_PER_PAGE)
    return render(request, "catalog/genre.html", {"genre": found, "page": page})


@require_POST
def played(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The player of this song was started."""
    if not plays.played_in(request.session, pk, request.user):
        raise Http404
    return HttpResponse(status=204)
