"""Stems: files to download, and the peaks and segments that players fetch."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.gzip import gzip_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.current_user import account
from audio.formats import STEREO_RATE
from audio.ogg import pre_skip
from catalog.api.query_parameters import query_parameters
from catalog.errors import CatalogError
from catalog.models import Track
from catalog.storage.file_responses import REVALIDATE
from catalog.storage.recipes import SEGMENTS_VERSION
from catalog.storage.waiting_requests import requester
from separation.api.downloads import (
    AUDIO_FILES,
    FILE_RESPONSES,
    PREFER,
    EncodedFileView,
    requested_encoding,
    send_rendition,
)
from separation.api.request_serializers import (
    AskSerializer,
    EncodingSerializer,
    PeaksQuerySerializer,
    SegmentQuerySerializer,
)
from separation.api.serializers import SAMPLES_PER_PEAK, LiveSeparationSerializer, PeaksSerializer
from separation.delivery import downloads, live, opus_segments, segments
from separation.delivery.live import LiveStem
from separation.delivery.permissions import VisibleSeparation, may_download, shown_under, track_for
from separation.delivery.segments import Segment
from separation.models import Separation, Stem
from separation.queue.requests import ask_for_stem

LIVE_RESPONSES: dict[Any, Any] = {
    409: OpenApiResponse(description="`not_ready`: not made yet."),
    503: OpenApiResponse(
        description="`try_again`: the stem is being moved into storage; ask again in a moment."
    ),
}


class StemMixin(GenericAPIView[Any]):
    permission_classes = [AllowAny]
    serializer_class: type[BaseSerializer[Any]] | None = PeaksSerializer

    def finished_stem(self, pk: str) -> Stem:
        """Find the stem; 404, or ``CatalogError("not_ready")`` (409) while it is being made."""
        stem = self.finished_or_live_stem(pk)
        if isinstance(stem, LiveStem):
            raise CatalogError("not_ready", _("This separation is not ready yet."), status=409)
        return stem

    def finished_or_live_stem(self, pk: str) -> Stem | LiveStem:
        """Find the stem, or the one that is being made and will have this id; 404 if there is none."""
        audible = Separation.objects.audible_to(self.request.user)
        rows = Stem.objects.filter(separation__in=audible).defer("peaks")
        rows = rows.select_related("audio", "separation__mixture")
        try:
            return get_object_or_404(rows, pk=pk)
        except Http404:
            stem = live.find(pk, audible)
            if stem is None:
                raise
            return stem

    def track_of(self, stem: Stem) -> Track:
        """Find the track through which the stem is heard; 404 if there is none."""
        try:
            return track_for(stem.separation, self.request.user)
        except Track.DoesNotExist as error:  # withdrawn since the stem was found
            raise Http404 from error


class StemSeparationsView(StemMixin):
    permission_classes = [IsAuthenticatedOrReadOnly]
    serializer_class = LiveSeparationSerializer

    @extend_schema(responses=LiveSeparationSerializer(many=True), operation_id="stems_separations")
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (REST framework's signature)
        """List what a stem was separated into, such as a drum kit into its drums. The newest comes first."""
        stem = self.finished_stem(pk)
        track = self.track_of(stem)
        page = self.paginate_queryset(shown_under([stem], track).order_by("-created_at", "-pk")) or []
        visible = [VisibleSeparation.through(track, row.separation, row) for row in page]
        return self.get_paginated_response(self.get_serializer(visible, many=True).data)

    @extend_schema(
        request=AskSerializer,
        responses={
            202: OpenApiResponse(LiveSeparationSerializer, "Queued."),
            200: OpenApiResponse(LiveSeparationSerializer, "There already, waiting or done."),
            409: OpenApiResponse(
                description="`not_ready`: the stem is being made. `silent_stem`: nothing is in it. "
                "`model_unavailable`: not installed."
            ),
        },
        operation_id="stems_separate",
    )
    def post(self, request: Request, pk: str) -> Response:
        """Ask for a stem to be separated further.

        The model is one that takes a stem of its name (`takes` in `models/`). The rest is as with a whole song. A
        stem that came out of another one is not separated again.
        """
        stem = self.finished_stem(pk)
        sent = AskSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        track = self.track_of(stem)
        asked = ask_for_stem(stem, track, sent.validated_data.get("model") or None, account(request))
        visible = VisibleSeparation.of(track, asked.separation)
        return Response(self.get_serializer(visible).data, status=202 if asked.queued else 200)


class StemAudioView(EncodedFileView, StemMixin):
    @extend_schema(
        operation_id="stems_audio",
        parameters=[EncodingSerializer, PREFER],
        responses={**AUDIO_FILES, **FILE_RESPONSES},
    )
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        """Download a stem as a file. Visitors may have the MP3s of separations in two stems."""
        stem = self.finished_stem(pk)
        codec, bitrate = requested_encoding(request, query_parameters(self, EncodingSerializer))
        if not may_download(request.user, stem.separation, codec):
            raise NotAuthenticated(
                _("Sign in to download this. You can listen without an account."), "account_needed"
            )
        track = self.track_of(stem)
        (rendition,) = self.obtain(request, [downloads.stem_recipe(stem, track, codec, bitrate)])
        return send_rendition(request, rendition, codec, track, stem.name)


@method_decorator(gzip_page, name="dispatch")
class StemPeaksView(StemMixin):
    @extend_schema(
        parameters=[PeaksQuerySerializer],
        responses={200: PeaksSerializer, **LIVE_RESPONSES},
        operation_id="stems_peaks",
    )
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        """Show the peaks of a stem, to draw a waveform from. The loudest of each 4096 samples, 0 to 255."""
        stem = self.finished_or_live_stem(pk)
        start = query_parameters(self, PeaksQuerySerializer)["start"]
        if isinstance(stem, LiveStem):
            peaks, gain = live.peaks(stem)
            return Response(_peaks(peaks, start, len(peaks) * SAMPLES_PER_PEAK, gain))
        etag = f'"{stem.audio.checksum[:32]}-peaks-{start}"'

        def draw() -> HttpResponseBase:
            return Response(_peaks(bytes(stem.peaks), start, stem.audio.frames, stem.separation.gain))

        return _revalidated(request, etag, draw)


def _peaks(peaks: bytes, start: int, samples: int, gain: float) -> dict[str, Any]:
    return {
        "samples_per_peak": SAMPLES_PER_PEAK,
        "sample_rate": STEREO_RATE,
        "samples": samples,
        "gain": gain,
        "peaks": list(peaks[start:]),
    }


class StemSegmentView(StemMixin):
    @extend_schema(
        parameters=[SegmentQuerySerializer],
        responses={
            (200, "audio/flac"): OpenApiTypes.BINARY,
            (200, "audio/ogg"): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="You have it already."),
            **LIVE_RESPONSES,
            503: OpenApiResponse(
                description="`try_again`: the stem is being moved into storage. `encoding_in_progress`: this Opus "
                "segment does not exist yet. `busy`: too many songs are being encoded. Ask again after `Retry-After` "
                "seconds, or for FLAC."
            ),
        },
        operation_id="stems_segment",
    )
    def get(self, request: Request, pk: str, number: int) -> HttpResponseBase:
        """Fetch a piece of a stem for players: a file of its own, FLAC or Ogg Opus.

        A FLAC has 524,288 samples, an Opus file 131,072; the last piece is shorter. They join without a gap. The
        samples are those of the stem at 44,100 Hz. Opus files always say 48,000: decode them without resampling, and
        play the samples at 44,100. While the separation is running, the FLACs that are ready can be had already; Opus
        can be had when it has succeeded.

        The header `X-Gain` tells what the samples were multiplied by so that they do not clip; pieces that you have
        stay right with theirs. `X-Pre-Skip` counts the samples at the beginning of an Opus file that decoders drop.
        """
        codec = query_parameters(self, SegmentQuerySerializer)["codec"]
        if codec == "opus":
            return self._opus(request, self.finished_stem(pk), number)
        stem = self.finished_or_live_stem(pk)
        if isinstance(stem, LiveStem):
            segment = live.segment(stem, number)
            etag = f'"{stem.place}-{stem.name}-{segment.gain}-{number}"'
            return _revalidated(request, etag, lambda: _flac(segment))
        etag = f'"{stem.audio.checksum[:32]}-{stem.separation.gain}-{number}"'
        return _revalidated(request, etag, lambda: _flac(segments.segment(stem, number)))

    def _opus(self, request: Request, stem: Stem, number: int) -> HttpResponseBase:
        def answer() -> HttpResponseBase:
            segment = opus_segments.segment(stem, number, requester(request))
            headers = {"X-Gain": repr(segment.gain), "X-Pre-Skip": str(pre_skip(segment.data))}
            return HttpResponse(segment.data, content_type="audio/ogg", headers=headers)

        version = f"{stem.audio.checksum[:32]}-{stem.separation.gain}-opus{SEGMENTS_VERSION}"
        return _revalidated(request, f'"{version}-{number}"', answer)


def _flac(segment: Segment) -> HttpResponse:
    return HttpResponse(segment.data, content_type="audio/flac", headers={"X-Gain": repr(segment.gain)})


def _revalidated(request: Request, etag: str, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Answer 304 to a player that has the bytes of ``etag``, without reading them, else ``answer()``.

    Its cache has to ask each time, because permission to hear a song can end.
    """
    response = get_conditional_response(request._request, etag=etag) or answer()  # noqa: SLF001 (Django's request)
    response["Cache-Control"] = REVALIDATE
    response["ETag"] = etag
    response["X-Content-Type-Options"] = "nosniff"
    return response
