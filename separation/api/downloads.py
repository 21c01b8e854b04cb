"""Answer requests for files that may have to be encoded first.

Programs wait a bounded time for the file; with ``Prefer: respond-async`` they get 202 with the progress instead, and
after that time 503 with ``Retry-After``, which ``curl --retry`` understands. People's browsers get a page that tells
the progress and fetches the file by itself.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.shortcuts import render
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from audio.formats import OUTPUT
from catalog.errors import CatalogError
from catalog.models import Rendition
from catalog.storage import encoding_pool
from catalog.storage.encoding_pool import EncodingPendingError
from catalog.storage.renditions import Recipe
from catalog.storage.waiting_requests import requester

POLL_SECONDS = 1
PAGE_SECONDS = 2  # between two looks of the page that browsers get


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
    """A view whose files are encoded when somebody first asks for them."""

    def obtain(self, request: Request, recipes: Sequence[Recipe]) -> list[Rendition]:
        """The renditions of ``recipes``. Raises ``CatalogError`` as ``encodings.obtain`` does, also to be answered
        otherwise by ``handle_exception``."""
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
    """``Prefer: respond-async`` (RFC 7240)."""
    preferences = request.headers.get("Prefer", "").lower().replace(";", ",").split(",")
    return "respond-async" in (preference.strip() for preference in preferences)


def is_browser(request: Request) -> bool:
    """Whether somebody opened the address in a browser, rather than a script or a player."""
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
