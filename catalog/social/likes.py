"""Likes of tracks."""

from django.db.models import QuerySet

from accounts.models import User
from catalog.models import Like, Track
from catalog.visibility import visible_to


def like(track: Track, user: User) -> None:
    """Like ``track``; liking it again changes nothing."""
    Like.objects.bulk_create([Like(user=user, track=track)], ignore_conflicts=True)


def unlike(track: Track, user: User) -> None:
    """Remove the like."""
    Like.objects.filter(user=user, track=track).delete()


def likes_of(user: User) -> QuerySet[Like]:
    """Return what ``user`` likes and may still see, the newest like first."""
    rows = Like.objects.filter(visible_to(user, "track"), user=user)
    return rows.select_related("track__artist", "track__album", "track__audio").order_by("-created_at", "pk")


def count(track: Track) -> int:
    """Count the people who like ``track``."""
    return Like.objects.filter(track=track).count()
