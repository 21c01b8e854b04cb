"""What the queue's workers have done, as totals that only grow.

Rows are deleted, repeated and cancelled, so a sum over all of them may fall, which monitoring takes for a restart. Here
each row is counted once, when its end has become known, and what was counted stays in the cache: after a restart
without Redis the totals begin at zero.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, DurationField, ExpressionWrapper, F, Sum
from django.utils import timezone

from separation.engines import modelspec
from separation.error_messages import REASONS
from separation.models import Separation, Status

CACHE_KEY = "work-totals"
DELAY = timedelta(seconds=10)
"""Between the time that a transaction writes and its commit, and between the clocks of this server and its database."""
OTHER_REASON = "other"


@dataclass(frozen=True)
class WorkTotals:
    """Everything that ended up to ``until``."""

    until: datetime
    separated: Counter[str] = field(default_factory=Counter)
    """Successful separations by model."""
    audio_seconds: dict[str, float] = field(default_factory=dict)
    """Their music, by model."""
    work_seconds: dict[str, float] = field(default_factory=dict)
    """The time that they took, by model."""
    failed: Counter[str] = field(default_factory=Counter)
    """Failed separations by reason."""


def latest() -> WorkTotals:
    """Add what has ended since the last call. Two calls at once add the same, and the cache keeps one of them."""
    until = timezone.now() - DELAY
    known: WorkTotals | None = cache.get(CACHE_KEY)
    totals = WorkTotals(until) if known is None else _extend(known, until)
    if totals is not known:
        cache.set(CACHE_KEY, totals, None)
    return totals


def _extend(known: WorkTotals, until: datetime) -> WorkTotals:
    if until <= known.until:
        return known
    ended = Separation.objects.filter(finished_at__gt=known.until, finished_at__lte=until).order_by()
    took = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    # Named one by one, so that the index of finished separations by model is used.
    succeeded = ended.filter(status=Status.SUCCEEDED, model__in=list(modelspec.SPECS)).values_list("model")
    separated = Counter(known.separated)
    audio, work = dict(known.audio_seconds), dict(known.work_seconds)
    for model, count, music, time in succeeded.annotate(
        Count("pk"), music=Sum("mixture__duration"), work=Sum(took)
    ):
        separated[model] += count
        audio[model] = audio.get(model, 0.0) + music
        work[model] = work.get(model, 0.0) + (time.total_seconds() if time else 0.0)
    failed = Counter(known.failed)
    for reason, count in ended.filter(status=Status.FAILED).values_list("error_code").annotate(Count("pk")):
        failed[reason if reason in REASONS else OTHER_REASON] += count
    return WorkTotals(until, separated, audio, work, failed)
