"""Totals that scan whole tables, for the dashboard and ``/metrics``: measured in the background and cached."""

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.db.models import Count, Exists, OuterRef, Sum
from django.utils import timezone

from accounts.models import User
from catalog.models import Album, Artist, AudioFile, Rendition, Track, Upload
from catalog.pagination import count_up_to
from separation.engines import model_files, modelspec
from separation.models import Separation, Status, Stem

log = logging.getLogger(__name__)

CACHE_KEY = "figures"
MEASURING_KEY = "figures-measuring"
CACHE_SECONDS = 7 * 86_400
# Measured again after this time, and so seldom that it takes at most a hundredth of one processor.
MIN_AGE_SECONDS = 15.0
MAX_SHARE = 0.01
GIVE_UP_SECONDS = 600  # whoever has been measuring for so long has crashed
SMALL = 10_000  # stored files, whose scan takes less than a second
SPEED_SAMPLE = 100  # separations


@dataclass(frozen=True)
class ModelFigures:
    """Separations with one model."""

    slug: str
    is_installed: bool
    succeeded: int = 0
    failed: int = 0
    speed: float | None = None
    """Seconds of music for each second of work, in the newest separations."""


@dataclass(frozen=True)
class Figures:
    measured_at: datetime
    seconds: float
    tracks: int
    artists: int
    albums: int
    accounts: int
    uploads: int
    audio_files: int
    original_bytes: int
    stem_bytes: int
    rendition_bytes: int
    separations: dict[str, int]
    """By status."""
    models: list[ModelFigures] = field(default_factory=list)

    @property
    def age(self) -> timedelta:
        return timezone.now() - self.measured_at

    @property
    def is_stale(self) -> bool:
        return self.age.total_seconds() > max(MIN_AGE_SECONDS, self.seconds / MAX_SHARE)


def latest() -> Figures | None:
    """Return the last figures, None before the first; measure stale ones again in the background."""
    figures: Figures | None = cache.get(CACHE_KEY)
    if (figures is None or figures.is_stale) and cache.add(MEASURING_KEY, "yes", GIVE_UP_SECONDS):
        threading.Thread(target=_measure_in_background, name="figures", daemon=True).start()
    return figures


def latest_or_first() -> Figures | None:
    """Return the last figures; measure the first ones now in a small catalogue, in the background in a large one."""
    is_small = cache.get(CACHE_KEY) is None and count_up_to(AudioFile.objects.all(), SMALL) < SMALL
    if is_small and cache.add(MEASURING_KEY, "yes", GIVE_UP_SECONDS):
        try:
            store(measure())
        finally:
            cache.delete(MEASURING_KEY)
    return latest()


def store(figures: Figures) -> None:
    """Make these the last figures."""
    cache.set(CACHE_KEY, figures, CACHE_SECONDS)


def _measure_in_background() -> None:
    try:
        store(measure())
    except Exception:
        log.exception("measuring the figures failed")
    finally:
        cache.delete(MEASURING_KEY)
        connections.close_all()


def measure() -> Figures:
    """Scan the tables. At a million songs this takes seconds."""
    started = time.monotonic()
    is_stem = Exists(Stem.objects.filter(audio=OuterRef("pk")).order_by())
    stored = AudioFile.objects.aggregate(count=Count("pk"), size=Sum("size"))
    stem_bytes = AudioFile.objects.filter(is_stem).aggregate(size=Sum("size"))["size"] or 0
    by_model: dict[str, Counter[str]] = {}
    by_status = Counter(dict.fromkeys(Status.values, 0))
    rows = Separation.objects.order_by().values_list("model", "status").annotate(n=Count("pk"))
    for model, status, count in rows:
        by_model.setdefault(model, Counter())[status] = count
        by_status[status] += count
    return Figures(
        measured_at=timezone.now(),
        tracks=Track.objects.count(),
        artists=Artist.objects.count(),
        albums=Album.objects.count(),
        accounts=User.objects.count(),
        uploads=Upload.objects.count(),
        audio_files=stored["count"],
        original_bytes=(stored["size"] or 0) - stem_bytes,
        stem_bytes=stem_bytes,
        rendition_bytes=Rendition.objects.aggregate(size=Sum("size"))["size"] or 0,
        separations=dict(by_status),
        models=[_model(slug, counts) for slug, counts in sorted(by_model.items())],
        seconds=time.monotonic() - started,
    )


def _model(slug: str, counts: Counter[str]) -> ModelFigures:
    return ModelFigures(
        slug=slug,
        is_installed=slug in modelspec.SPECS
        and model_files.is_available(modelspec.get(slug), settings.MODELS_DIR),
        succeeded=counts[Status.SUCCEEDED],
        failed=counts[Status.FAILED],
        speed=_speed(slug),
    )


def _speed(model: str) -> float | None:
    rows = Separation.objects.filter(model=model, status=Status.SUCCEEDED, started_at__isnull=False)
    music = work = 0.0
    for row in rows.select_related("mixture").order_by("-finished_at")[:SPEED_SAMPLE]:
        if row.started_at and row.finished_at:
            music += row.mixture.duration
            work += (row.finished_at - row.started_at).total_seconds()
    return round(music / work, 1) if work else None
