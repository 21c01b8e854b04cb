"""Songs, albums and artists in lists.

A page has up to a hundred, so each is written at once, without a template of its own: the engine would take longer
for them than the database and everything else on the page together.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.links import pattern
from catalog.models import Album, Artist, Track, Visibility
from catalog.search.query import Query
from catalog.templatetags.library import Hearts
from catalog.templatetags.music import Credits, performers
from catalog.templatetags.pictures import album_picture, icon, minutes, picture
from catalog.templatetags.search_marks import marked

register = template.Library()


@register.simple_tag(takes_context=True)
def song_rows(
    context: Any,
    tracks: Iterable[Track],
    credits: "Credits | str" = "",  # noqa: A002  # as templates call it
    parts: "Mapping[UUID, SafeString] | str" = "",
    liked: "set[UUID] | str" = "",
    *,
    query: Query | None = None,
    numbered: bool = False,
    various: bool = False,
) -> SafeString:
    """``<li>`` for each of ``tracks``.

    ``query``: what was searched is marked, also in the album's title. ``numbered``: with the number on the record
    instead of a picture, and with names only where they are not those of the album (``various``, guests).
    """
    guests = credits if isinstance(credits, dict) else {}
    lines = parts if isinstance(parts, Mapping) else {}
    address, hearts = pattern("track"), Hearts(context, liked)
    private = f'{icon("lock")}<span class="unseen">{escape(_("Only you see this song"))}</span> '
    said = escape if query is None else lambda text: marked(text, query)
    rows = []
    for track in tracks:
        first = _number(track) if numbered else picture(track)
        who = ""
        if not numbered or various or track.pk in guests:
            album = ""
            if query is not None and track.album:
                album = f' <span class="of">· {said(track.album.title)}</span>'
            who = f'<p class="soft">{said(performers(track, guests))}{album}</p>'
        rows.append(
            f'<li class="song">{first}<div><h3><a href="{address.format(track.pk)}">{said(track.title)}</a></h3>{who}'
            f'{lines.get(track.audio_id, "")}</div><span class="length">'
            f"{private if track.visibility == Visibility.PRIVATE else ''}{minutes(track.audio.duration)}</span>"
            f"{hearts.of(track)}</li>\n"
        )
    return mark_safe("".join(rows))  # noqa: S308  # every name was escaped


def _number(track: Track) -> str:
    return f'<span class="number">{"" if track.track_number is None else track.track_number}</span>'


@register.simple_tag
def artist_names(artists: Iterable[Artist]) -> SafeString:
    """``<li>`` for each of ``artists``: the name, and how many ``songs`` the view has counted."""
    address = pattern("artist")
    rows = []
    for artist in artists:
        n: int = artist.songs  # type: ignore[attr-defined]  # the view has counted them
        songs = f" <small>{escape(_songs(n))}</small>" if n else ""
        rows.append(f'<li><a href="{address.format(artist.slug)}">{escape(artist.shown)}{songs}</a></li>\n')
    return mark_safe("".join(rows))  # noqa: S308  # every name was escaped


@register.simple_tag
def album_tiles(albums: Iterable[Album], *, holder: bool = False) -> SafeString:
    """``<li>`` for each of ``albums``: its picture, title, and whose it is (``holder``) or its year and songs."""
    address = pattern("album")
    rows = []
    for album in albums:
        if holder:
            about = str(escape(album.artist.shown))
        else:
            n: int = album.songs  # type: ignore[attr-defined]  # the view has counted them
            about = str(escape(_songs(n)))
            about = f"{album.year} · {about}" if album.year else about
        rows.append(
            f'<li class="tile">{album_picture(album, 160)}<h3><a href="{address.format(album.pk)}">'
            f'{escape(album.title)}</a></h3><p class="soft">{about}</p></li>\n'
        )
    return mark_safe("".join(rows))  # noqa: S308  # every name was escaped


def _songs(n: int) -> str:
    """``"1 song"``, ``"12 songs"``."""
    return ngettext("%(n)s song", "%(n)s songs", n) % {"n": n}
