"""Names in pages: who is on a song, with links or without."""

from collections.abc import Iterable

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.genres import is_name, slug_of
from catalog.models import Track
from catalog.normalization import spoken
from catalog.selectors import Song

register = template.Library()


@register.simple_tag
def linked_performers(track: Track, guests: Iterable[tuple[str, str]]) -> SafeString:
    """Render ``A feat. B & C``, each name a link to its page; ``guests``: ``(name, slug)`` of each."""
    links = [_link(name, slug) for name, slug in guests]
    first = _link(track.artist.name, track.artist.slug)
    if not links:
        return first
    *others, last = links
    if not others:
        return format_html("{} feat. {}", first, last)
    return format_html(
        "{} feat. {} &amp; {}", first, format_html_join(", ", "{}", ((each,) for each in others)), last
    )


@register.filter
def genre_address(track: Track | Song) -> str:
    """Return the address of the track's genre; empty for what is no name."""
    return reverse("genre", args=[slug_of(track.genre_key)]) if is_name(track.genre_key) else ""


def _link(name: str, slug: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("artist", args=[slug]), spoken(name))
