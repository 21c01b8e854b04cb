"""How well people find what came out: stars for a separation as a whole, and for each of its stems."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Avg, Count, Max, Q
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.errors import CatalogError
from separation.delivery.permissions import Seen
from separation.models import Rating, Separation, Status, Stem

FEWEST, MOST = 1, 5


@dataclass(frozen=True)
class Rated:
    """What people say of a stem, or of the whole (``stem`` is None). ``average`` of ``count`` ratings, 1 to 5, None
    without any; ``mine`` is what the one who asks gave."""

    stem: Stem | None
    average: float | None = None
    count: int = 0
    mine: int | None = None


@dataclass(frozen=True)
class Ratings:
    """Those of a separation: the whole, and each stem in the separation's order."""

    whole: Rated
    stems: list[Rated]


def rate(seen: Seen, stem: Stem | None, user: User, score: int) -> None:
    """Give ``score`` stars, 1 to 5; the same person's earlier ones are replaced.

    They count where the track is shown through which ``user`` has ``seen`` the separation.

    Raises ``CatalogError("not_ready")`` (409) while there is nothing to be heard.
    """
    if seen.separation.status != Status.SUCCEEDED:
        raise CatalogError("not_ready", _("This separation is not ready yet."), status=409)
    Rating.objects.update_or_create(
        separation=seen.separation, stem=stem, user=user, defaults={"score": score, "track": seen.track}
    )


def take_back(separation: Separation, stem: Stem | None, user: User) -> None:
    """No longer rate it; never having done so is fine."""
    Rating.objects.filter(separation=separation, stem=stem, user=user).delete()


def stem_called(separation: Separation, name: str) -> Stem | None:
    """The stem of this name or id, None for the whole (``""``). ``CatalogError("unknown_stem")``."""
    if not name:
        return None
    for stem in separation.stems.all():
        if name in {stem.name, str(stem.pk)}:
            return stem
    sentence = _("There is no stem called %(names)s here.") % {"names": name[:100]}
    raise CatalogError("unknown_stem", sentence, by_field={"stem": [sentence]})


def ratings_of(seen: Seen, user: User | AnonymousUser) -> Ratings:
    """What people say of a separation on the track through which it is seen, and what ``user`` does.

    One query beside that for its stems.
    """
    rows = Rating.objects.filter(separation=seen.separation, track=seen.track).order_by().values_list("stem")
    rows = rows.annotate(Avg("score"), Count("pk"), own=Max("score", filter=Q(user=user.pk)))
    scores = {stem: (float(average), count, own) for stem, average, count, own in rows}

    def rated(stem: Stem | None) -> Rated:
        return Rated(stem, *scores.get(stem.pk if stem else None, (None, 0, None)))

    stems = sorted(seen.separation.stems.all(), key=lambda stem: stem.position)
    return Ratings(rated(None), [rated(stem) for stem in stems])
