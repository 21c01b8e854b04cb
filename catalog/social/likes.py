"""Liking a track, and what somebody likes."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, QuerySet

from accounts.models import User
from catalog.models import Like, Track
from catalog.selectors import Song
from catalog.visibility import seen_through
from catalog.written import Written


def like(track: Track, user: User) -> None:
    """``user`` likes ``track``; liking it again changes nothing."""
    Like.objects.bulk_create([Like(user=user, track=track)], ignore_conflicts=True)


def unlike(track: Track, user: User) -> None:
    """``user`` no longer likes ``track``."""
    Like.objects.filter(user=user, track=track).delete()


def likes_of(user: User) -> QuerySet[Like]:
    """What ``user`` likes and may still see, the newest like first."""
    rows = Like.objects.filter(seen_through("track", user), user=user)
    return rows.select_related("track__artist", "track__album", "track__audio").order_by("-created_at", "pk")


def liked_among(tracks: Iterable[Track | Song], user: User | AnonymousUser) -> set[UUID]:
    """The ids of those among ``tracks`` that ``user`` likes."""
    if user.is_anonymous:
        return set()
    return {track for (track,) in _liked(user, [track.pk for track in tracks])}


def count(track: Track) -> int:
    """How many people like ``track``."""
    return sum(n for _track, n in _likes(track.pk))


@Written
def _likes(track: UUID) -> QuerySet[Any, Any]:
    return Like.objects.filter(track=track).order_by().values_list("track").annotate(Count("pk"))


@Written
def _liked(user: User, tracks: Sequence[UUID]) -> QuerySet[Any, Any]:
    return Like.objects.filter(user=user, track__in=tracks).values_list("track")
