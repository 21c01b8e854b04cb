"""How fast models are on this server."""

from statistics import median

from separation.models import Separation, SeparationQuerySet, Status

MEASURED = 25
"""How many of the newest separations the speed of a model is measured from."""


def measured_seconds(slug: str, rows: SeparationQuerySet | None = None) -> float | None:
    """Return the median of the seconds that a minute of audio took lately, None before there was any.

    Of all separations, or of ``rows``.
    """
    rows = Separation.objects.all() if rows is None else rows
    columns = ("started_at", "finished_at", "mixture__duration")
    newest = rows.filter(model=slug, status=Status.SUCCEEDED).order_by("-finished_at").values_list(*columns)
    taken = [
        (finished - started).total_seconds() / duration * 60
        for started, finished, duration in newest[:MEASURED]
        if started and finished and duration
    ]
    return median(taken) if taken else None
