"""Artists, an artist, albums, an album."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from accounts.models import User
from catalog.addresses import Kind
from catalog.covers import dress
from catalog.listed import Song, listed
from catalog.models import Album, Artist, Track
from catalog.shelves import BY_TITLE, Songs, songs_with
from catalog.text import UNKNOWN_ARTIST, VARIOUS_ARTISTS
from catalog.views.moved import forward
from catalog.views.paging import LETTERS, NAMES_PER_PAGE, letter_of, part_of, slug_in

ALBUMS_PER_PAGE = 48
ALBUMS_OF_AN_ARTIST = 36
SONGS_OF_AN_ARTIST = 48
SONGS_OF_AN_ALBUM = 100
APPEARANCES = 12
MOST_LOOKED_AT = 2_000


@require_safe
@gzip_page
def artists(request: HttpRequest) -> HttpResponse:
    """Everybody in the library, by first letter."""
    letter = letter_of(request)
    rows = Artist.objects.visible_to(request.user)
    rows = rows.filter(initial=letter).order_by("initial", "sort_key", "pk") if letter else rows
    page = part_of(request, rows, NAMES_PER_PAGE)
    counts = songs_by("artist", page.object_list, request.user)
    for row in page:
        row.songs = counts.get(row.pk, 0)
    context = {"page": page, "letters": LETTERS, "letter": letter}
    return render(request, "catalog/artists.html", context)


@require_safe
@gzip_page
def artist(request: HttpRequest, slug: str) -> HttpResponse:
    """An artist's albums and songs, and where they are guests. Exists only for who may see one of them."""
    user = request.user
    row = Artist.objects.visible_to(user).filter(slug=slug).first()
    if row is None:
        return forward(request, Kind.ARTIST, slug, Artist.objects.visible_to(user))
    page = part_of(request, Songs(user, Track.objects.filter(artist=row), BY_TITLE), SONGS_OF_AN_ARTIST)
    context: dict[str, Any] = {"artist": row, "page": page}
    if page.number == 1:
        albums = Album.objects.visible_to(user).filter(artist=row)
        found = list(albums.order_by(F("year").desc(nulls_last=True), "sort_key")[: ALBUMS_OF_AN_ARTIST + 1])
        context |= _appearances(row, user)
        context["albums"] = with_songs(found[:ALBUMS_OF_AN_ARTIST], user)
        context["more_albums"] = len(found) > ALBUMS_OF_AN_ARTIST
    return render(request, "catalog/artist.html", context)


def _appearances(artist: Artist, user: User | AnonymousUser) -> dict[str, Any]:
    """Songs of others that name them, and others' albums with songs of theirs."""
    guest = songs_with(artist, user)[: APPEARANCES + 1]
    elsewhere: list[Album] = []
    if artist.name not in {UNKNOWN_ARTIST, VARIOUS_ARTISTS}:
        # In two steps: as one, PostgreSQL looks for their songs in every album there is.
        tracks = Track.objects.visible_to(user).filter(artist=artist).order_by().exclude(album=None)
        others = tracks.exclude(album__in=Album.objects.filter(artist=artist).order_by().values("pk"))
        ids = others.values_list("album", flat=True).distinct()[:MOST_LOOKED_AT]
        found = Album.objects.filter(pk__in=list(ids)).select_related("artist")
        newest = found.order_by(F("year").desc(nulls_last=True), "sort_key")[:APPEARANCES]
        elsewhere = dress(list(newest), user)
    return {"guest_on": guest[:APPEARANCES], "more_guest": len(guest) > APPEARANCES, "elsewhere": elsewhere}


@require_safe
@gzip_page
def albums(request: HttpRequest) -> HttpResponse:
    """Every album by first letter, or all of one ``?artist=``."""
    rows = Album.objects.visible_to(request.user).select_related("artist")
    context: dict[str, Any] = {"letters": LETTERS, "letter": ""}
    if slug := slug_in(request, "artist"):
        holder = get_object_or_404(Artist.objects.visible_to(request.user), slug=slug)
        rows = rows.filter(artist=holder).order_by(F("year").desc(nulls_last=True), "sort_key")
        context |= {"artist": holder, "letters": ()}
    elif letter := letter_of(request):
        rows = rows.filter(initial=letter).order_by("initial", "sort_key", "pk")
        context["letter"] = letter
    elif request.GET.get("order") == "newest":
        rows = rows.order_by("-created_at", "pk")
        context["newest"] = True
    page = part_of(request, rows, ALBUMS_PER_PAGE)
    with_songs(page.object_list, request.user)
    return render(request, "catalog/albums.html", context | {"page": page})


@require_safe
@gzip_page
def album(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An album's songs in their order, by discs. Exists only for those who may see one of them."""
    user = request.user
    row = Album.objects.filter(pk=pk).select_related("artist").first()
    tracks = Track.objects.visible_to(user).filter(album=pk)
    tracks = tracks.order_by(
        F("disc_number").asc(nulls_first=True), F("track_number").asc(nulls_last=True), "title_key", "pk"
    )
    page = part_of(request, tracks, SONGS_OF_AN_ALBUM, listed)
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


def songs_by(field: str, rows: Any, user: User | AnonymousUser) -> dict[UUID, int]:
    """How many songs ``user`` may see of each of ``rows``, in one query."""
    tracks = Track.objects.visible_to(user).filter(**{f"{field}__in": [row.pk for row in rows]})
    return dict(tracks.order_by().values_list(field).annotate(n=Count("pk")))


def with_songs(albums: "QuerySet[Album] | list[Album]", user: User | AnonymousUser) -> list[Album]:
    """``albums`` with ``songs``, how many they have, and ``picture``, the cover to show."""
    found = dress(list(albums), user)
    counts = songs_by("album", found, user)
    for row in found:
        row.songs = counts.get(row.pk, 0)  # type: ignore[attr-defined]  # for the template
    return found
