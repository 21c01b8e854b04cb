"""Names in pages: who is on a song, with links or without."""

from collections.abc import Iterable
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.genres import named, slug_of
from catalog.models import Artist, Credit, Track
from catalog.shelves import Shelf

register = template.Library()

Credits = dict[UUID, list[Artist]]


@register.simple_tag
def credits_of_all(tracks: Iterable[Track]) -> Credits:
    """For each of ``tracks`` that has guests: who they are, in order. One query for a whole list."""
    found: Credits = {}
    rows = Credit.objects.filter(track__in=[track.pk for track in tracks]).select_related("artist")
    rows = rows.only("track_id", "artist__name")
    for row in rows.order_by("position"):
        found.setdefault(row.track_id, []).append(row.artist)
    return found


@register.simple_tag
def together(*lists: Iterable[Track]) -> list[Track]:
    """The songs of several lists of a page, so that what is said about them takes one query."""
    return [track for tracks in lists for track in tracks]


@register.simple_tag
def songs_on(shelves: Iterable[Shelf]) -> list[Track]:
    """Every song on these shelves, so that what is said about them takes one query."""
    return [track for shelf in shelves for track in shelf.songs]


@register.simple_tag
def performers(track: Track, credits: "Credits | str" = "") -> str:  # noqa: A002  # as templates call it
    """``A feat. B & C``; the artist alone where no credits are given."""
    guests = credits.get(track.pk, []) if isinstance(credits, dict) else []
    names = [artist.shown for artist in guests]
    if not names:
        return track.artist.shown
    listed = f"{', '.join(names[:-1])} & {names[-1]}" if len(names) > 1 else names[0]
    return f"{track.artist.shown} feat. {listed}"


@register.simple_tag
def linked_performers(track: Track) -> SafeString:
    """The same, each name a link to its page."""
    guests = [_link(row.artist) for row in track.credits.select_related("artist")]
    first = _link(track.artist)
    if not guests:
        return first
    *others, last = guests
    if not others:
        return format_html("{} feat. {}", first, last)
    return format_html(
        "{} feat. {} &amp; {}", first, format_html_join(", ", "{}", ((each,) for each in others)), last
    )


@register.filter
def genre_address(track: Track) -> str:
    """Where the songs of this track's genre are; nothing for what is no name."""
    return reverse("genre", args=[slug_of(track.genre_key)]) if named(track.genre_key) else ""


def _link(artist: Artist) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("artist", args=[artist.slug]), artist.shown)
