"""Names in pages: who is on a song, with links or without."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import template
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.genres import named, slug_of
from catalog.models import Credit, Track
from catalog.normalization import spoken
from catalog.selectors import Song, rows_of
from catalog.web.track_lists import Shelf
from catalog.written import Written

register = template.Library()

Credits = dict[UUID, list[str]]

_GUESTS = """SELECT c.track_id, a.name FROM catalog_credit c JOIN catalog_artist a ON a.id = c.artist_id
    WHERE c.track_id {ids} ORDER BY c.position"""


@register.simple_tag
def credits_of_all(songs: Iterable[Song]) -> Credits:
    """For each of ``songs`` that has guests: their names, in order. One query for a whole list."""
    found: Credits = {}
    for track, name in rows_of(_GUESTS, [song.pk for song in songs]):
        found.setdefault(track, []).append(spoken(name))
    return found


@register.simple_tag
def together(*lists: Iterable[Song]) -> list[Song]:
    """The songs of several lists of a page, so that what is said about them takes one query."""
    return [song for songs in lists for song in songs]


@register.simple_tag
def songs_on(shelves: Iterable[Shelf]) -> list[Song]:
    """Every song on these shelves, so that what is said about them takes one query."""
    return [song for shelf in shelves for song in shelf.songs]


def performers(song: Song, credits: Credits) -> str:  # noqa: A002  # as templates call it
    """``A feat. B & C``; the artist alone where there are no guests."""
    names = credits.get(song.pk)
    if not names:
        return song.performer
    listed = f"{', '.join(names[:-1])} & {names[-1]}" if len(names) > 1 else names[0]
    return f"{song.performer} feat. {listed}"


@register.simple_tag
def linked_performers(track: Track) -> SafeString:
    """The same, each name a link to its page."""
    guests = [_link(name, slug) for name, slug in _guests(track.pk)]
    first = _link(track.artist.name, track.artist.slug)
    if not guests:
        return first
    *others, last = guests
    if not others:
        return format_html("{} feat. {}", first, last)
    return format_html(
        "{} feat. {} &amp; {}", first, format_html_join(", ", "{}", ((each,) for each in others)), last
    )


@register.filter
def genre_address(track: Track | Song) -> str:
    """Where the songs of this track's genre are; nothing for what is no name."""
    return reverse("genre", args=[slug_of(track.genre_key)]) if named(track.genre_key) else ""


@Written
def _guests(track: UUID) -> QuerySet[Any, Any]:
    rows = Credit.objects.filter(track=track).order_by("position")
    return rows.values_list("artist__name", "artist__slug")


def _link(name: str, slug: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("artist", args=[slug]), spoken(name))
