"""Artists, an artist, an album."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Substr
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from accounts.models import User
from catalog.models import Album, Artist, Track
from catalog.views.paging import NAMES_PER_PAGE, SONGS_PER_PAGE, page_of

OTHER_LETTERS = "0"


def _visible(user: User | AnonymousUser, **which: Any) -> QuerySet[Track]:
    return Track.objects.visible_to(user).filter(**which).order_by()


def _counted(tracks: QuerySet[Track], field: str) -> Coalesce:
    counts = tracks.values(field).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts, output_field=IntegerField()), 0)


@require_safe
@gzip_page
def artists(request: HttpRequest) -> HttpResponse:
    """Everybody in the library, by first letter."""
    of_artist = _visible(request.user, artist=OuterRef("pk"))
    rows = Artist.objects.filter(Exists(of_artist))
    firsts = rows.order_by().values_list(Substr("key", 1, 1), flat=True).distinct()
    letters = sorted({first if "a" <= first <= "z" else OTHER_LETTERS for first in firsts})
    letter = request.GET.get("letter", "")
    if letter in letters:
        starts = {"key__regex": "^[^a-z]"} if letter == OTHER_LETTERS else {"key__startswith": letter}
        rows = rows.filter(**starts)
    else:
        letter = ""
    page = page_of(request, rows.annotate(songs=_counted(of_artist, "artist")), NAMES_PER_PAGE)
    context = {"page": page, "letters": letters, "letter": letter}
    return render(request, "catalog/artists.html", context)


@require_safe
@gzip_page
def artist(request: HttpRequest, slug: str) -> HttpResponse:
    """An artist's albums and songs. Exists only for those who may see one of the songs."""
    row = get_object_or_404(Artist, slug=slug)
    tracks = Track.objects.visible_to(request.user).filter(artist=row).with_names()
    tracks = tracks.order_by("words", "created_at")
    if not tracks:
        raise Http404
    albums = (
        Album.objects.filter(Exists(_visible(request.user, album=OuterRef("pk"), artist=row)))
        .select_related("artist")
        .annotate(songs=_counted(_visible(request.user, album=OuterRef("pk")), "album"))
        .order_by(F("year").desc(nulls_last=True), "key")
    )
    context = {"artist": row, "albums": albums, "page": page_of(request, tracks, SONGS_PER_PAGE * 4)}
    return render(request, "catalog/artist.html", context)


@require_safe
@gzip_page
def album(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An album's songs in their order. Exists only for those who may see one of them."""
    row = get_object_or_404(Album.objects.select_related("artist"), pk=pk)
    tracks = (
        Track.objects.visible_to(request.user)
        .filter(album=row)
        .with_names()
        .order_by(F("disc_number").asc(nulls_first=True), F("track_number").asc(nulls_last=True), "words")
    )
    if not tracks:
        raise Http404
    return render(request, "catalog/album.html", {"album": row, "tracks": tracks})
