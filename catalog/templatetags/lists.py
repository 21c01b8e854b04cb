"""Songs, albums and artists in lists.

A page has up to a hundred, so each is written at once, without a template of its own: the engine would take longer
for them than the database and everything else on the page together.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from uuid import UUID

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.links import pattern
from catalog.models import Visibility
from catalog.search.query import Query
from catalog.selectors import AlbumTitle, ArtistName, Song, Tile
from catalog.templatetags.library import Hearts
from catalog.templatetags.music import Credits, performers
from catalog.templatetags.pictures import album_picture, icon, minutes, picture
from catalog.templatetags.search_marks import marked

register = template.Library()


@register.simple_tag(takes_context=True)
def song_rows(
    context: Any,
    songs: Iterable[Song],
    credits: "Credits | str" = "",  # noqa: A002  # as templates call it
    parts: "Mapping[UUID, SafeString] | str" = "",
    liked: "set[UUID] | str" = "",
    *,
    query: Query | None = None,
    numbered: bool = False,
    various: bool = False,
) -> SafeString:
    """``<li>`` for each of ``songs``.

    ``query``: what was searched is marked, also in the album's title. ``numbered``: with the number on the record
    instead of a picture, and with names only where they are not those of the album (``various``, guests).
    """
    guests = credits if isinstance(credits, dict) else {}
    lines = parts if isinstance(parts, Mapping) else {}
    address, covers, hearts = pattern("track"), pattern("track-cover"), Hearts(context, liked)
    private = f'{icon("lock")}<span class="visually-hidden">{escape(_("Only you see this song"))}</span> '
    said = escape if query is None else lambda text: marked(text, query)
    rows = []
    for song in songs:
        first = _number(song) if numbered else picture(song, address=covers)
        who = ""
        if not numbered or various or song.pk in guests:
            album = ""
            if query is not None and song.album is not None:
                album = f' <span class="song-album">· {said(song.album)}</span>'
            who = f'<p class="soft">{said(performers(song, guests))}{album}</p>'
        rows.append(
            f'<li class="song">{first}<div><h3><a href="{address.format(song.pk)}">{said(song.title)}</a></h3>{who}'
            f'{lines.get(song.pk, "")}</div><span class="song-length">'
            f"{private if song.visibility == Visibility.PRIVATE else ''}{minutes(song.duration)}</span>"
            f"{hearts.of(song)}</li>\n"
        )
    return mark_safe("".join(rows))  # noqa: S308  # every name was escaped


def _number(song: Song) -> str:
    return f'<span class="number">{"" if song.track_number is None else song.track_number}</span>'


@register.simple_tag
def artist_names(artists: Iterable[ArtistName], counts: Mapping[UUID, int]) -> SafeString:
    """``<li>`` for each of ``artists``: the name, and how many songs there are by these ``counts``."""
    address = pattern("artist")
    rows = []
    for artist in artists:
        n = counts.get(artist.pk, 0)
        songs = f" <small>{escape(_songs(n))}</small>" if n else ""
        rows.append(f'<li><a href="{address.format(artist.slug)}">{escape(artist.shown)}{songs}</a></li>\n')
    return mark_safe("".join(rows))  # noqa: S308  # every name was escaped


@register.simple_tag
def name_chips(artists: Iterable[ArtistName], albums: Iterable[AlbumTitle], query: Query) -> SafeString:
    """``<li>`` for each of ``artists`` and ``albums``, with what was searched marked."""
    address, record = pattern("artist"), pattern("album")
    rows = [
        f'<li><a href="{address.format(artist.slug)}">{icon("person")}'
        f"<span>{marked(artist.shown, query)}</span></a></li>"
        for artist in artists
    ]
    rows += [
        f'<li><a href="{record.format(album.pk)}">{icon("record")}<span>{marked(album.title, query)}</span> '
        f'<span class="soft">{escape(album.performer)}</span></a></li>'
        for album in albums
    ]
    return mark_safe("\n".join(rows))  # noqa: S308  # every name was escaped


@register.simple_tag
def album_tiles(albums: Iterable[Tile], *, holder: bool = False) -> SafeString:
    """``<li>`` for each of ``albums``: its picture, title, and whose it is (``holder``) or its year and songs."""
    address, covers = pattern("album"), pattern("album-cover")
    rows = []
    for album in albums:
        if holder:
            about = escape(album.performer)
        else:
            about = escape(_songs(album.songs))
            about = f"{album.year} · {about}" if album.year else about
        rows.append(
            f'<li class="tile">{album_picture(album, 160, covers)}<h3><a href="{address.format(album.pk)}">'
            f'{escape(album.title)}</a></h3><p class="soft">{about}</p></li>\n'
        )
    return mark_safe("".join(rows))  # noqa: S308  # every name was escaped


def _songs(n: int) -> str:
    """``"1 song"``, ``"12 songs"``."""
    return ngettext("%(n)s song", "%(n)s songs", n) % {"n": n}
