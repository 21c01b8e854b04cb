"""How fast models are on this server."""

from statistics import median

from django.db.models import Exists, OuterRef

from catalog.models import Visibility
from separation.models import Separation, Status, TrackSeparation

MEASURED = 25
"""How many of the newest separations the speed of a model is measured from."""


def measured_seconds(slug: str, *, of_shared: bool = False) -> float | None:
    """Return the median of the seconds that a minute of audio took lately, None before there was any.

    ``of_shared`` counts only songs that everybody may hear: how long a private one took is nobody's business.
    """
    shown = TrackSeparation.objects.filter(
        separation=OuterRef("pk"), track__visibility=Visibility.SHARED, stopped_at=None
    )
    rows = Separation.objects.filter(model=slug, status=Status.SUCCEEDED).order_by("-finished_at")
    columns = ("started_at", "finished_at", "mixture__duration", "shared")
    taken = [
        (finished - started).total_seconds() / duration * 60
        for started, finished, duration, shared in rows.annotate(shared=Exists(shown)).values_list(*columns)[
            :MEASURED
        ]
        if started and finished and duration and (shared or not of_shared)
    ]
    return median(taken) if taken else None
