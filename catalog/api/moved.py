"""Old ids in the API: whoever asks for what was merged is sent on, 301, to what it became."""

from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.redirects import moved


class FollowsMoves(GenericAPIView[Any]):
    """For views of one row, before the generic one: GET of a former id answers 301 with ``Location``.

    Only for who may see the target; anything but reading is 404, as it would be done to something else.
    """

    moves: str

    def handle_exception(self, exc: Exception) -> Response:
        request: Request = self.request
        if isinstance(exc, Http404) and request.method in {"GET", "HEAD"}:
            target = moved(self.moves, self.kwargs["pk"])
            if target is not None and self.get_queryset().filter(pk=target).exists():
                return self._forward(request, target)
        return super().handle_exception(exc)

    def _forward(self, request: Request, target: UUID) -> Response:
        before, _old, after = request.path.rpartition(self.kwargs["pk"])
        query = request.META.get("QUERY_STRING", "")
        address = f"{before}{target}{after}" + (f"?{query}" if query else "")
        headers = {"Location": request.build_absolute_uri(address), "Cache-Control": "no-cache"}
        return Response(status=301, headers=headers)
