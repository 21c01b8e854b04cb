"""Ratings of separations: 1 to 5 stars for the whole, and for each of its stems."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Avg, Count, Max, Q
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.errors import CatalogError
from separation.delivery.permissions import VisibleSeparation
from separation.models import Rating, Separation, Status, Stem

FEWEST, MOST = 1, 5


@dataclass(frozen=True)
class RatingSummary:
    """The ratings of a stem, or of the whole (``stem`` is None).

    ``average`` of ``count`` ratings, 1 to 5, None without any; ``mine`` is the score that the reader gave.
    """

    stem: Stem | None
    average: float | None = None
    count: int = 0
    mine: int | None = None


@dataclass(frozen=True)
class SeparationRatings:
    """The ratings of a separation: of the whole, and of each stem in the separation's order."""

    whole: RatingSummary
    stems: list[RatingSummary]


def rate(visible: VisibleSeparation, stem: Stem | None, user: User, score: int) -> None:
    """Give ``score`` stars, 1 to 5, in place of what the same person gave before.

    They count where the track is shown through which ``user`` sees the separation.

    Raises ``CatalogError("not_ready")`` (409) before the separation has succeeded.
    """
    if visible.separation.status != Status.SUCCEEDED:
        raise CatalogError("not_ready", _("This separation is not ready yet."), status=409)
    Rating.objects.update_or_create(
        separation=visible.separation, stem=stem, user=user, defaults={"score": score, "track": visible.track}
    )


def remove_rating(separation: Separation, stem: Stem | None, user: User) -> None:
    """Delete the rating of ``user``, if there is one."""
    Rating.objects.filter(separation=separation, stem=stem, user=user).delete()


def find_stem(separation: Separation, name: str) -> Stem | None:
    """Find the stem by name or id; an empty ``name`` is the whole, None. Raises ``CatalogError("unknown_stem")``."""
    if not name:
        return None
    for stem in separation.stems.all():
        if name in {stem.name, str(stem.pk)}:
            return stem
    sentence = _("There is no stem called %(names)s here.") % {"names": name[:100]}
    raise CatalogError("unknown_stem", sentence, by_field={"stem": [sentence]})


def ratings_of(visible: VisibleSeparation, user: User | AnonymousUser) -> SeparationRatings:
    """Summarise the ratings given through the track of ``visible``, with those of ``user``.

    One query beside that for its stems.
    """
    rows = Rating.objects.filter(separation=visible.separation, track=visible.track).order_by()
    scored = rows.values_list("stem").annotate(
        Avg("score"), Count("pk"), own=Max("score", filter=Q(user=user.pk))
    )
    scores = {stem: (float(average), count, own) for stem, average, count, own in scored}

    def summary(stem: Stem | None) -> RatingSummary:
        return RatingSummary(stem, *scores.get(stem.pk if stem else None, (None, 0, None)))

    stems = sorted(visible.separation.stems.all(), key=lambda stem: stem.position)
    return SeparationRatings(summary(None), [summary(stem) for stem in stems])
