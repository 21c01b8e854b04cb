"""Pages of the catalogue: find a song, artists, an artist, an album, the details of one's own songs."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Substr
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.people import person
from catalog.claims import holds
from catalog.editing import edit, let_go
from catalog.errors import CatalogError
from catalog.forms import TrackForm
from catalog.models import Album, Artist, Track

SONGS_PER_PAGE = 24
NAMES_PER_PAGE = 120
OTHER_LETTERS = "0"


def _page(request: HttpRequest, rows: QuerySet[Any], size: int) -> Page[Any]:
    return Paginator(rows, size).get_page(request.GET.get("page"))


def _visible(user: User | AnonymousUser, **which: Any) -> QuerySet[Track]:
    return Track.objects.visible_to(user).filter(**which).order_by()


def _counted(tracks: QuerySet[Track], field: str) -> Coalesce:
    counts = tracks.values(field).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts, output_field=IntegerField()), 0)


@require_safe
@gzip_page
def home(request: HttpRequest) -> HttpResponse:
    """Search first, then the newest songs. ``?fragment=results``: the list alone, while somebody types."""
    words = request.GET.get("q", "").strip()[:200]
    tracks = Track.objects.visible_to(request.user).with_names()
    context: dict[str, Any] = {"q": words}
    if words:
        tracks = tracks.search(words)
        visible = _visible(request.user)
        context["artists"] = Artist.objects.search(words).filter(
            Exists(visible.filter(artist=OuterRef("pk")))
        )[:6]
        context["albums"] = (
            Album.objects.search(words)
            .filter(Exists(visible.filter(album=OuterRef("pk"))))
            .select_related("artist")[:6]
        )
    context["page"] = _page(request, tracks, SONGS_PER_PAGE)
    fragment = request.GET.get("fragment") == "results"
    return render(request, "catalog/results.html" if fragment else "catalog/home.html", context)


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
    page = _page(request, rows.annotate(songs=_counted(of_artist, "artist")), NAMES_PER_PAGE)
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
    context = {"artist": row, "albums": albums, "page": _page(request, tracks, SONGS_PER_PAGE * 4)}
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


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a song is called and who may hear it, for its owner and those who look after the catalogue."""
    track = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    if not track.may_be_edited_by(request.user):
        raise PermissionDenied
    form = TrackForm(request.POST or None, instance=track, user=person(request))
    if request.method == "POST" and form.is_valid():
        try:
            track = edit(track, person(request), form.cleaned_data)
        except CatalogError as error:
            form.add_error(None, str(error.detail))
        else:
            messages.success(request, _("Saved."))
            return redirect("track", track.pk)
    return render(request, "catalog/track_edit.html", {"track": track, "form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask, then let go of one's claim on a song. It stays for others who brought it too."""
    track = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    user = person(request)
    if not (holds(track, user) or track.may_be_edited_by(user)):
        raise PermissionDenied
    if request.method == "POST":
        let_go(track, user)
        messages.success(request, _("Removed from your songs: %(title)s") % {"title": track.title})
        return redirect("home")
    context = {"track": track, "others": shared_with_others(track, user)}
    return render(request, "catalog/track_remove.html", context)


def shared_with_others(track: Track, user: User) -> bool:
    """Whether somebody else brought this song too, and it stays when ``user`` lets go."""
    return track.uploads.exclude(user=user).filter(user__is_active=True).exists()
