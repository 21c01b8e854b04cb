"""Uploads of songs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.current_user import account
from accounts.models import User
from catalog.errors import CatalogError
from catalog.models import Visibility
from catalog.uploads.ingest import Ingested, ingest
from catalog.uploads.policy import FORM_BYTES
from catalog.uploads.refusals import refusal
from separation.api.request_serializers import ASK, NO_MODEL, UploadSerializer
from separation.api.serializers import LiveSeparationSerializer, MatchSerializer, UploadedSerializer
from separation.api.tracks import TrackMixin
from separation.delivery.permissions import VisibleSeparation
from separation.duplicates import worth_asking
from separation.queue.requests import ask, choose


class UploadView(TrackMixin):
    parser_classes = [MultiPartParser, FormParser]
    throttle_scope = "upload"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse by the announced length, before a byte of the body is read."""
        check_announced_size(request)
        super().initial(request, *args, **kwargs)

    @extend_schema(
        request={"multipart/form-data": UploadSerializer},
        responses={
            201: OpenApiResponse(UploadedSerializer, "New audio."),
            200: OpenApiResponse(UploadedSerializer, "Known audio: nothing is processed again."),
        },
    )
    def post(self, request: Request) -> Response:
        """Upload a song and have it separated."""
        sent = UploadSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        form = sent.validated_data
        separate = form["model"] != NO_MODEL
        if separate:
            choose(form["model"] or None)  # refuse an unknown model before the song is stored
        user = account(request)
        ingested = ingest_upload(form["file"], user, form)
        answer = self._represent_upload(ingested)
        if separate and not (form["when_matched"] == ASK and worth_asking(ingested.matches)):
            try:
                separation = ask(ingested.track, form["model"] or None, user).separation
            except CatalogError as error:  # the song is stored; only its separation is refused
                answer["separation_error"] = {"code": error.code, "detail": str(error.detail)}
            else:
                visible = VisibleSeparation.of(ingested.track, separation)
                context = self.get_serializer_context()
                answer["separation"] = LiveSeparationSerializer(visible, context=context).data
                answer["track"] = self.represent_current(ingested.track)
        return Response(answer, status=201 if ingested.created else 200)

    def _represent_upload(self, ingested: Ingested) -> dict[str, Any]:
        tracks = self.get_queryset().in_bulk([match.track.pk for match in ingested.matches])
        matches = [
            replace(match, track=tracks[match.track.pk])
            for match in ingested.matches
            if match.track.pk in tracks
        ]
        context = self.context_for([match.track for match in matches])
        return {
            "track": self.represent_current(ingested.track),
            "created": ingested.created,
            "matches": MatchSerializer(matches, many=True, context=context).data,
            "separation": None,
            "separation_error": None,
        }


def check_announced_size(request: Request) -> None:
    """Raise ``CatalogError("too_large")`` (413) if the announced length is that of no upload we accept."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if length.isdigit() and int(length) > settings.MAX_UPLOAD_BYTES + FORM_BYTES:
        raise refusal("too_large")


def ingest_upload(file: Any, user: User, form: dict[str, Any]) -> Ingested:
    """Ingest an uploaded file with the names and the visibility of ``form``. Raises ``CatalogError``."""
    if not isinstance(file, TemporaryUploadedFile):
        raise CatalogError("parse_error", _("The request could not be read."))
    return ingest(
        Path(file.temporary_file_path()),
        filename=file.name or "",
        user=user,
        title=form.get("title", ""),
        artist=form.get("artist", ""),
        album=form.get("album", ""),
        visibility=Visibility(form.get("visibility", Visibility.SHARED)),
    )
