"""Small drawings and figures in pages: icons, the picture of a song, times."""

from functools import cache, lru_cache
from html import escape
from uuid import UUID

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from audio.types import COVER_SIZES
from catalog.models import Album, Track
from catalog.selectors import AlbumTile, Song
from catalog.storage.covers import version

register = template.Library()

WIDTHS = sorted(COVER_SIZES)
COLOURS = ("vocals", "drums", "bass", "piano", "other", "accompaniment")


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Render one of our own drawings; always beside words or inside something that is named."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
@lru_cache(maxsize=4_096)
def art(key: UUID) -> SafeString:
    """Draw the picture of a song without a cover: four lanes from its id, the same each time."""
    seed = key.int
    lanes = []
    for row in range(4):
        colour = COLOURS[(seed >> 8 * row) % 3 + (row % 2) * 3]
        x = 6
        path = ""
        while x < 54:
            length = 3 + (seed >> (11 * row + x)) % 14
            path += f"M{x} {14 + 12 * row}h{min(length, 58 - x)}"
            x += length + 9
        lanes.append(f'<path class="{colour}" d="{path}"/>')
    drawing = f'<svg class="cover cover-drawn" viewBox="0 0 64 64" aria-hidden="true">{"".join(lanes)}</svg>'
    return mark_safe(drawing)  # noqa: S308 (numbers and our own names only)


@register.simple_tag
def picture(track: Track | Song, size: int = 64) -> SafeString:
    """Render the cover of a song, or its drawing, ``size`` pixels wide."""
    if not track.picture:
        return art(track.pk)
    return _photo(reverse("track-cover", args=[track.pk]), track.picture, size)


@register.simple_tag
def album_picture(album: Album | AlbumTile, size: int = 160) -> SafeString:
    """Render the cover of an album, or its drawing; see ``selectors.add_pictures``."""
    key = getattr(album, "picture", album.cover)
    if not key:
        return art(album.pk)
    return _photo(reverse("album-cover", args=[album.pk]), key, size)


def _photo(address: str, key: str, size: int) -> SafeString:
    """Render it in the size that fits the screen; with the digest in its address, it may be cached for ever."""
    known = escape(version(key))
    sources = ", ".join(f"{address}?size={width}&amp;v={known} {width}w" for width in WIDTHS)
    first = next((width for width in WIDTHS if width >= size), WIDTHS[-1])
    return mark_safe(  # noqa: S308  # addresses, digests and numbers of our own
        f'<img class="cover" src="{address}?size={first}&amp;v={known}" srcset="{sources}"'
        f' sizes="{size}px" alt="" width="{size}" height="{size}" loading="lazy" decoding="async">'
    )


@register.filter
def room(size: int) -> str:
    """Format bytes as people who buy disks count: ``1_000_000_000`` is ``1 GB``."""
    for unit, name, digits in ((10**9, "GB", 1), (10**6, "MB", 1), (10**3, "kB", 0)):
        if size >= unit:
            number = formats.number_format(round(size / unit, digits), digits if size % unit else 0)
            return f"{number} {name}"
    return f"{size} B"


@register.filter
def minutes(seconds: float) -> str:
    """Format seconds: ``245.3`` is ``4:05``, ``3725`` is ``1:02:05``."""
    whole, rest = divmod(round(seconds), 60)
    hours, whole = divmod(whole, 60)
    return f"{hours}:{whole:02}:{rest:02}" if hours else f"{whole}:{rest:02}"
