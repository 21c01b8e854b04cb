"""Statistics of the library: totals, figures by model, genre and month, ratings.

Counting scans whole tables, so the result is kept in one row, which every request and every process reads. In a small
library, where counting is quick, a request counts again after a second, and at once after a new rating. In a large one
the supervisor counts, so seldom that it costs a fiftieth of the time.

Private songs and what belongs to them are in no figure, so that no total, genre, model or rating reveals one.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Greatest, TruncMonth
from django.utils import timezone

from accounts.models import User
from catalog.models import Album, Artist, Track, Visibility
from separation.engines import modelspec
from separation.feedback.ratings import FEWEST, MOST
from separation.models import Rating, Separation, Statistics, Status, Stem

FRESH_SECONDS = 1.0
INTERVAL_FACTOR = 50  # the pause between two counts, in times of what the last one took
QUICK_SECONDS = 0.25
LOCK = "statistics-begun"
LOCK_SECONDS = 600  # outlasts every count; a process that died must not hold it for ever

MOST_GENRES = 50
MONTHS = 12

Figures = dict[str, Any]


def current() -> Statistics:
    """Return the statistics to show: a second old at most in a small library, older in a large one."""
    row = _stored()
    if row is None:
        return measure()
    if _is_due(row) and row.seconds < QUICK_SECONDS and cache.add(LOCK, "here", LOCK_SECONDS):
        try:
            return measure()
        finally:
            cache.delete(LOCK)
    return row


def refresh() -> bool:
    """Count again if that is slow and due; True if it was. For the supervisor."""
    row = _stored()
    if row is not None and (row.seconds < QUICK_SECONDS or not _is_due(row)):
        return False
    measure()
    return True


def outdate(track: Track) -> None:
    """Have the next request count again, where that is quick, because ratings of ``track`` changed.

    Those of a private track are in no figure.
    """
    if track.visibility == Visibility.SHARED:
        Statistics.objects.filter(seconds__lt=QUICK_SECONDS).delete()


def measure() -> Statistics:
    """Count everything, and store it."""
    started = time.perf_counter()
    separations, ratings = _separation_counts(), _rating_counts()
    figures = {
        "totals": _totals(),
        "by_model": _by_model(separations, ratings),
        "by_genre": _by_genre(separations, ratings),
        "by_month": _by_month(),
        "ratings": _score_totals(ratings),
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


def _stored() -> Statistics | None:
    return Statistics.objects.filter(pk=1).first()


def _is_due(row: Statistics) -> bool:
    age = (timezone.now() - row.measured_at).total_seconds()
    return age > max(FRESH_SECONDS, INTERVAL_FACTOR * row.seconds) or age < 0


def _totals() -> Figures:
    shared = Track.objects.filter(visibility=Visibility.SHARED)
    tracks = shared.aggregate(n=Count("pk"), seconds=Sum("audio__duration"), plays=Sum("plays"))
    finished = _finished()
    return {
        "tracks": tracks["n"],
        "seconds": round(tracks["seconds"] or 0.0, 1),
        "plays": tracks["plays"] or 0,
        "artists": Artist.objects.visible_to(AnonymousUser()).count(),
        "albums": Album.objects.visible_to(AnonymousUser()).count(),
        "separations": finished.count(),
        "stems": Stem.objects.filter(separation__in=finished.values("pk")).count(),
        "people": User.objects.count(),
        "ratings": _rating_rows().count(),
    }


def _finished() -> QuerySet[Separation]:
    """Select finished separations of shared songs and of their stems, each once, as shared audio has one track."""
    stems = Stem.objects.filter(
        audio=OuterRef("mixture"), separation__mixture=OuterRef("track_separations__track__audio")
    )
    return Separation.objects.filter(
        Q(track_separations__track__audio=F("mixture")) | Exists(stems.order_by()),
        status=Status.SUCCEEDED,
        track_separations__track__visibility=Visibility.SHARED,
        track_separations__stopped_at=None,
    ).order_by()


def _rating_rows() -> QuerySet[Rating]:
    """Select ratings of shared songs, without those of audio that a merged song had before."""
    stems = Stem.objects.filter(
        audio=OuterRef("separation__mixture"), separation__mixture=OuterRef("track__audio")
    )
    of_song = Q(track__audio=F("separation__mixture"))
    rows = Rating.objects.filter(of_song | Exists(stems.order_by()), track__visibility=Visibility.SHARED)
    return rows.order_by()


@dataclass(frozen=True, slots=True)
class _SeparationCount:
    """``count`` separations of shared songs, with ``seconds`` of music."""

    model: str
    genre: str
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _RatingCount:
    """``count`` ratings of shared songs with ``score``; ``stem`` is None for the whole."""

    model: str
    genre: str
    stem: str | None
    score: int
    count: int


def _separation_counts() -> list[_SeparationCount]:
    """Count in one scan for models and genres."""
    rows = _finished().values_list("model", "track_separations__track__genre_key")
    return [_SeparationCount(*row) for row in rows.annotate(Count("pk"), Sum("mixture__duration"))]


def _rating_counts() -> list[_RatingCount]:
    """Count in one scan for models, genres and scores."""
    rows = _rating_rows().values_list("separation__model", "track__genre_key", "stem__name", "score")
    return [_RatingCount(*row) for row in rows.annotate(Count("pk"))]


def _average(ratings: Iterable[_RatingCount]) -> Figures:
    """Return ``average`` of ``count`` ratings."""
    total = count = 0
    for row in ratings:
        total += row.score * row.count
        count += row.count
    return {"average": round(total / count, 2) if count else None, "count": count}


def _group_by(ratings: list[_RatingCount], field: str) -> dict[str, list[_RatingCount]]:
    groups: dict[str, list[_RatingCount]] = defaultdict(list)
    for row in ratings:
        groups[getattr(row, field)].append(row)
    return groups


def _by_model(separations: list[_SeparationCount], ratings: list[_RatingCount]) -> list[Figures]:
    """List the models with separations, the most used first."""
    counts: Counter[str] = Counter()
    seconds: dict[str, float] = defaultdict(float)
    for row in separations:
        counts[row.model] += row.count
        seconds[row.model] += row.seconds
    ratings_of = _group_by(ratings, "model")
    return [
        {
            "model": model,
            "separations": count,
            "seconds": round(seconds[model], 1),
            "rating": _average(ratings_of[model]),
            "whole": _average(row for row in ratings_of[model] if row.stem is None),
            "stems": [
                {"name": name, **_average(row for row in ratings_of[model] if row.stem == name)}
                for name in (modelspec.SPECS[model].stems if model in modelspec.SPECS else ())
            ],
        }
        for model, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _by_genre(separations: list[_SeparationCount], ratings: list[_RatingCount]) -> list[Figures]:
    """List the genres with the most shared songs."""
    shared = Track.objects.filter(visibility=Visibility.SHARED).exclude(genre_key="").order_by()
    rows = list(
        shared.values_list("genre_key")
        .annotate(n=Count("pk"), played=Sum("plays"), name=Max("genre"))
        .order_by("-n", "genre_key")[:MOST_GENRES]
    )
    counts: Counter[str] = Counter()
    for row in separations:
        counts[row.genre] += row.count
    ratings_of = _group_by(ratings, "genre")
    return [
        {
            "genre": name,
            "key": key,
            "tracks": count,
            "plays": played or 0,
            "separations": counts[key],
            "rating": _average(ratings_of[key]),
        }
        for key, count, played, name in rows
    ]


def _by_month() -> list[Figures]:
    """Count what came in each of the last months of the installation's time zone, the current one last."""
    zone = timezone.get_default_timezone()
    first = timezone.now().astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = [first]
    while len(months) < MONTHS:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    shared = Track.objects.filter(visibility=Visibility.SHARED, created_at__gte=months[0]).order_by()
    tracks = _count_by_month(shared, F("created_at"), zone)
    shown = Greatest("finished_at", "track_separations__created_at")  # as for those who see the track
    separated = _finished().annotate(shown=shown).filter(shown__gte=months[0])
    separations = _count_by_month(separated, F("shown"), zone)
    names = [f"{month:%Y-%m}" for month in months]
    return [
        {"month": name, "tracks": tracks.get(name, 0), "separations": separations.get(name, 0)}
        for name in names
    ]


def _count_by_month(rows: "QuerySet[Any]", moment: F, zone: tzinfo) -> dict[str, int]:
    counts = rows.annotate(month=TruncMonth(moment, tzinfo=zone)).values_list("month").annotate(Count("pk"))
    return {f"{month:%Y-%m}": count for month, count in counts if month}


def _score_totals(ratings: list[_RatingCount]) -> Figures:
    """Average all ratings of shared songs, and count each score."""
    counts: Counter[int] = Counter()
    for row in ratings:
        counts[row.score] += row.count
    return {**_average(ratings), "scores": [counts[score] for score in range(FEWEST, MOST + 1)]}
