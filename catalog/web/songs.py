"""Lists of songs, genres, and the count of plays."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from catalog import genres as kinds
from catalog.models import Artist, Credit, Track
from catalog.pagination import SONGS_PER_PAGE, Page, page_of
from catalog.selectors import add_details, liked_among
from catalog.social import likes, plays, setlists
from catalog.web.addresses import LETTERS, letter_of, slug_in
from catalog.web.track_lists import (
    ORDERS,
    OTHER_ALPHABETS,
    SongList,
    songs_in_order,
    songs_of_genre,
    songs_with_guest,
)

SETLISTS_IN_A_MENU = 8


@require_safe
@gzip_page
def songs(request: HttpRequest) -> HttpResponse:
    """List all songs: ``?order=`` newest, played, separated or title; ``?with=``: those an artist is a guest on."""
    order = ORDERS.get(request.GET.get("order", ""), ORDERS["newest"])
    context: dict[str, Any] = {"order": order, "orders": ORDERS.values()}
    if slug := slug_in(request, "with"):
        guest = get_object_or_404(Artist.objects.visible_to(request.user), slug=slug)
        rows = songs_with_guest(guest.pk, request.user)
        context["guest"] = guest
    else:
        letters = (*LETTERS, OTHER_ALPHABETS) if order.name == "title" else ()
        letter = letter_of(request, letters)
        rows = songs_in_order(order, request.user, letter)
        context |= {"letter": letter, "letters": letters}
    context["page"] = _page(request, rows)
    return render(request, "catalog/songs.html", context)


def _page(request: HttpRequest, songs: SongList) -> Page:
    page = page_of(request, songs, SONGS_PER_PAGE)
    add_details(page.object_list, request.user)
    return page


def track_actions(request: HttpRequest, track: Track) -> dict[str, Any]:
    """Read what a track's page says beside its parts: guests, likes, setlists, the one that is played through."""
    user = request.user
    key, entry = (request.GET.get(name, "") for name in ("setlist", "entry"))
    guests = Credit.objects.filter(track=track).order_by("position")
    return {
        "guests": list(guests.values_list("artist__name", "artist__slug")),
        "liked": None if user.is_anonymous else bool(liked_among([track.pk], user)),
        "likes": likes.count(track),
        "own_setlists": [] if user.is_anonymous else setlists.latest(user, SETLISTS_IN_A_MENU),
        "place": setlists.place(key, entry, track, user) if key else None,
    }


@require_safe
@gzip_page
def genres(request: HttpRequest) -> HttpResponse:
    """List every genre there are songs of."""
    return render(request, "catalog/genres.html", {"genres": kinds.genres(request.user)})


@require_safe
@gzip_page
def genre(request: HttpRequest, slug: str) -> HttpResponse:
    """List the newest songs of a genre."""
    found = kinds.genre_at(slug, request.user)
    if found is None:
        raise Http404
    rows = songs_of_genre(found.key, request.user)
    page = _page(request, rows)
    return render(request, "catalog/genre.html", {"genre": found, "page": page})


@require_POST
def played(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Count that the player of this song was started."""
    if not plays.count_play_in_session(request.session, pk, request.user):
        raise Http404
    return HttpResponse(status=204)
