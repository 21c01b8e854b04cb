"""Artists, an artist, albums, an album."""

from typing import Any
from uuid import UUID

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from catalog import selectors
from catalog.models import Album, Artist, Track
from catalog.normalization import UNKNOWN_ARTIST, VARIOUS_ARTISTS
from catalog.pagination import NAMES_PER_PAGE, page_of
from catalog.redirects import Kind, redirect_or_404
from catalog.selectors import AlbumTile, ArtistName, Reader, Song
from catalog.web.addresses import LETTERS, letter_of, slug_in
from catalog.web.track_lists import songs_of_artist, songs_with_guest

ALBUMS_PER_PAGE = 48
ALBUMS_OF_AN_ARTIST = 36
SONGS_OF_AN_ARTIST = 48
SONGS_OF_AN_ALBUM = 100
APPEARANCES = 12
MOST_LOOKED_AT = 2_000
BY_YEAR = (F("year").desc(nulls_last=True), "sort_key")
BY_NUMBER = (
    *(F("disc_number").asc(nulls_first=True), F("track_number").asc(nulls_last=True)),
    *("title_key", "pk"),
)


@require_safe
@gzip_page
def artists(request: HttpRequest) -> HttpResponse:
    """List artists, by first letter."""
    letter = letter_of(request)
    rows = Artist.objects.visible_to(request.user)
    if letter:
        rows = rows.filter(initial=letter).order_by("initial", "sort_key", "pk")
    page = page_of(request, rows, NAMES_PER_PAGE, selectors.artists)
    selectors.add_song_counts(page.object_list, request.user)
    return render(request, "catalog/artists.html", {"page": page, "letters": LETTERS, "letter": letter})


@require_safe
@gzip_page
def artist(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an artist's albums and songs, and where they are guests. 404 for who may see none of them."""
    user = request.user
    row = next(iter(selectors.artists(Artist.objects.filter(slug=slug).order_by())), None)
    page = page_of(request, songs_of_artist(row.pk, user), SONGS_OF_AN_ARTIST) if row else None
    # A song of theirs that somebody may see proves that they may see the artist.
    visible = Artist.objects.visible_to(user)
    if row is None or page is None or not (len(page) or visible.filter(pk=row.pk).exists()):
        return redirect_or_404(request, Kind.ARTIST, slug, visible)
    context: dict[str, Any] = {"artist": row, "page": page}
    if page.number == 1:
        context |= _albums(row, user) | _appearances(row, user)
    selectors.add_details([*page, *context.get("guest_on", ())], user)
    return render(request, "catalog/artist.html", context)


def _albums(artist: ArtistName, user: Reader) -> dict[str, Any]:
    rows = Album.objects.visible_to(user).filter(artist=artist.pk).order_by(*BY_YEAR)
    albums = selectors.tiles(rows[: ALBUMS_OF_AN_ARTIST + 1])
    shown = albums[:ALBUMS_OF_AN_ARTIST]
    selectors.add_pictures(shown, user)
    selectors.add_song_counts(shown, user)
    return {"albums": shown, "more_albums": len(albums) > ALBUMS_OF_AN_ARTIST}


def _appearances(artist: ArtistName, user: Reader) -> dict[str, Any]:
    """Read songs of others that name them, and others' albums with songs of theirs."""
    guest = songs_with_guest(artist.pk, user)[: APPEARANCES + 1]
    elsewhere: list[AlbumTile] = []
    if artist.name not in {UNKNOWN_ARTIST, VARIOUS_ARTISTS}:
        # In two steps: as one, PostgreSQL looks for their songs in every album there is.
        tracks = Track.objects.visible_to(user).filter(artist=artist.pk).order_by().exclude(album=None)
        own = Album.objects.filter(artist=artist.pk).order_by().values("pk")
        ids = tracks.exclude(album__in=own).values_list("album", flat=True).distinct()[:MOST_LOOKED_AT]
        albums = Album.objects.filter(pk__in=list(ids)).order_by(*BY_YEAR)
        elsewhere = selectors.tiles(albums[:APPEARANCES])
        selectors.add_pictures(elsewhere, user)
    return {"guest_on": guest[:APPEARANCES], "more_guest": len(guest) > APPEARANCES, "elsewhere": elsewhere}


@require_safe
@gzip_page
def albums(request: HttpRequest) -> HttpResponse:
    """List albums by first letter, or all of one ``?artist=``."""
    rows = Album.objects.visible_to(request.user)
    context: dict[str, Any] = {"letters": LETTERS, "letter": ""}
    if slug := slug_in(request, "artist"):
        holder = get_object_or_404(Artist.objects.visible_to(request.user), slug=slug)
        rows = rows.filter(artist=holder).order_by(*BY_YEAR)
        context |= {"artist": holder, "letters": ()}
    elif letter := letter_of(request):
        rows = rows.filter(initial=letter).order_by("initial", "sort_key", "pk")
        context["letter"] = letter
    elif request.GET.get("order") == "newest":
        rows = rows.order_by("-created_at", "pk")
        context["newest"] = True
    page = page_of(request, rows, ALBUMS_PER_PAGE, selectors.tiles)
    selectors.add_pictures(page.object_list, request.user)
    if slug:
        selectors.add_song_counts(page.object_list, request.user)
    return render(request, "catalog/albums.html", context | {"page": page})


@require_safe
@gzip_page
def album(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show an album's songs in their order, by discs. 404 for who may see none of them."""
    user = request.user
    row = Album.objects.filter(pk=pk).select_related("artist").first()
    tracks = Track.objects.visible_to(user).filter(album=pk).order_by(*BY_NUMBER)
    page = page_of(request, tracks, SONGS_OF_AN_ALBUM, selectors.songs)
    # A song of it that they may see proves that they may see the album; nobody guesses its id.
    visible = Album.objects.visible_to(user)
    if row is None or not (len(page) or visible.filter(pk=pk).exists()):
        return redirect_or_404(request, Kind.ALBUM, pk, visible)
    selectors.add_pictures([row], user)
    selectors.add_details(page.object_list, user)
    discs = by_discs(page.object_list)
    context = {
        "album": row,
        "page": page,
        "discs": discs,
        "show_discs": any((number or 1) > 1 for number, _tracks in discs),
        "various": row.compilation or any(track.artist_id != row.artist_id for track in page),
        "seconds": None if page.has_other_pages() else sum(track.duration for track in page),
        "genre": next((track for track in page if track.genre_key), None),
    }
    return render(request, "catalog/album.html", context)


def by_discs(tracks: list[Song]) -> list[tuple[int | None, list[Song]]]:
    """Group songs by disc, in their order."""
    discs: dict[int | None, list[Song]] = {}
    for track in tracks:
        discs.setdefault(track.disc_number, []).append(track)
    return list(discs.items())
