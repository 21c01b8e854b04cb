"""Songs in an order: the newest, the most played, those separated lately; on the front page and as whole lists."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Track, Visibility
from catalog.models.music import TrackQuerySet
from catalog.selectors import COLUMNS, Song, songs_by_id
from catalog.written import Written

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


class Source:
    """Which songs a list is made of, and in which order: ``fields`` go all upwards or all downwards.

    ``tracks`` says it for some arguments; see ``Written`` for what these can be. Rows further than ``near`` are found
    by their ids before anything is joined to them.
    """

    def __init__(
        self, tracks: Callable[..., TrackQuerySet], fields: Sequence[str] = NEWEST, *, near: int = 48
    ) -> None:
        def shared(*given: Any) -> TrackQuerySet:
            return tracks(*given).filter(visibility=Visibility.SHARED).order_by(*fields)

        def own(user: User, *given: Any) -> TrackQuerySet:
            mine = tracks(*given).filter(owner=user.pk, visibility=Visibility.PRIVATE)
            return mine.order_by(*fields)

        keys = [field.removeprefix("-") for field in fields if field != "pk"] + ["pk"]
        self.near = near
        self.down = fields[0].startswith("-")
        self.songs = Written(lambda *given: shared(*given).values_list(*COLUMNS))
        self.ids = Written(lambda *given: shared(*given).values_list("pk"))
        self.keys = Written(lambda *given: shared(*given).values_list(*keys))
        self.own_keys = Written(lambda *given: own(*given).values_list(*keys))


class Songs:
    """What ``user`` may see of a source, to be sliced: everything shared, and their own between it.

    Both parts are read from an index of their own and put together here: no database finds the first of "shared
    or mine" without looking at all of it.
    """

    def __init__(self, user: User | AnonymousUser, source: Source, *given: Any) -> None:
        self._user, self._source, self._given = user, source, given

    def __getitem__(self, part: slice) -> list[Song]:
        start, own = part.start or 0, self._own_keys(part.stop)
        if not own and start < self._source.near:
            rows = self._source.songs(*self._given, start=start, stop=part.stop)
            return [Song._make(row) for row in rows]
        ids = self._ids(start, part.stop, own)
        found = {song.pk: song for song in songs_by_id(ids, self._user)}
        return [found[pk] for pk in ids if pk in found]

    def _own_keys(self, stop: int) -> list[Any]:
        if self._user.is_anonymous:
            return []
        return self._source.own_keys(self._user, *self._given, stop=stop)

    def _ids(self, start: int, stop: int, own: list[Any]) -> list[UUID]:
        if not own:
            return [pk for (pk,) in self._source.ids(*self._given, start=start, stop=stop)]
        # At most len(own) of the rows before `start` are their own; so many shared ones need not be looked at.
        skipped = max(0, start - len(own))
        shared = self._source.keys(*self._given, start=skipped, stop=stop)
        if skipped and not shared:
            skipped, shared = 0, self._source.keys(*self._given, stop=stop)
        before = self._before(own, shared[0]) if skipped else 0
        merged = heapq.merge(shared, own[before:], reverse=self._source.down)
        return [key[-1] for key in islice(merged, start - skipped - before, stop - skipped - before)]

    def _before(self, own: list[Any], first: Any) -> int:
        """How many of ``own`` come before ``first``."""
        return sum((key > first) if self._source.down else (key < first) for key in own)


@dataclass(frozen=True)
class Shelf:
    """The first songs of an order."""

    order: Order
    songs: list[Song]
    more: bool


_WITH_GUEST = Source(
    lambda guest: Track.objects.filter(credits__artist=guest), ("-credits__brought_at",), near=0
)
_OF_ARTIST = Source(lambda artist: Track.objects.filter(artist=artist), BY_TITLE)
_OF_GENRE = Source(lambda key: Track.objects.filter(genre_key=key))


def songs_with(guest: UUID, user: User | AnonymousUser) -> Songs:
    """The songs of others that name ``guest``, the newest first."""
    return Songs(user, _WITH_GUEST, guest)


def songs_of_artist(artist: UUID, user: User | AnonymousUser) -> Songs:
    """Their own, by title."""
    return Songs(user, _OF_ARTIST, artist)


def songs_of_genre(key: str, user: User | AnonymousUser) -> Songs:
    """Those of a (folded) genre, the newest first."""
    return Songs(user, _OF_GENRE, key)


def songs_in(order: Order, user: User | AnonymousUser, letter: str = "") -> Songs:
    """All songs in ``order``, of one ``letter`` where that is the order of titles."""
    return Songs(user, _all(order.name, letter))


@cache
def _all(name: str, letter: str) -> Source:
    return Source(lambda: _beginning_with(letter).filter(ORDERS[name].having), ORDERS[name].fields)


def _beginning_with(letter: str) -> TrackQuerySet:
    tracks = Track.objects.all()
    if letter == "0":  # digits and signs come before the letters, other alphabets behind them
        return tracks.filter(title_key__lt="a")
    if letter == OTHER_ALPHABETS:
        return tracks.filter(title_key__gt="z" * 20)
    if letter == "z":
        return tracks.filter(title_key__gte="z", title_key__lte="z" * 20)
    return tracks.filter(title_key__gte=letter, title_key__lt=chr(ord(letter) + 1)) if letter else tracks


def shelves(user: User | AnonymousUser) -> list[Shelf]:
    """The front page: what is new, what people play, what can be played in parts since lately. No empty shelf."""
    found = []
    for name in ("newest", "played", "separated"):
        order = ORDERS[name]
        songs = songs_in(order, user)[: ON_THE_FRONT_PAGE + 1]
        if songs:
            found.append(Shelf(order, songs[:ON_THE_FRONT_PAGE], len(songs) > ON_THE_FRONT_PAGE))
    return found
