"""For whoever watches the server: does it live, can it work, how much is there to do."""

import ipaddress
import os
import shutil

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.security.client_address import UNKNOWN, client_address
from catalog.errors import CatalogError
from catalog.models import AudioFile, Upload
from catalog.storage import backend
from separation.models import Separation, Status


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when the database answers, files can be written and uploads have room; else 503 with what is wrong."""
    checks = {"database": _database(), "files": _files(), "disk": _disk()}
    good = all(checks.values())
    body = {"status": "ready" if good else "not ready", "checks": checks}
    answer = JsonResponse(body, status=200 if good else 503)
    if not good:
        answer["Retry-After"] = "10"
    return answer


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return False
    return True


def _disk() -> bool:
    """Whether more than ``DISK_FLOOR_BYTES`` are free; below that every upload is refused."""
    try:
        backend.check_space(0)
    except CatalogError:
        return False
    return True


def _files() -> bool:
    folders = [settings.WORK_DIR, settings.FILE_UPLOAD_TEMP_DIR]
    if backend.is_local():
        folders.append(backend.local_path(""))
    return all(os.access(folder, os.W_OK | os.X_OK) for folder in folders if folder.exists())


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format. Totals include private songs, so they are for whoever runs the server."""
    if not _may_see_metrics(request):
        raise Http404
    separations = dict.fromkeys(Status.values, 0) | dict(
        Separation.objects.order_by().values_list("status").annotate(Count("pk"))
    )
    oldest = (
        Separation.objects.filter(status=Status.QUEUED)
        .exclude(queued_at=None)
        .order_by("queued_at")
        .values_list("queued_at", flat=True)
        .first()
    )
    waited = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    stored = AudioFile.objects.aggregate(count=Count("pk"), size=Sum("size"))
    lines: list[str] = []
    _gauge(
        lines,
        "separations",
        "Separations by status.",
        {f'{{status="{k}"}}': v for k, v in separations.items()},
    )
    _gauge(
        lines, "queue_oldest_seconds", "How long the first one has waited.", {"": round(max(waited, 0.0), 3)}
    )
    _gauge(lines, "uploads", "Files that people brought.", {"": Upload.objects.count()})
    _gauge(lines, "audio_files", "Stored recordings and stems.", {"": stored["count"]})
    _gauge(lines, "audio_bytes", "Bytes they take.", {"": stored["size"] or 0})
    _gauge(lines, "disk_free_bytes", "Bytes left for data.", {"": shutil.disk_usage(settings.DATA_DIR).free})
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_see_metrics(request: HttpRequest) -> bool:
    """With ``METRICS_TOKEN`` whoever sends it, else whoever asks from this machine itself."""
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "")
        return constant_time_compare(sent, f"Bearer {settings.METRICS_TOKEN}")
    if not settings.PROXIES and not request.headers.keys().isdisjoint({"X-Forwarded-For", "Forwarded"}):
        return False  # a proxy of which nobody told us calls from this machine for everybody
    address = client_address(request)
    return address != UNKNOWN and ipaddress.ip_address(address).is_loopback


def _gauge(lines: list[str], name: str, about: str, values: dict[str, float]) -> None:
    lines += [f"# HELP stemoteca_{name} {about}", f"# TYPE stemoteca_{name} gauge"]
    lines += [f"stemoteca_{name}{labels} {value}" for labels, value in values.items()]
