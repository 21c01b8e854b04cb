"""Artists, an artist, albums, an album."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Count, F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from catalog.models import Album, Artist, Track
from catalog.normalization import UNKNOWN_ARTIST, VARIOUS_ARTISTS
from catalog.redirects import Kind
from catalog.selectors import COLUMNS, TILE, ArtistName, Reader, Song, Tile
from catalog.storage.covers import dress
from catalog.web.moved import forward
from catalog.web.pagination import LETTERS, NAMES_PER_PAGE, letter_of, part_of, slug_in
from catalog.web.track_lists import songs_of_artist, songs_with
from catalog.written import Written

ALBUMS_PER_PAGE = 48
ALBUMS_OF_AN_ARTIST = 36
SONGS_OF_AN_ARTIST = 48
SONGS_OF_AN_ALBUM = 100
APPEARANCES = 12
MOST_LOOKED_AT = 2_000
BY_YEAR = (F("year").desc(nulls_last=True), "sort_key")


@require_safe
@gzip_page
def artists(request: HttpRequest) -> HttpResponse:
    """Everybody in the library, by first letter."""
    letter = letter_of(request)
    rows = _artists_by_letter.of(request.user, letter) if letter else _artists.of(request.user)
    page = part_of(request, rows, NAMES_PER_PAGE, _as(ArtistName))
    counts = dict(_songs_of_artists(request.user, [row.pk for row in page]))
    context = {"page": page, "letters": LETTERS, "letter": letter, "counts": counts}
    return render(request, "catalog/artists.html", context)


@require_safe
@gzip_page
def artist(request: HttpRequest, slug: str) -> HttpResponse:
    """An artist's albums and songs, and where they are guests. Exists only for who may see one of them."""
    user = request.user
    row = next((ArtistName(*row) for row in _artists_at(slug)), None)
    page = part_of(request, songs_of_artist(row.pk, user), SONGS_OF_AN_ARTIST) if row else None
    # A song of theirs that somebody may see proves that they may see the artist.
    seen = Artist.objects.visible_to(user)
    if row is None or page is None or not (len(page) or seen.filter(pk=row.pk).exists()):
        return forward(request, Kind.ARTIST, slug, seen)
    context: dict[str, Any] = {"artist": row, "page": page}
    if page.number == 1:
        found = [Tile(*album) for album in _albums_of(user, row.pk, stop=ALBUMS_OF_AN_ARTIST + 1)]
        context |= _appearances(row, user)
        context["albums"] = with_songs(found[:ALBUMS_OF_AN_ARTIST], user)
        context["more_albums"] = len(found) > ALBUMS_OF_AN_ARTIST
    return render(request, "catalog/artist.html", context)


def _appearances(artist: ArtistName, user: Reader) -> dict[str, Any]:
    """Songs of others that name them, and others' albums with songs of theirs."""
    guest = songs_with(artist.pk, user)[: APPEARANCES + 1]
    elsewhere: list[Tile] = []
    if artist.name not in {UNKNOWN_ARTIST, VARIOUS_ARTISTS}:
        # In two steps: as one, PostgreSQL looks for their songs in every album there is.
        ids = [pk for (pk,) in _albums_elsewhere(user, artist.pk, stop=MOST_LOOKED_AT)]
        elsewhere = [Tile(*album) for album in _albums_by_year(ids, stop=APPEARANCES)]
        dress(elsewhere, user)
    return {"guest_on": guest[:APPEARANCES], "more_guest": len(guest) > APPEARANCES, "elsewhere": elsewhere}


@require_safe
@gzip_page
def albums(request: HttpRequest) -> HttpResponse:
    """Every album by first letter, or all of one ``?artist=``."""
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
    page = part_of(request, rows.values_list(*TILE), ALBUMS_PER_PAGE, _as(Tile))
    with_songs(page.object_list, request.user)
    return render(request, "catalog/albums.html", context | {"page": page})


@require_safe
@gzip_page
def album(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An album's songs in their order, by discs. Exists only for those who may see one of them."""
    user = request.user
    row = Album.objects.filter(pk=pk).select_related("artist").first()
    page = part_of(request, _songs_of_album.of(user, pk), SONGS_OF_AN_ALBUM, _as(Song))
    # A song of it that they may see proves that they may see the album; nobody guesses its id.
    seen = Album.objects.visible_to(user)
    if row is None or not (len(page) or seen.filter(pk=pk).exists()):
        return forward(request, Kind.ALBUM, pk, seen)
    dress([row], user)
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
    """Songs in the order of their discs, each disc's together."""
    discs: dict[int | None, list[Song]] = {}
    for track in tracks:
        discs.setdefault(track.disc_number, []).append(track)
    return list(discs.items())


def with_songs(albums: list[Tile], user: Reader) -> list[Tile]:
    """``albums`` with how many songs they have, and with the cover to show."""
    dress(albums, user)
    counts = dict(_songs_of_albums(user, [row.pk for row in albums]))
    for row in albums:
        row.songs = counts.get(row.pk, 0)
    return albums


def _as(kind: Callable[..., Any]) -> Callable[[Any], list[Any]]:
    """Makes something of rows."""
    return lambda rows: [kind(*row) for row in rows]


@Written
def _artists(user: Reader) -> QuerySet[Any, Any]:
    return Artist.objects.visible_to(user).values_list("pk", "name", "slug")


@Written
def _artists_by_letter(user: Reader, letter: str) -> QuerySet[Any, Any]:
    rows = Artist.objects.visible_to(user).filter(initial=letter).order_by("initial", "sort_key", "pk")
    return rows.values_list("pk", "name", "slug")


@Written
def _artists_at(slug: str) -> QuerySet[Any, Any]:
    return Artist.objects.filter(slug=slug).order_by().values_list("pk", "name", "slug")


@Written
def _songs_of_artists(user: Reader, artists: list[UUID]) -> QuerySet[Any, Any]:
    tracks = Track.objects.visible_to(user).filter(artist__in=artists)
    return tracks.order_by().values_list("artist").annotate(n=Count("pk"))


@Written
def _songs_of_albums(user: Reader, albums: list[UUID]) -> QuerySet[Any, Any]:
    tracks = Track.objects.visible_to(user).filter(album__in=albums)
    return tracks.order_by().values_list("album").annotate(n=Count("pk"))


@Written
def _songs_of_album(user: Reader, album: UUID) -> QuerySet[Any, Any]:
    tracks = Track.objects.visible_to(user).filter(album=album)
    disc, number = F("disc_number").asc(nulls_first=True), F("track_number").asc(nulls_last=True)
    return tracks.order_by(disc, number, "title_key", "pk").values_list(*COLUMNS)


@Written
def _albums_of(user: Reader, artist: UUID) -> QuerySet[Any, Any]:
    return Album.objects.visible_to(user).filter(artist=artist).order_by(*BY_YEAR).values_list(*TILE)


@Written
def _albums_elsewhere(user: Reader, artist: UUID) -> QuerySet[Any, Any]:
    tracks = Track.objects.visible_to(user).filter(artist=artist).order_by().exclude(album=None)
    own = Album.objects.filter(artist=artist).order_by().values("pk")
    return tracks.exclude(album__in=own).values_list("album").distinct()


@Written
def _albums_by_year(ids: list[UUID]) -> QuerySet[Any, Any]:
    return Album.objects.filter(pk__in=ids).order_by(*BY_YEAR).values_list(*TILE)
