"""Responses with stored files: ranges, conditional requests, safe names and types that no browser executes.

The files never change, so the checksum is the entity tag. Who may have them can change, so no answer is ``public``, and
none is kept for longer than minutes without asking again. Local files are sent by us (or by nginx, with
``STEMOTECA_X_ACCEL``); S3-compatible storage is handed the request by a signed address.

WhiteNoise's responder was the first choice, but it answers 416 to a range of a single byte, knows no
``If-Range`` and compares only one entity tag; what is here is shorter than the work-arounds would be.
"""

import io
import re
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from audio.formats import CONTAINER_TYPES
from catalog.errors import CatalogError
from catalog.models import file_storage
from catalog.storage import backend
from catalog.storage.zip_archive import ZipArchive
from catalog.uploads.naming import ascii_filename

# Everything that was uploaded is sent as some kind of audio, whatever its bytes pretend.
SAFE_TYPES = frozenset({"image/jpeg", *CONTAINER_TYPES.values()})

ONE_RANGE = re.compile(r"bytes=([0-9]{0,30})-([0-9]{0,30})", re.IGNORECASE)
SIGNED_SECONDS = 600  # a signed address outlives takedowns; players that seek later ask us again
FRESH_SECONDS = 300
REVALIDATE = "private, no-cache"


def serve(
    request: HttpRequest,
    key: str,
    *,
    filename: str,
    content_type: str,
    checksum: str,
    size: int,
    download: bool = False,
    redirect: bool = True,
) -> HttpResponseBase:
    """Send the stored file ``key``: 200, 206, 304, 412 or 416, or a redirect to S3-compatible storage.

    ``checksum`` (SHA-256) and ``size`` (bytes) are those of the row that names the file. ``download`` asks
    the browser to save rather than play. With ``?v=`` and the beginning of the checksum the answer may be
    kept for minutes; otherwise it is checked again each time. Raises ``CatalogError("file_missing")`` (503).
    """
    if content_type not in SAFE_TYPES:
        raise ValueError(f"never served: {content_type}")
    headers = _headers(request, checksum, filename, download=download)
    early = get_conditional_response(request, etag=headers["ETag"])
    if early is not None:
        return _with(early, headers)
    if not backend.is_local():
        if redirect:
            return _redirect_to_storage(key, headers, content_type)
        with backend.whole_copy(key, size) as copy:
            return _send(request, _open_slice(copy, size), headers, content_type)
    if settings.X_ACCEL:
        accelerated = HttpResponse(content_type=content_type, headers=headers)
        accelerated["X-Accel-Redirect"] = quote(f"{settings.X_ACCEL.rstrip('/')}/{key}")
        return accelerated
    return _send(request, _open_slice(backend.local_path(key), size), headers, content_type)


def serve_archive(request: HttpRequest, archive: ZipArchive, *, filename: str) -> HttpResponseBase:
    """Send ``archive`` as a download: 200, 206, 304, 412 or 416. Raises ``CatalogError("file_missing")`` (503)."""
    headers = _headers(request, archive.etag, filename, download=True)
    early = get_conditional_response(request, etag=headers["ETag"])
    if early is not None:
        return _with(early, headers)
    if request.method != "HEAD":
        archive.open()
    return _send(request, archive, headers, "application/zip")


def serve_part(path: Path, start: int, stop: int, *, headers: dict[str, str]) -> HttpResponseBase:
    """Send bytes ``start`` to ``stop`` of a file outside of the storage. Raises ``CatalogError("file_missing")``."""
    try:
        part = _Slice(path)
    except FileNotFoundError:
        raise backend.file_missing(path.name) from None
    part.narrow(start, min(stop, part.stop))
    length = {"Content-Length": str(max(0, part.stop - start))}
    return _StoredFile(part, headers=headers | length, content_type="application/octet-stream")


def _headers(request: HttpRequest, etag: str, filename: str, *, download: bool) -> dict[str, str]:
    return {
        "ETag": f'"{etag}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": cache_control(request, etag),
        "Content-Disposition": content_disposition(filename, attachment=download),
        "X-Content-Type-Options": "nosniff",
    }


