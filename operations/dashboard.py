"""What the front page of the admin panel tells: what is going on, what failed, who takes how much.

Everything in ``now()`` is bounded and has an index behind it. What must look through whole tables is measured in the
background when somebody looks, and remembered: the page shows the last figures and their age.
"""

import logging
import shutil
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection, connections
from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Sum
from django.utils import timezone

from accounts import installation
from accounts.models import User
from audio.fingerprint import chromaprint
from catalog.models import Album, Artist, AudioFile, Rendition, Track
from catalog.pagination import count_up_to
from catalog.storage import backend
from separation.engines import modelspec
from separation.error_messages import explain
from separation.models import Separation, Status, Stem
from separation.queue.workers import busy_workers

log = logging.getLogger(__name__)

KEY = "dashboard-figures"
BEGUN = "dashboard-figures-begun"
FRESH = timedelta(minutes=10)
KEPT_SECONDS = 7 * 86_400
FAILURE_DAYS = 7
SHOWN = 10
SAMPLED = 100  # separations whose speed stands for that of their model


@dataclass(frozen=True)
class Model:
    """How a model does."""

    slug: str
    is_installed: bool
    succeeded: int = 0
    failed: int = 0
    speed: float | None = None
    """Seconds of music for each second of work, lately."""


@dataclass(frozen=True)
class Figures:
    """What takes a look through whole tables."""

    measured_at: datetime
    tracks: int
    artists: int
    albums: int
    accounts: int
    original_bytes: int
    stem_bytes: int
    rendition_bytes: int
    models: list[Model] = field(default_factory=list)


def now(user: User | AnonymousUser) -> dict[str, Any]:
    """What can be told at once; only what ``user`` may look at in the panel anyway."""
    told: dict[str, Any] = {}
    if user.has_perm("separation.view_separation"):
        told |= {"queue": queue(), "failures": failures()}
    if user.has_perm("catalog.view_track"):
        told["newest"] = Track.objects.select_related("artist", "owner").order_by("-created_at")[:SHOWN]
    if user.has_perm("accounts.view_user"):
        told["people"] = _with_shares(
            User.objects.filter(stored_bytes__gt=0).order_by("-stored_bytes")[:SHOWN]
        )
    if user.has_perm("catalog.view_audiofile"):
        told |= {"disk": disk(), "figures": figures(), "parts": parts()}
    return told


def queue() -> dict[str, Any]:
    """What is being separated, and what waits."""
    running = _named(Separation.objects.filter(status=Status.RUNNING).order_by("started_at"))
    waiting = Separation.objects.filter(status=Status.QUEUED).order_by("queued_at")
    first = waiting.exclude(queued_at=None).values_list("queued_at", flat=True).first()
    return {
        "running": running,
        "running_count": count_up_to(Separation.objects.filter(status=Status.RUNNING)),
        "waiting_count": count_up_to(waiting),
        "waiting_since": first,
        "busy": len(busy_workers()),
        "workers": settings.WORKERS,
        "is_alive": installation.is_running(settings.DATA_DIR),
    }


def failures() -> dict[str, Any]:
    """What failed in the last days, and the newest of it with the reason."""
    since = timezone.now() - timedelta(days=FAILURE_DAYS)
    rows = Separation.objects.filter(status=Status.FAILED, queued_at__gte=since)
    codes = rows.order_by().values_list("error_code").annotate(n=Count("pk")).order_by("-n")
    return {
        "days": FAILURE_DAYS,
        "reasons": _shared_out(
            [(explain(Separation(status=Status.FAILED, error_code=c)) or c, n) for c, n in codes]
        ),
        "newest": _named(rows.order_by("-queued_at")),
    }


