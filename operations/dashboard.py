"""The front page of the admin site: the queue, failures, storage and the people who use most of it.

All queries here are bounded and use an index. What scans whole tables comes from ``figures``, with its age.
"""

import shutil
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Count, Prefetch, QuerySet
from django.utils import timezone

from accounts.models import User
from audio.fingerprint import chromaprint
from catalog.models import AudioFile, Track
from catalog.pagination import count_up_to
from catalog.storage import backend
from catalog.storage.data_folder_lock import is_locked
from operations import figures
from operations.maintenance import schedule
from operations.models import BackupRun, Scrub
from separation.engines import modelspec
from separation.engines.spleeter import engine_choice
from separation.engines.spleeter.native import build
from separation.error_messages import explain
from separation.installations.requests import needs_hint
from separation.models import Separation, Status
from separation.queue.workers import busy_workers

FAILURE_DAYS = 7
MAX_ROWS = 10


def status(user: User | AnonymousUser) -> dict[str, Any]:
    """Return the parts of the dashboard that ``user`` has permission to see."""
    parts: dict[str, Any] = {}
    if user.has_perm("separation.view_separation"):
        parts |= {"queue": queue(), "failures": failures()}
    if user.has_perm("separation.change_modelinstallation"):
        parts["needs_models"] = needs_hint()
    if user.has_perm("catalog.view_track"):
        parts["newest"] = Track.objects.select_related("artist", "owner").order_by("-created_at")[:MAX_ROWS]
    if user.has_perm("accounts.view_user"):
        parts["people"] = _with_shares(
            User.objects.filter(stored_bytes__gt=0).order_by("-stored_bytes")[:MAX_ROWS]
        )
    if user.has_perm("catalog.view_audiofile"):
        parts |= {"disk": disk(), "figures": figures.latest(), "parts": components(), "safety": safety()}
    return parts


def queue() -> dict[str, Any]:
    """Return what is being separated, and what is waiting."""
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
        "is_alive": is_locked(settings.DATA_DIR),
    }


def failures() -> dict[str, Any]:
    """Return the reasons of recent failures, and the newest failures."""
    since = timezone.now() - timedelta(days=FAILURE_DAYS)
    rows = Separation.objects.filter(status=Status.FAILED, queued_at__gte=since)
    codes = rows.order_by().values_list("error_code").annotate(n=Count("pk")).order_by("-n")
    return {
        "days": FAILURE_DAYS,
        "reasons": _counts_with_shares(
            [(explain(Separation(status=Status.FAILED, error_code=c)) or c, n) for c, n in codes]
        ),
        "newest": _named(rows.order_by("-queued_at")),
    }


def _named(rows: "QuerySet[Separation]") -> list[dict[str, Any]]:
    """Return the first rows with their songs and reasons."""
    named = Track.objects.select_related("artist")
    songs = Prefetch("mixture__tracks", named), Prefetch("track_separations__track", named)
    found = list(rows.select_related("mixture").prefetch_related(*songs)[:MAX_ROWS])
    return [{"row": row, "song": _song_of(row), "reason": explain(row)} for row in found]


def _song_of(row: Separation) -> Track | None:
    """Return the song that was separated, or that whose stem was."""
    of_stem = [shown.track for shown in row.track_separations.all()]
    return next(iter([*row.mixture.tracks.all(), *of_stem]), None)


def disk() -> dict[str, Any]:
    """Return free and total bytes of the disk with the data folder."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    return {"free": usage.free, "total": usage.total, "used_share": round(100 * usage.used / usage.total)}


def safety() -> dict[str, Any]:
    """Return the last backups, the last finished check of stored files and the one in progress, and what is damaged."""
    backups, checks = BackupRun.objects.all(), Scrub.objects.all()
    found = AudioFile.objects.exclude(damaged_at=None)
    return {
        "last": backups.first(),
        "last_good": backups.filter(state=BackupRun.State.DONE).first(),
        "next": schedule.next_backup(),
        "checked": checks.exclude(finished_at=None).order_by("-finished_at").first(),
        "checking": checks.filter(finished_at=None, is_scheduled=True).first(),
        "damaged_count": count_up_to(found),
        "damaged": found.order_by("-damaged_at")[:MAX_ROWS],
    }


def components() -> dict[str, Any]:
    """Return which database, cache and storage are used, and which optional parts are installed."""
    return {
        "database": connection.vendor,
        "engine": engine_choice.expected(settings.SEPARATOR_ENGINE),
        "is_native_built": build.is_built(),
        "has_torch": settings.SEPARATOR_ENGINE == "torch",
        "is_shared_cache": bool(settings.REDIS_URL),
        "is_local_storage": backend.is_local(),
        "has_fingerprints": settings.FINGERPRINTS and chromaprint.load() is not None,
        "models": [spec.slug for spec in modelspec.installed(settings.MODELS_DIR)],
        "more_models": len(modelspec.SPECS) - len(modelspec.installed(settings.MODELS_DIR)),
    }


def _with_shares(people: Any) -> list[dict[str, Any]]:
    rows = list(people)
    most = max((person.stored_bytes for person in rows), default=1)
    return [{"person": person, "share": max(round(100 * person.stored_bytes / most), 1)} for person in rows]


def _counts_with_shares(counts: list[tuple[str, int]]) -> list[dict[str, Any]]:
    most = max((count for _name, count in counts), default=1)
    return [{"name": name, "count": n, "share": max(round(100 * n / most), 1)} for name, n in counts]
