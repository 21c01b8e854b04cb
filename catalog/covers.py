"""Cover pictures: JPEGs that the probe has re-encoded, stored under their own digest."""

import hashlib
import uuid
from pathlib import PurePosixPath

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from catalog import serving, storage
from catalog.errors import CatalogError
from catalog.models import Track, file_storage


def store_cover(jpeg: bytes) -> str:
    """Keep a picture and return its key; the same picture is kept once."""
    key = storage.key_for("covers", hashlib.sha256(jpeg).hexdigest(), "jpg")
    path = settings.WORK_DIR / f"cover-{uuid.uuid4().hex}.jpg"
    with storage.room():
        try:
            path.write_bytes(jpeg)
            storage.store(path, key)
        finally:
            path.unlink(missing_ok=True)
    return key


def read_cover(key: str) -> bytes | None:
    """The bytes of a picture; ``None`` when there is none, or it is lost: no song fails for its cover."""
    if not key or not storage.exists(key):
        return None
    with file_storage().open(key) as file:
        return bytes(file.read())


def version(key: str) -> str:
    """What goes after ``?v=`` in a picture's address, so that it may be kept for ever."""
    return PurePosixPath(key).stem[:16]


@require_safe
def track_cover(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """``/covers/<track>/``: the picture of a track, its own or its album's; 404 where there is none."""
    track = get_object_or_404(Track.objects.visible_to(request.user).select_related("album"), pk=pk)
    key = track.picture
    size = storage.size(key) if key else None
    if size is None:
        raise Http404
    try:
        return serving.serve(
            request,
            key,
            filename="cover.jpg",
            content_type="image/jpeg",
            checksum=PurePosixPath(key).stem,
            size=size,
            redirect=False,
        )
    except CatalogError as error:
        raise Http404 from error