def _named(rows: "QuerySet[Separation]") -> list[dict[str, Any]]:
    """The first of them with the songs they are for."""
    songs = Prefetch("mixture__tracks", Track.objects.select_related("artist"))
    found = list(rows.select_related("mixture").prefetch_related(songs)[:SHOWN])
    return [
        {"row": row, "song": next(iter(row.mixture.tracks.all()), None), "reason": explain(row)}
        for row in found
    ]


def disk() -> dict[str, Any]:
    """Room where the data lies."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    return {"free": usage.free, "total": usage.total, "used_share": round(100 * usage.used / usage.total)}


def parts() -> dict[str, Any]:
    """What this installation is made of, and what optional it has."""
    return {
        "database": connection.vendor,
        "is_shared_cache": bool(settings.CACHE_URL),
        "is_local_storage": backend.is_local(),
        "has_fingerprints": settings.FINGERPRINTS and chromaprint.load() is not None,
        "models": [
            (slug, modelspec.is_available(s, settings.MODELS_DIR)) for slug, s in modelspec.SPECS.items()
        ],
    }


def figures() -> Figures | None:
    """The last ones; None before the first. Older ones than ``FRESH`` are measured again, in the background."""
    known: Figures | None = cache.get(KEY)
    is_old = known is None or timezone.now() - known.measured_at > FRESH
    if is_old and cache.add(BEGUN, "begun", FRESH.total_seconds()):
        threading.Thread(target=_measure_aside, name="dashboard", daemon=True).start()
    return known


def remember(measured: Figures) -> None:
    """Show these from now on."""
    cache.set(KEY, measured, KEPT_SECONDS)
    cache.delete(BEGUN)


def _measure_aside() -> None:
    try:
        remember(measure())
    except Exception:
        log.exception("the figures of the front page could not be measured")
    finally:
        connections.close_all()


def measure() -> Figures:
    """Look through the tables."""
    stems = Stem.objects.filter(audio=OuterRef("pk")).order_by()
    total = AudioFile.objects.aggregate(size=Sum("size"))["size"] or 0
    of_stems = AudioFile.objects.filter(Exists(stems)).aggregate(size=Sum("size"))["size"] or 0
    counts: dict[str, Counter[str]] = {}
    states = Separation.objects.order_by().values_list("model", "status").annotate(n=Count("pk"))
    for model, status, count in states:
        counts.setdefault(model, Counter())[status] = count
    return Figures(
        measured_at=timezone.now(),
        tracks=Track.objects.count(),
        artists=Artist.objects.count(),
        albums=Album.objects.count(),
        accounts=User.objects.count(),
        original_bytes=total - of_stems,
        stem_bytes=of_stems,
        rendition_bytes=Rendition.objects.aggregate(size=Sum("size"))["size"] or 0,
        models=[
            Model(
                slug,
                slug in modelspec.SPECS and modelspec.is_available(modelspec.get(slug), settings.MODELS_DIR),
                count[Status.SUCCEEDED],
                count[Status.FAILED],
                _speed(slug),
            )
            for slug, count in sorted(counts.items())
        ],
    )


def _speed(model: str) -> float | None:
    """Seconds of music for each second of work, in the newest separations of ``model``."""
    rows = Separation.objects.filter(model=model, status=Status.SUCCEEDED, started_at__isnull=False)
    music = work = 0.0
    for row in rows.select_related("mixture").order_by("-finished_at")[:SAMPLED]:
        if row.started_at and row.finished_at:
            music += row.mixture.duration
            work += (row.finished_at - row.started_at).total_seconds()
    return round(music / work, 1) if work else None


def _with_shares(people: Any) -> list[dict[str, Any]]:
    rows = list(people)
    most = max((person.stored_bytes for person in rows), default=1)
    return [{"person": person, "share": max(round(100 * person.stored_bytes / most), 1)} for person in rows]


def _shared_out(counts: list[tuple[str, int]]) -> list[dict[str, Any]]:
    most = max((count for _name, count in counts), default=1)
    return [{"name": name, "count": n, "share": max(round(100 * n / most), 1)} for name, n in counts]
