"""``/healthz`` and ``/readyz``: whether this process is alive, and whether it can work."""

import os

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog.errors import CacheUnavailableError, CatalogError
from catalog.storage import backend


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
