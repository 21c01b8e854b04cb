"""``/healthz``, ``/readyz`` and ``/metrics`` for monitoring."""

import ipaddress
import os
import shutil
from collections.abc import Mapping

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.security.client_address import UNKNOWN, client_address
from catalog.errors import CacheUnavailableError, CatalogError
from catalog.storage import backend
from operations import figures
from separation.models import Separation, Status


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200: this process is alive."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 if database and cache answer, files can be written and uploads have room; else 503 with the cause."""
    checks = {
        "database": _database_answers(),
        "cache": _cache_answers(),
        "files": _folders_are_writable(),
        "disk": _disk_has_room(),
    }
    good = all(checks.values())
    body = {"status": "ready" if good else "not ready", "checks": checks}
    answer = JsonResponse(body, status=200 if good else 503)
    if not good:
        answer["Retry-After"] = "10"
    return answer


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return False
    return True


def _cache_answers() -> bool:
    try:
        cache.get("readyz")
    except CacheUnavailableError:
        return False
    return True


def _disk_has_room() -> bool:
    """Return whether more than ``DISK_FLOOR_BYTES`` are free; below that every upload is refused."""
    try:
        backend.check_space(0)
    except CatalogError:
        return False
    return True


def _folders_are_writable() -> bool:
    folders = [settings.WORK_DIR, settings.FILE_UPLOAD_TEMP_DIR]
    if backend.is_local():
        folders.append(backend.local_path(""))
    return all(os.access(folder, os.W_OK | os.X_OK) for folder in folders if folder.exists())


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format. Totals include private songs, so only who runs the server may see them.

    The queue is counted now; what would scan whole tables comes from ``figures``, with its age.
    """
    if not _may_see_metrics(request):
        raise Http404
    lines: list[str] = []
    waiting = Separation.objects.filter(status=Status.QUEUED).order_by("queued_at")
    oldest = waiting.exclude(queued_at=None).values_list("queued_at", flat=True).first()
    waited = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    _gauge(
        lines,
        "queue_oldest_seconds",
        "Waiting time of the oldest queued separation.",
        round(max(waited, 0.0), 3),
    )
    _gauge(lines, "disk_free_bytes", "Free bytes for data.", shutil.disk_usage(settings.DATA_DIR).free)
    current = dict(
        Separation.objects.filter(status__in=[Status.QUEUED, Status.RUNNING])
        .order_by()
        .values_list("status")
        .annotate(Count("pk"))
    )
    known = figures.latest_or_first()
    totals = known.separations if known else {}
    by_status = totals | {status: current.get(status, 0) for status in (Status.QUEUED, Status.RUNNING)}
    _gauge_by(lines, "separations", "Separations by status.", "status", by_status)
    if known:
        _gauge(lines, "uploads", "Files that people uploaded.", known.uploads)
        _gauge(lines, "audio_files", "Stored recordings and stems.", known.audio_files)
        _gauge(lines, "audio_bytes", "Bytes of these.", known.original_bytes + known.stem_bytes)
        age = round(known.age.total_seconds(), 3)
        _gauge(lines, "figures_age_seconds", "Age of all totals but the queue's.", age)
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_see_metrics(request: HttpRequest) -> bool:
    """Return whether the request has ``METRICS_TOKEN`` or, where none is set, comes from this machine."""
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "")
        return constant_time_compare(sent, f"Bearer {settings.METRICS_TOKEN}")
    if not settings.PROXIES and not request.headers.keys().isdisjoint({"X-Forwarded-For", "Forwarded"}):
        return False  # a proxy on this machine that `STEMOTECA_PROXIES` does not mention
    address = client_address(request)
    return address != UNKNOWN and ipaddress.ip_address(address).is_loopback


def _gauge(lines: list[str], name: str, description: str, value: float) -> None:
    lines += _head(name, description)
    lines.append(f"stemoteca_{name} {value}")


def _gauge_by(lines: list[str], name: str, description: str, label: str, values: Mapping[str, float]) -> None:
    lines += _head(name, description)
    lines += [f'stemoteca_{name}{{{label}="{key}"}} {value}' for key, value in values.items()]


def _head(name: str, description: str) -> list[str]:
    return [f"# HELP stemoteca_{name} {description}", f"# TYPE stemoteca_{name} gauge"]
