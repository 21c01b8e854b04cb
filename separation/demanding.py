"""The limit on separations with demanding models: so many a day for each account, by a setting."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from catalog.errors import CatalogError
from separation.display_names import duration
from separation.engines.descriptors import ModelSpec
from separation.engines.modelspec import SPECS
from separation.models import Separation, Status

DAY = timedelta(hours=24)


def is_demanding(spec: ModelSpec) -> bool:
    """Whether a song of three minutes takes more processor time than ``settings.DEMANDING_CPU_SECONDS``.

    A model whose descriptor states no cost counts like the dearest of its family, and as demanding if none does.
    """
    costs = (
        [spec.cost] if spec.cost else [other.cost for other in SPECS.values() if other.family == spec.family]
    )
    stated = [cost.cpu_seconds for cost in costs if cost]
    return not stated or max(stated) > settings.DEMANDING_CPU_SECONDS


def seconds_until_next(user: User, *, besides: Separation | None = None) -> int:
    """Return in how many seconds ``user`` may have the next song separated with a demanding model; 0 is now.

    What was put into the queue ``besides`` the one in question counts, but not what was cancelled before it began.
    """
    limit = settings.DEMANDING_PER_DAY
    if not limit or user.is_staff:
        return 0
    slugs = [spec.slug for spec in SPECS.values() if is_demanding(spec)]
    now = timezone.now()
    counted = Separation.objects.filter(queued_by=user, queued_at__gt=now - DAY, model__in=slugs)
    counted = counted.exclude(status=Status.CANCELLED, started_at=None)
    if besides is not None:
        counted = counted.exclude(pk=besides.pk)
    # When the oldest of so many has been there for a day, there is room for one.
    moments = counted.order_by("-queued_at").values_list("queued_at", flat=True)[limit - 1 : limit]
    return max([round((moment + DAY - now).total_seconds()) + 1 for moment in moments if moment], default=0)


def check(user: User, separation: Separation) -> None:
    """Raise ``CatalogError("too_many_demanding")`` (429) where ``separation``, queued for ``user``, is one too many."""
    spec = SPECS.get(separation.model)
    if spec is None or not is_demanding(spec):
        return
    if seconds := seconds_until_next(user, besides=separation):
        raise CatalogError("too_many_demanding", explain(seconds), status=429, retry_after=seconds)


def explain(seconds: int) -> str:
    """Say that the limit is reached, and when that ends."""
    limit = settings.DEMANDING_PER_DAY
    sentence = ngettext(
        "In 24 hours you may have %(n)d song separated with a demanding model. The next one is possible in %(time)s; "
        "other models are possible now.",
        "In 24 hours you may have %(n)d songs separated with demanding models. The next one is possible in %(time)s; "
        "other models are possible now.",
        limit,
    )
    return sentence % {"n": limit, "time": duration(seconds)}


def note(seconds: int) -> str:
    """Say it in few words beside a model."""
    return _("Possible again in %(time)s") % {"time": duration(seconds)}