def cache_control(request: HttpRequest, version: str) -> str:
    """Let a browser keep a file for minutes if the address has ``?v=`` and the start of ``version``.

    A list shows dozens of covers, which would be as many requests for each page.
    """
    wanted = request.GET.get("v", "")
    if len(wanted) >= 8 and version.startswith(wanted):
        return f"private, max-age={FRESH_SECONDS}"
    return REVALIDATE


def content_disposition(filename: str, *, attachment: bool) -> str:
    """Build the header (RFC 6266): a plain name for simple clients, the real one for the others (RFC 5987)."""
    plain = ascii_filename(filename)
    kind = "attachment" if attachment else "inline"
    value = f'{kind}; filename="{plain}"'
    if plain != filename:
        value += f"; filename*=UTF-8''{quote(filename.encode('utf-8', 'replace'), safe='')}"
    return value


def wanted_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the half-open byte range that a ``Range`` header asks of ``size`` bytes.

    ``None`` when the header is to be ignored: other units, several ranges, or nonsense. An empty range
    (start == stop) when nothing of the file is asked for, which means 416.
    """
    match = ONE_RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size
    start = int(match[1])
    stop = min(int(match[2]) + 1, size) if match[2] else size
    if match[2] and int(match[2]) < start:
        return None
    return (start, stop) if start < size else (size, size)


class _Ranged(Protocol):
    """A file of which a part can be sent: reading ends at ``stop``, at first the file's size."""

    stop: int

    def narrow(self, start: int, stop: int) -> None: ...

    def close(self) -> None: ...


class _Slice(io.FileIO):
    """Bytes ``start`` to ``stop`` of a file, as a file; a server may send it from its descriptor."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.stop = self.seek(0, io.SEEK_END)
        self.seek(0)

    def narrow(self, start: int, stop: int) -> None:
        self.seek(start)
        self.stop = stop

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self.stop - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left)) or b""


class _StoredFile(FileResponse):
    """A ``FileResponse`` whose headers are ours alone, so that Django does not count the file again."""

    block_size = 1 << 18

    def set_headers(self, filelike: Any) -> None:
        pass


def _open_slice(path: Path, size: int) -> _Slice:
    try:
        file = _Slice(path)
    except FileNotFoundError:
        raise backend.file_missing(path.name) from None
    if file.stop != size:  # never promise a length that the file does not have
        file.close()
        raise backend.file_missing(path.name)
    return file


def _send(
    request: HttpRequest, file: _Ranged, headers: dict[str, str], content_type: str
) -> HttpResponseBase:
    size = file.stop
    if request.method == "HEAD":
        file.close()
        return HttpResponse(headers={**headers, "Content-Length": str(size)}, content_type=content_type)
    asked = request.headers.get("Range")
    part = None
    if asked and request.headers.get("If-Range", headers["ETag"]) == headers["ETag"]:
        part = wanted_range(asked, size)
    if part is None:
        headers["Content-Length"] = str(size)
        return _StoredFile(file, headers=headers, content_type=content_type)
    start, stop = part
    if start == stop:
        file.close()
        refused = HttpResponse(status=416, headers=headers, content_type=content_type)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    file.narrow(start, stop)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["Content-Length"] = str(stop - start)
    return _StoredFile(file, status=206, headers=headers, content_type=content_type)


def _redirect_to_storage(key: str, headers: dict[str, str], content_type: str) -> HttpResponse:
    address = file_storage().url(
        key,
        parameters={  # type: ignore[call-arg]  # the S3 storage takes them, the base class does not name them
            "ResponseContentType": content_type,
            "ResponseContentDisposition": headers["Content-Disposition"],
            "ResponseCacheControl": REVALIDATE,
        },
        expire=SIGNED_SECONDS,
    )
    redirect = HttpResponseRedirect(address)
    redirect["Cache-Control"] = "private, no-store"
    return redirect


def _with(response: HttpResponseBase, headers: dict[str, str]) -> HttpResponseBase:
    for name, value in headers.items():
        response[name] = value
    return response


def plain(error: CatalogError) -> HttpResponse:
    """Return a refusal for views that are neither pages nor API."""
    answer = HttpResponse(str(error.detail), status=error.status, content_type="text/plain; charset=utf-8")
    if error.retry_after is not None:
        answer["Retry-After"] = str(error.retry_after)
    return answer
