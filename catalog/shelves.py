"""Songs in an order: the newest, the most played, those separated lately; on the front page and as whole lists."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.listed import Song, listed, songs_by_id
from catalog.models import Artist, Track, Visibility
from catalog.models.music import TrackQuerySet

ON_THE_FRONT_PAGE: Final = 8
NEAR: Final = 48  # rows; further ones are found by their ids before anything is joined to them
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
        Order("separated", _("Separated lately"), ("-separated_at",), Q(separated_at__isnull=False)),
        Order("title", _("Songs from A to Z"), BY_TITLE),
    )
}


class Songs:
    """What ``user`` may see of ``tracks``, in order, to be sliced: everything shared, and their own between it.

    Both parts are read from an index of their own and put together here: no database finds the first of "shared
    or mine" without looking at all of it. ``fields`` go all upwards or all downwards.
    """

    def __init__(
        self,
        user: User | AnonymousUser,
        tracks: TrackQuerySet,
        fields: Sequence[str] = NEWEST,
    ) -> None:
        self._user = user
        self._fields = [field.removeprefix("-") for field in fields]
        self._down = fields[0].startswith("-")
        self._shared = tracks.filter(visibility=Visibility.SHARED).order_by(*fields)
        self._own = None
        if not user.is_anonymous:
            self._own = tracks.filter(owner=user.pk, visibility=Visibility.PRIVATE).order_by(*fields)

    def __getitem__(self, part: slice) -> list[Song]:
        start, own = part.start or 0, self._own_keys(part.stop)
        if not own and start < NEAR:
            return listed(self._shared[start : part.stop])
        ids = self._ids(start, part.stop, own)
        found = {song.pk: song for song in songs_by_id(ids, self._user)}
        return [found[pk] for pk in ids if pk in found]

    def _own_keys(self, stop: int) -> list[Any]:
        return list(self._keys(self._own)[:stop]) if self._own is not None else []

    def _ids(self, start: int, stop: int, own: list[Any]) -> list[UUID]:
        if not own:
            return list(self._shared.values_list("pk", flat=True)[start:stop])
        # At most len(own) of the rows before `start` are their own; so many shared ones need not be looked at.
        skipped = max(0, start - len(own))
        shared = list(self._keys(self._shared)[skipped:stop])
        if skipped and not shared:
            skipped, shared = 0, list(self._keys(self._shared)[:stop])
        before = self._before(own, shared[0]) if skipped else 0
        merged = heapq.merge(shared, own[before:], reverse=self._down)
        return [key[-1] for key in islice(merged, start - skipped - before, stop - skipped - before)]

    def _before(self, own: list[Any], first: Any) -> int:
        """How many of ``own`` come before ``first``."""
        return sum((key > first) if self._down else (key < first) for key in own)

    def _keys(self, tracks: TrackQuerySet) -> Any:
        return tracks.values_list(*self._fields, *(["pk"] if self._fields[-1] != "pk" else []))


@dataclass(frozen=True)
class Shelf:
    """The first songs of an order."""

    order: Order
    songs: list[Song]
    more: bool


def songs_with(guest: Artist, user: User | AnonymousUser) -> Songs:
    """The songs of others that name ``guest``, the newest first."""
    return Songs(user, Track.objects.filter(credits__artist=guest), ("-credits__brought_at",))


def songs_in(order: Order, user: User | AnonymousUser, letter: str = "") -> Songs:
    """All songs in ``order``, of one ``letter`` where that is the order of titles."""
    tracks = Track.objects.filter(order.having)
    if letter == "0":  # digits and signs come before the letters, other alphabets behind them
        tracks = tracks.filter(title_key__lt="a")
    elif letter == OTHER_ALPHABETS:
        tracks = tracks.filter(title_key__gt="z" * 20)
    elif letter == "z":
        tracks = tracks.filter(title_key__gte="z", title_key__lte="z" * 20)
    elif letter:
        tracks = tracks.filter(title_key__gte=letter, title_key__lt=chr(ord(letter) + 1))
    return Songs(user, tracks, order.fields)


def shelves(user: User | AnonymousUser) -> list[Shelf]:
    """The front page: what is new, what people play, what can be played in parts since lately. No empty shelf."""
    found = []
    for name in ("newest", "played", "separated"):
        order = ORDERS[name]
        songs = songs_in(order, user)[: ON_THE_FRONT_PAGE + 1]
        if songs:
            found.append(Shelf(order, songs[:ON_THE_FRONT_PAGE], len(songs) > ON_THE_FRONT_PAGE))
    return found
