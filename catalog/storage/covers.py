"""Cover pictures: JPEGs of three sizes made by the sandbox, stored under the digest of the largest.

A row names the largest, ``covers/ab/cd/<digest>.jpg``; beside it lie ``<digest>-320.jpg`` and ``<digest>-96.jpg``.
"""

import hashlib
import re
import uuid
from collections.abc import Sequence
from pathlib import PurePosixPath

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.models import User
from audio.types import COVER_SIZES
from catalog.errors import CatalogError
from catalog.models import Album, Change, Track, file_storage
from catalog.storage import backend, file_responses

_SIZED = re.compile(r"-\d+(?=\.jpg$)")


def store_cover(pictures: Sequence[bytes]) -> str:
    """Store a picture, one JPEG of each size; return the key of the largest. Equal pictures are stored once."""
    key = backend.key_for("covers", hashlib.sha256(pictures[0]).hexdigest(), "jpg")
    path = settings.WORK_DIR / f"cover-{uuid.uuid4().hex}.jpg"
    with backend.room():
        try:
            for jpeg, size in reversed(list(zip(pictures, COVER_SIZES, strict=True))):
                path.write_bytes(jpeg)
                backend.store(path, key_of_size(key, size))
        finally:
            path.unlink(missing_ok=True)
    return key


def key_of_size(key: str, size: int) -> str:
    """Return the key of the picture ``key`` in ``size`` pixels."""
    return key if size == COVER_SIZES[0] else f"{key.removesuffix('.jpg')}-{size}.jpg"


def original(key: str) -> str:
    """Return the key that rows reference, for the key of any size."""
    return _SIZED.sub("", key) if key.startswith("covers/") else key


def sizes(key: str) -> list[str]:
    """Return the keys of all sizes of a picture; of any other file its own."""
    return [key_of_size(key, size) for size in COVER_SIZES] if key.startswith("covers/") else [key]


def all_covers() -> set[str]:
    """Return the keys of all pictures that songs and albums show, or an undo may need."""
    found: set[str | None] = {
        key for model in (Track, Album) for key in model.objects.values_list("cover", flat=True).distinct()
    }
    found.update(Change.objects.exclude(before__cover=None).values_list("before__cover", flat=True))
    return {key for key in found if key}


def best_size(wanted: str) -> int:
    """Return the smallest size with at least ``wanted`` pixels, else the largest."""
    pixels = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else COVER_SIZES[0]
    return min((size for size in COVER_SIZES if size >= pixels), default=COVER_SIZES[0])


def read_cover(key: str) -> bytes | None:
    """Return the bytes of a picture; ``None`` if it is missing: no download fails for its cover."""
    if not key or not backend.exists(key):
        return None
    with file_storage().open(key) as file:
        return bytes(file.read())


def version(key: str) -> str:
    """Return what follows ``?v=`` in a picture's address, so that a browser keeps it for minutes."""
    return key.rpartition("/")[2].partition(".")[0][:16]


@require_safe
def track_cover(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Serve ``/covers/<track>/?size=``: the picture of a track, its own or its album's; 404 where there is none."""
    track = get_object_or_404(Track.objects.visible_to(request.user).select_related("album"), pk=pk)
    return _send(request, track.picture)


@require_safe
def album_cover(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Serve ``/covers/album/<album>/?size=``: the picture of an album, or of one of its songs."""
    album = get_object_or_404(Album.objects.visible_to(request.user), pk=pk)
    return _send(request, picture_of(album, request.user))


def picture_of(album: Album, user: User | AnonymousUser) -> str:
    """Return the storage key of an album's picture: its own, else that of a song in it that ``user`` may see."""
    tracks = Track.objects.visible_to(user).filter(album=album).exclude(cover="")
    return (
        album.cover
        or tracks.order_by("disc_number", "track_number").values_list("cover", flat=True).first()
        or ""
    )


def _send(request: HttpRequest, key: str) -> HttpResponseBase:
    """Serve it in the requested size, or in the only one that is stored."""
    if not key:
        raise Http404
    wanted = key_of_size(key, best_size(request.GET.get("size", "")))
    size = backend.size(wanted)
    if size is None:
        wanted = key
        size = backend.size(key)
    if size is None:
        raise Http404
    try:
        return file_responses.serve(
            request,
            wanted,
            filename="cover.jpg",
            content_type="image/jpeg",
            checksum=PurePosixPath(wanted).stem,
            size=size,
            redirect=False,
        )
    except CatalogError as error:
        raise Http404 from error
