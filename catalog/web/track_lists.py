"""Lists of songs in an order: the newest, the most played, the latest separated; and the sections of the front page."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.models import Track, Visibility
from catalog.models.music import TrackQuerySet
from catalog.selectors import Reader, Song, add_details, songs_by_id

ON_THE_FRONT_PAGE: Final = 8
OTHER_ALPHABETS: Final = "~"
EVERYTHING: Final = Q()
BY_TITLE: Final = ("title_key", "pk")
NEWEST: Final = ("-created_at",)


@dataclass(frozen=True)
class Order:
    """A way to go through all songs. ``having`` leaves out those of which it says nothing."""

    name: str
    label: "str | Promise"
    fields: tuple[str, ...]
    having: Q = EVERYTHING


ORDERS: Final = {
    order.name: order
    for order in (
        Order("newest", _("Newest songs"), NEWEST),
        Order("played", _("Most played"), ("-plays", "-created_at"), Q(plays__gt=0)),
        Order("separated", _("Recently separated"), ("-separated_at",), Q(separated_at__isnull=False)),
        Order("title", _("Songs from A to Z"), BY_TITLE),
    )
}


class SongList:
    """What ``user`` may see of ``tracks``, to be sliced; the ``fields`` of its order go all upwards or all downwards.

    What is shared and what is the user's own are read from an index each and merged here: no database finds the first
    of "shared or mine" without looking at all of it. Rows are found by their ids before anything is joined to them.
    """

    def __init__(self, tracks: QuerySet[Track], fields: Sequence[str], user: Reader) -> None:
        self._user = user
        self._keys = [*(field.removeprefix("-") for field in fields if field != "pk"), "pk"]
        self._descending = fields[0].startswith("-")
        self._shared = tracks.filter(visibility=Visibility.SHARED).order_by(*fields)
        self._own = tracks.filter(visibility=Visibility.PRIVATE, owner=user.pk).order_by(*fields)

    def __getitem__(self, part: slice) -> list[Song]:
        ids = self._ids(part.start or 0, part.stop)
        found = {song.pk: song for song in songs_by_id(ids, self._user)}
        return [found[pk] for pk in ids if pk in found]

    def _ids(self, start: int, stop: int) -> list[UUID]:
        own = [] if self._user.is_anonymous else list(self._own.values_list(*self._keys)[:stop])
        if not own:
            return list(self._shared.values_list("pk", flat=True)[start:stop])
        # At most len(own) of the rows before `start` are their own; so many shared ones need not be looked at.
        shared = self._shared.values_list(*self._keys)
        skipped = max(0, start - len(own))
        rows = list(shared[skipped:stop])
        if skipped and not rows:
            skipped, rows = 0, list(shared[:stop])
        before = self._count_before(own, rows[0]) if skipped else 0
        merged = heapq.merge(rows, own[before:], reverse=self._descending)
        return [key[-1] for key in islice(merged, start - skipped - before, stop - skipped - before)]

    def _count_before(self, own: list[Any], first: Any) -> int:
        return sum((key > first) if self._descending else (key < first) for key in own)


@dataclass(frozen=True)
class Section:
    """The first songs of an order."""

    order: Order
    songs: Sequence[Song]
    more: bool


def songs_with_guest(guest: UUID, user: Reader) -> SongList:
    """List the songs of others that name ``guest``, the newest first."""
    return SongList(Track.objects.filter(credits__artist=guest), ["-credits__brought_at"], user)


def songs_of_artist(artist: UUID, user: Reader) -> SongList:
    """List an artist's own songs by title."""
    return SongList(Track.objects.filter(artist=artist), BY_TITLE, user)


def songs_of_genre(key: str, user: Reader) -> SongList:
    """List the songs of a (folded) genre, the newest first."""
    return SongList(Track.objects.filter(genre_key=key), NEWEST, user)


def songs_in_order(order: Order, user: Reader, letter: str = "") -> SongList:
    """List all songs in ``order``, of one ``letter`` where that is the order of titles."""
    return SongList(_beginning_with(letter).filter(order.having), order.fields, user)


def _beginning_with(letter: str) -> TrackQuerySet:
    tracks = Track.objects.all()
    if letter == "0":  # digits and signs come before the letters, other alphabets behind them
        return tracks.filter(title_key__lt="a")
    if letter == OTHER_ALPHABETS:
        return tracks.filter(title_key__gt="z" * 20)
    if letter == "z":
        return tracks.filter(title_key__gte="z", title_key__lte="z" * 20)
    return tracks.filter(title_key__gte=letter, title_key__lt=chr(ord(letter) + 1)) if letter else tracks


def front_page_sections(user: Reader) -> list[Section]:
    """List the newest, the most played and the latest separated songs; no empty section."""
    found = []
    for name in ("newest", "played", "separated"):
        order = ORDERS[name]
        songs = songs_in_order(order, user)[: ON_THE_FRONT_PAGE + 1]
        if songs:
            found.append(Section(order, songs[:ON_THE_FRONT_PAGE], len(songs) > ON_THE_FRONT_PAGE))
    add_details([song for section in found for song in section.songs], user)
    return found
