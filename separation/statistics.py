"""What is in this library, and how people find it: totals, by model, by genre, stars.

Counting takes a look through whole tables, so it is done now and then and kept in one row, which every request and
every process reads. Where it takes no time, because there is little, whoever asks counts anew after a second, and at
once after somebody gave stars; where it takes long, the sweep does, so seldom that it costs a fiftieth of the time.

Private songs, and what belongs to them, count in the totals and in nothing else: neither a genre nor a model nor a star
tells that somebody keeps one.
"""

import time
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Avg, Count, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from accounts.models import User
from catalog.models import Album, Artist, Track, Visibility
from separation.engines import modelspec
from separation.models import Rating, Separation, Statistics, Status, Stem
from separation.ratings import FEWEST, MOST

FRESH_SECONDS = 1.0
COST = 50  # counting may take one part of so many of the time
QUICK_SECONDS = 0.25
BEGUN = "statistics-begun"
LONGEST_SECONDS = 600  # after so long whoever began to count has died

MOST_GENRES = 50
MONTHS = 12

Figures = dict[str, Any]


def current() -> Statistics:
    """The statistics to show: a second old at most in a small library, older in a large one."""
    row = _last()
    if row is None:
        return measure()
    if _is_due(row) and row.seconds < QUICK_SECONDS and cache.add(BEGUN, "here", LONGEST_SECONDS):
        try:
            return measure()
        finally:
            cache.delete(BEGUN)
    return row


def refresh() -> bool:
    """For the sweep: count anew what takes long to count, when it is time; whether it was."""
    row = _last()
    if row is not None and (row.seconds < QUICK_SECONDS or not _is_due(row)):
        return False
    measure()
    return True


def outdate() -> None:
    """Something has changed that people look for at once: where counting is quick, it is done for the next one."""
    Statistics.objects.filter(seconds__lt=QUICK_SECONDS).delete()


def measure() -> Statistics:
    """Look through the tables, and keep what was found."""
    started = time.perf_counter()
    figures = {
        "totals": _totals(),
        "by_model": _by_model(),
        "by_genre": _by_genre(),
        "by_month": _by_month(),
        "ratings": _ratings(),
    }
    row, _created = Statistics.objects.update_or_create(
        pk=1,
        defaults={
            "figures": figures,
            "measured_at": timezone.now(),
            "seconds": time.perf_counter() - started,
        },
    )
    return row


def _last() -> Statistics | None:
    return Statistics.objects.filter(pk=1).first()


def _is_due(row: Statistics) -> bool:
    age = (timezone.now() - row.measured_at).total_seconds()
    return age > max(FRESH_SECONDS, COST * row.seconds) or age < 0


def _totals() -> Figures:
    tracks = Track.objects.aggregate(n=Count("pk"), seconds=Sum("audio__duration"), plays=Sum("plays"))
    return {
        "tracks": tracks["n"],
        "seconds": round(tracks["seconds"] or 0.0, 1),
        "plays": tracks["plays"] or 0,
        "artists": Artist.objects.count(),
        "albums": Album.objects.count(),
        "separations": Separation.objects.filter(status=Status.SUCCEEDED).count(),
        "stems": Stem.objects.count(),
        "people": User.objects.count(),
        "ratings": Rating.objects.count(),
    }


def _separated() -> QuerySet[Separation]:
    """Finished separations of shared songs; shared audio has one track, so each is here once."""
    return Separation.objects.filter(
        status=Status.SUCCEEDED, mixture__tracks__visibility=Visibility.SHARED
    ).order_by()


def _shared_ratings() -> QuerySet[Rating]:
    return Rating.objects.filter(separation__mixture__tracks__visibility=Visibility.SHARED).order_by()


def _rated(average: float | None, count: int) -> Figures:
    return {"average": None if average is None else round(average, 2), "count": count}


def _by_model() -> list[Figures]:
    """Those with separations, the most used first."""
    stars = _shared_ratings().values_list("separation__model")
    of_all = {model: _rated(*said) for model, *said in stars.annotate(Avg("score"), Count("pk"))}
    of_parts: dict[str, dict[str | None, Figures]] = {}
    parts = _shared_ratings().values_list("separation__model", "stem__name")
    for model, part, *said in parts.annotate(Avg("score"), Count("pk")):
        of_parts.setdefault(model, {})[part] = _rated(*said)
    rows = _separated().values_list("model").annotate(n=Count("pk"), seconds=Sum("mixture__duration"))
    none = _rated(None, 0)
    return [
        {
            "model": model,
            "separations": count,
            "seconds": round(seconds or 0.0, 1),
            "rating": of_all.get(model, none),
            "whole": of_parts.get(model, {}).get(None, none),
            "stems": [
                {"name": name, **of_parts.get(model, {}).get(name, none)}
                for name in (modelspec.SPECS[model].stems if model in modelspec.SPECS else ())
            ],
        }
        for model, count, seconds in rows.order_by("-n", "model")
    ]


def _by_genre() -> list[Figures]:
    """The genres with the most shared songs."""
    shared = Track.objects.filter(visibility=Visibility.SHARED).exclude(genre_key="").order_by()
    rows = list(
        shared.values_list("genre_key")
        .annotate(n=Count("pk"), played=Sum("plays"), name=Max("genre"))
        .order_by("-n", "genre_key")[:MOST_GENRES]
    )
    keys = [row[0] for row in rows]
    by_key = Q(mixture__tracks__genre_key__in=keys)
    done = _separated().filter(by_key).values_list("mixture__tracks__genre_key").annotate(Count("pk"))
    made = dict(done)
    genre = "separation__mixture__tracks__genre_key"
    stars = _shared_ratings().filter(**{f"{genre}__in": keys}).values_list(genre)
    rated = {key: _rated(*said) for key, *said in stars.annotate(Avg("score"), Count("pk"))}
    return [
        {
            "genre": name,
            "key": key,
            "tracks": count,
            "plays": played or 0,
            "separations": made.get(key, 0),
            "rating": rated.get(key, _rated(None, 0)),
        }
        for key, count, played, name in rows
    ]


def _by_month() -> list[Figures]:
    """What came in each of the last months, this one last."""
    first = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = [first]
    while len(months) < MONTHS:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    shared = Track.objects.filter(visibility=Visibility.SHARED, created_at__gte=months[0]).order_by()
    brought = _of_months(shared.annotate(month=TruncMonth("created_at")))
    separated = _separated().filter(finished_at__gte=months[0])
    made = _of_months(separated.annotate(month=TruncMonth("finished_at")))
    names = [month.strftime("%Y-%m") for month in months]
    return [
        {"month": name, "tracks": brought.get(name, 0), "separations": made.get(name, 0)} for name in names
    ]


def _of_months(rows: "QuerySet[Any]") -> dict[str, int]:
    counts = rows.values_list("month").annotate(Count("pk"))
    return {month.strftime("%Y-%m"): count for month, count in counts if month}


def _ratings() -> Figures:
    """All stars for shared songs, and how many of each."""
    counts = dict(_shared_ratings().values_list("score").annotate(Count("pk")))
    total = sum(counts.values())
    average = sum(score * count for score, count in counts.items()) / total if total else None
    return {
        **_rated(average, total),
        "scores": [counts.get(score, 0) for score in range(FEWEST, MOST + 1)],
    }
