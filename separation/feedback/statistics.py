"""What is in this library, and how people find it: totals, by model, by genre, stars.

Counting takes a look through whole tables, so it is done now and then and kept in one row, which every request and
every process reads. Where it takes no time, because there is little, whoever asks counts anew after a second, and at
once after somebody gave stars. Where it takes long, the supervisor does, so seldom that it costs a fiftieth of the
time.

Private songs, and what belongs to them, count in nothing: neither a total nor a genre nor a model nor a star tells that
somebody keeps one.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from operator import attrgetter
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db.models import Count, F, Max, QuerySet, Sum
from django.db.models.functions import Greatest, TruncMonth
from django.utils import timezone

from accounts.models import User
from catalog.models import Album, Artist, Track, Visibility
from separation.engines import modelspec
from separation.feedback.ratings import FEWEST, MOST
from separation.models import Rating, Separation, Statistics, Status, Stem

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
    """For the supervisor: count anew what takes long to count, when it is time; whether it was."""
    row = _last()
    if row is not None and (row.seconds < QUICK_SECONDS or not _is_due(row)):
        return False
    measure()
    return True


def outdate(track: Track) -> None:
    """Stars of ``track`` have changed, which people look for at once: where counting is quick, it is done for the
    next one. Those of a private track count nowhere."""
    if track.visibility == Visibility.SHARED:
        Statistics.objects.filter(seconds__lt=QUICK_SECONDS).delete()


def measure() -> Statistics:
    """Look through the tables, and keep what was found."""
    started = time.perf_counter()
    made, stars = _made(), _stars()
    figures = {
        "totals": _totals(),
        "by_model": _by_model(made, stars),
        "by_genre": _by_genre(made, stars),
        "by_month": _by_month(),
        "ratings": _ratings(stars),
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
    shared = Track.objects.filter(visibility=Visibility.SHARED)
    tracks = shared.aggregate(n=Count("pk"), seconds=Sum("audio__duration"), plays=Sum("plays"))
    separated = _separated()
    return {
        "tracks": tracks["n"],
        "seconds": round(tracks["seconds"] or 0.0, 1),
        "plays": tracks["plays"] or 0,
        "artists": Artist.objects.visible_to(AnonymousUser()).count(),
        "albums": Album.objects.visible_to(AnonymousUser()).count(),
        "separations": separated.count(),
        "stems": Stem.objects.filter(separation__in=separated.values("pk")).count(),
        "people": User.objects.count(),
        "ratings": _rating_rows().count(),
    }


def _separated() -> QuerySet[Separation]:
    """Finished separations of shared songs; shared audio has one track, so each is here once."""
    return Separation.objects.filter(
        status=Status.SUCCEEDED,
        track_separations__track__visibility=Visibility.SHARED,
        track_separations__track__audio=F("mixture"),
        track_separations__stopped_at=None,
    ).order_by()


def _rating_rows() -> QuerySet[Rating]:
    """Those given to shared songs; what a song that was merged into another has of its former audio is left out."""
    return Rating.objects.filter(
        track__visibility=Visibility.SHARED, track__audio=F("separation__mixture")
    ).order_by()


@dataclass(frozen=True, slots=True)
class _Made:
    """So many separations of shared songs, and seconds of music in them."""

    model: str
    genre: str
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Stars:
    """So many ratings of shared songs; ``stem`` is None for the whole."""

    model: str
    genre: str
    stem: str | None
    score: int
    count: int


def _made() -> list[_Made]:
    """One look at all of them, for models and genres."""
    rows = _separated().values_list("model", "track_separations__track__genre_key")
    return [_Made(*row) for row in rows.annotate(Count("pk"), Sum("mixture__duration"))]


def _stars() -> list[_Stars]:
    """One look at all of them, for models, genres and scores."""
    said = _rating_rows().values_list("separation__model", "track__genre_key", "stem__name", "score")
    return [_Stars(*row) for row in said.annotate(Count("pk"))]


def _rated(stars: Iterable[_Stars]) -> Figures:
    """``average`` of ``count`` ratings."""
    total = count = 0
    for row in stars:
        total += row.score * row.count
        count += row.count
    return {"average": round(total / count, 2) if count else None, "count": count}


def _grouped(stars: list[_Stars], key: Callable[[_Stars], str]) -> dict[str, list[_Stars]]:
    found: dict[str, list[_Stars]] = defaultdict(list)
    for row in stars:
        found[key(row)].append(row)
    return found


def _by_model(made: list[_Made], stars: list[_Stars]) -> list[Figures]:
    """Those with separations, the most used first."""
    counts: Counter[str] = Counter()
    seconds: dict[str, float] = defaultdict(float)
    for row in made:
        counts[row.model] += row.count
        seconds[row.model] += row.seconds
    of = _grouped(stars, attrgetter("model"))
    return [
        {
            "model": model,
            "separations": count,
            "seconds": round(seconds[model], 1),
            "rating": _rated(of[model]),
            "whole": _rated(said for said in of[model] if said.stem is None),
            "stems": [
                {"name": name, **_rated(said for said in of[model] if said.stem == name)}
                for name in (modelspec.SPECS[model].stems if model in modelspec.SPECS else ())
            ],
        }
        for model, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _by_genre(made: list[_Made], stars: list[_Stars]) -> list[Figures]:
    """The genres with the most shared songs."""
    shared = Track.objects.filter(visibility=Visibility.SHARED).exclude(genre_key="").order_by()
    rows = list(
        shared.values_list("genre_key")
        .annotate(n=Count("pk"), played=Sum("plays"), name=Max("genre"))
        .order_by("-n", "genre_key")[:MOST_GENRES]
    )
    counts: Counter[str] = Counter()
    for row in made:
        counts[row.genre] += row.count
    of = _grouped(stars, attrgetter("genre"))
    return [
        {
            "genre": name,
            "key": key,
            "tracks": count,
            "plays": played or 0,
            "separations": counts[key],
            "rating": _rated(of[key]),
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
    separated = _separated().annotate(shown=shown).filter(shown__gte=months[0])
    separations = _count_by_month(separated, F("shown"), zone)
    names = [f"{month:%Y-%m}" for month in months]
    return [
        {"month": name, "tracks": tracks.get(name, 0), "separations": separations.get(name, 0)}
        for name in names
    ]


def _count_by_month(rows: "QuerySet[Any]", moment: F, zone: tzinfo) -> dict[str, int]:
    counts = rows.annotate(month=TruncMonth(moment, tzinfo=zone)).values_list("month").annotate(Count("pk"))
    return {f"{month:%Y-%m}": count for month, count in counts if month}


def _ratings(stars: list[_Stars]) -> Figures:
    """All stars for shared songs, and how many of each."""
    counts: Counter[int] = Counter()
    for row in stars:
        counts[row.score] += row.count
    return {**_rated(stars), "scores": [counts[score] for score in range(FEWEST, MOST + 1)]}
