"""Answers with files that may have to be encoded first.

Programs wait a bounded time for the file; with ``Prefer: respond-async`` they get 202 with the progress instead, and
after that time 503 with ``Retry-After``, which ``curl --retry`` understands. Browsers get a page that shows the
progress and downloads the file by itself.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from django.shortcuts import render
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from audio.formats import OUTPUT
from catalog.errors import CatalogError
from catalog.models import Rendition, Track
from catalog.storage import encoding_pool, file_responses
from catalog.storage.encoding_pool import EncodingPendingError
from catalog.storage.recipes import Recipe
from catalog.storage.renditions import check_codec, parse_bitrate
from catalog.storage.waiting_requests import requester
from separation.delivery.downloads import ArchiveOrder, download_name, order_archive
from separation.delivery.permissions import VisibleSeparation, codec_or_best

POLL_SECONDS = 1
PAGE_SECONDS = 2  # between two reloads of the page for browsers


class ProgressSerializer(serializers.Serializer[Any]):
    """A file that is being made: how much is done, 0 to 1."""

    progress = serializers.FloatField(min_value=0, max_value=1)


PREFER = OpenApiParameter(
    "Prefer",
    location="header",
    required=False,
    description="`respond-async`: where the file has to be made first, answer 202 with the progress at once.",
)
AUDIO_FILES: dict[Any, Any] = {
    (200, kind): OpenApiTypes.BINARY for kind in sorted({output.content_type for output in OUTPUT.values()})
}
FILE_RESPONSES: dict[Any, Any] = {
    202: OpenApiResponse(
        ProgressSerializer, "With `respond-async`: it is being made; ask again at `Location`."
    ),
    206: OpenApiResponse(description="The part that `Range` asked for."),
    304: OpenApiResponse(description="You have it already."),
    416: OpenApiResponse(description="There is no such part."),
    503: OpenApiResponse(
        description=(
            "`encoding_in_progress`: making the file takes longer than a request may wait; it goes on being made. "
            "`busy`: too many files are being made, or too many requests wait, for you or in all. Send the same "
            "request again after `Retry-After` seconds, as `curl --fail --retry 20` does by itself."
        )
    ),
}


class EncodedFileView(GenericAPIView[Any]):
    """Base of views whose files are encoded on the first request for them."""

    def obtain(self, request: Request, recipes: Sequence[Recipe]) -> list[Rendition]:
        """Find or make the renditions of ``recipes``.

        Raises ``CatalogError`` as ``encoding_pool.obtain`` does; ``handle_exception`` answers it.
        """
        waits = not (prefers_not_to_wait(request) or is_browser(request))
        seconds = settings.ENCODING_WAIT_SECONDS if waits else 0
        return encoding_pool.obtain(recipes, requester(request), seconds=seconds)

    def handle_exception(self, error: Exception) -> Any:
        request = self.request
        if isinstance(error, EncodingPendingError) and prefers_not_to_wait(request):
            return _accepted(request, error.progress)
        if isinstance(error, CatalogError) and error.retry_after is not None and is_browser(request):
            return _page(request, error)
        return super().handle_exception(error)


def prefers_not_to_wait(request: Request) -> bool:
    """Look for ``Prefer: respond-async`` (RFC 7240)."""
    preferences = request.headers.get("Prefer", "").lower().replace(";", ",").split(",")
    return "respond-async" in (preference.strip() for preference in preferences)


def is_browser(request: Request) -> bool:
    """Tell a person's browser from a script or a player."""
    return "text/html" in request.headers.get("Accept", "")


def _accepted(request: Request, progress: float) -> Response:
    answer = Response({"progress": progress}, status=HTTPStatus.ACCEPTED)
    answer["Location"] = request.build_absolute_uri()
    answer["Retry-After"] = str(POLL_SECONDS)
    answer["Preference-Applied"] = "respond-async"
    answer["Cache-Control"] = "no-store"
    return answer


def _page(request: Request, error: CatalogError) -> Any:
    in_progress = isinstance(error, EncodingPendingError)
    context = {
        "percent": int(100 * error.progress) if isinstance(error, EncodingPendingError) else None,
        "address": request.get_full_path(),
    }
    status = HTTPStatus.ACCEPTED if in_progress else HTTPStatus(error.status)
    page = render(request._request, "separation/encoding.html", context, status=status)  # noqa: SLF001 (Django's request)
    page["Refresh"] = str(PAGE_SECONDS if in_progress else error.retry_after)
    page["Retry-After"] = page["Refresh"]
    page["Cache-Control"] = "no-store"
    return page


def requested_encoding(request: Request, parameters: dict[str, Any]) -> tuple[str, int | None]:
    """Read codec and bitrate (kbit/s). Raises ``CatalogError``: ``unknown_codec``, ``bad_bitrate``."""
    codec = codec_or_best(request.user, parameters.get("codec", ""))
    return codec, check_codec(codec, parse_bitrate(parameters.get("bitrate", "")))


def order_requested_archive(
    request: Request, visible: VisibleSeparation, parameters: dict[str, Any]
) -> ArchiveOrder:
    """Order the archive of the parameters ``codec``, ``bitrate`` and ``stems``.

    Raises ``CatalogError`` as ``requested_encoding`` and ``order_archive`` do.
    """
    codec, bitrate = requested_encoding(request, parameters)
    names = [name.strip() for name in parameters.get("stems", "").split(",") if name.strip()]
    return order_archive(visible.separation, visible.track, codec, bitrate, names)


def send_archive(request: Request, order: ArchiveOrder, renditions: Sequence[Rendition]) -> HttpResponseBase:
    """Send the renditions of ``order`` as a zip."""
    archive = order.archive(renditions)
    return file_responses.serve_archive(request._request, archive, filename=order.filename)  # noqa: SLF001 (Django's request)


def send_rendition(
    request: Request, rendition: Rendition, codec: str, track: Track, description: str
) -> HttpResponseBase:
    """Send ``rendition`` as a download, named after ``track`` with ``description`` in brackets."""
    output = OUTPUT[codec]
    return file_responses.serve(
        request._request,  # noqa: SLF001 (Django's request)
        rendition.key,
        filename=download_name(track, description, output.extension),
        content_type=output.content_type,
        checksum=rendition.checksum,
        size=rendition.size,
        download=True,
    )
