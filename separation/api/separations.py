"""Models, separations and stems."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import account
from audio.formats import OUTPUT, STEREO_RATE
from catalog.api.views import validated_query
from catalog.errors import CatalogError
from catalog.models import Rendition, Track
from catalog.storage import file_responses
from catalog.storage.renditions import check_codec, parse_bitrate
from separation.api.downloads import AUDIO_FILES, FILE_RESPONSES, PREFER, EncodedFileView
from separation.api.serializers import (
    SAMPLES_PER_PEAK,
    ArchiveQuerySerializer,
    EncodingSerializer,
    LiveSeparationSerializer,
    ModelSerializer,
    PeaksQuerySerializer,
    PeaksSerializer,
)
from separation.delivery import downloads, live, segments
from separation.delivery.downloads import ArchiveOrder
from separation.delivery.live import LiveStem
from separation.delivery.permissions import VisibleSeparation, codec_or_best, may_download, track_for
from separation.delivery.segments import Segment
from separation.engines import modelspec
from separation.models import Separation, Stem, TrackSeparation
from separation.queue.requests import withdraw


class ModelListView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=ModelSerializer(many=True), operation_id="models_list")
    def get(self, request: Request) -> Response:  # noqa: ARG002 (the same for everybody)
        """List the models that this library knows, and whether they are installed."""
        try:
            default = modelspec.default(settings.MODELS_DIR).slug
        except modelspec.ModelUnavailable:
            default = ""
        rows = [
            {
                "slug": spec.slug,
                "stems": spec.stems,
                "bandwidth_hz": spec.bandwidth_hz,
                "available": modelspec.is_available(spec, settings.MODELS_DIR),
                "default": spec.slug == default,
                "revision": spec.revision,
            }
            for spec in modelspec.SPECS.values()
        ]
        return Response(ModelSerializer(rows, many=True).data)


class SeparationMixin(GenericAPIView[Any]):
    serializer_class = LiveSeparationSerializer

    def get_queryset(self) -> QuerySet[Separation]:
        stems = Stem.objects.select_related("audio").defer("peaks")
        rows = Separation.objects.visible_to(self.request.user).select_related("mixture")
        return rows.prefetch_related(Prefetch("stems", stems))

    def seen(self, pk: str) -> VisibleSeparation:
        """The separation, through the track that this person sees; 404 when there is none."""
        separation = get_object_or_404(self.get_queryset(), pk=pk)
        track = seen_track(separation, self.request)
        try:
            return VisibleSeparation.of(track, separation)
        except TrackSeparation.DoesNotExist as error:  # it was taken away in between
            raise Http404 from error


def seen_track(separation: Separation, request: Request) -> Track:
    try:
        return track_for(separation, request.user)
    except Track.DoesNotExist as error:  # it was taken away in between
        raise Http404 from error


class SeparationView(SeparationMixin):
    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(responses=LiveSeparationSerializer)
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (REST framework's signature)
        """Show how far a separation is, and its stems."""
        return Response(self.get_serializer(self.seen(pk)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Withdraw your request for a separation. Work that nobody wants any more is cancelled."""
        separation = self.seen(pk).separation
        if not separation.requests.filter(user=account(request)).exists():
            raise CatalogError("not_yours", _("Only who asked for a separation may stop it."), status=403)
        withdraw(separation, account(request))
        return Response(status=204)


class ArchiveView(EncodedFileView, SeparationMixin):
    @extend_schema(
        operation_id="separations_archive",
        parameters=[ArchiveQuerySerializer, PREFER],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            **FILE_RESPONSES,
            409: OpenApiResponse(description="Not finished."),
        },
    )
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        """Download several stems as one zip.

        The same request gives the same bytes, so a download that broke off can go on (`curl -C -`).
        """
        order = archive_order(self.seen(pk), request, validated_query(self, ArchiveQuerySerializer))
        renditions = self.obtain(request, list(order.recipes.values()))
        return archive_answer(request, order, renditions)


def archive_order(seen: VisibleSeparation, request: Request, wanted: dict[str, Any]) -> ArchiveOrder:
    """What the zip of ``wanted`` (``codec``, ``bitrate``, ``stems``) consists of. Raises ``CatalogError``."""
    codec, bitrate = encoding(request, wanted)
    names = [name.strip() for name in wanted.get("stems", "").split(",") if name.strip()]
    return downloads.order_archive(seen.separation, seen.track, codec, bitrate, names)


def archive_answer(
    request: Request, order: ArchiveOrder, renditions: Sequence[Rendition]
) -> HttpResponseBase:
    """Send the zip."""
    archive = order.archive(renditions)
    return file_responses.serve_archive(request._request, archive, filename=order.filename)  # noqa: SLF001 (Django's request)


def encoding(request: Request, wanted: dict[str, Any]) -> tuple[str, int | None]:
    """The codec and bitrate to make. ``CatalogError``: ``unknown_codec``, ``bad_bitrate``."""
    codec = codec_or_best(request.user, wanted.get("codec", ""))
    return codec, check_codec(codec, parse_bitrate(wanted.get("bitrate", "")))


class StemMixin(GenericAPIView[Stem]):
    permission_classes = [AllowAny]
    serializer_class = PeaksSerializer

    def stem(self, pk: str) -> Stem:
        found = self.stem_or_live(pk)
        if isinstance(found, LiveStem):
            raise CatalogError("not_ready", _("This separation is not ready yet."), status=409)
        return found

    def stem_or_live(self, pk: str) -> Stem | LiveStem:
        """The stem, or the one that is being made and will have this id."""
        visible = Separation.objects.audible_to(self.request.user)
        rows = Stem.objects.filter(separation__in=visible).defer("peaks")
        rows = rows.select_related("audio", "separation__mixture")
        try:
            return get_object_or_404(rows, pk=pk)
        except Http404:
            found = live.find(pk, visible)
            if found is None:
                raise
            return found


def _revalidated(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    """Let the player's own cache keep ``response``, and ask each time whether it may still use it."""
    response["Cache-Control"] = file_responses.REVALIDATE
    response["ETag"] = etag
    response["X-Content-Type-Options"] = "nosniff"
    return response


class StemAudioView(EncodedFileView, StemMixin):
    @extend_schema(
        operation_id="stems_audio",
        parameters=[EncodingSerializer, PREFER],
        responses={**AUDIO_FILES, **FILE_RESPONSES},
    )
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        """Download a stem as a file. Visitors may have the MP3s of separations in two stems."""
        stem = self.stem(pk)
        codec, bitrate = encoding(request, validated_query(self, EncodingSerializer))
        if not may_download(request.user, stem.separation, codec):
            raise NotAuthenticated(_("Sign in to download this. Playing is free."), "account_needed")
        track = seen_track(stem.separation, request)
        (made,) = self.obtain(request, [downloads.stem_recipe(stem, track, codec, bitrate)])
        output = OUTPUT[codec]
        return file_responses.serve(
            request._request,  # noqa: SLF001 (serving knows Django's requests)
            made.key,
            filename=downloads.download_name(track, stem.name, output.extension),
            content_type=output.content_type,
            checksum=made.checksum,
            size=made.size,
            download=True,
        )


class StemPeaksView(StemMixin):
    @extend_schema(parameters=[PeaksQuerySerializer], responses=PeaksSerializer, operation_id="stems_peaks")
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        """Show the peaks of a stem, to draw a waveform from. The loudest of each 4096 samples, 0 to 255."""
        stem = self.stem_or_live(pk)
        start = validated_query(self, PeaksQuerySerializer)["start"]
        if isinstance(stem, LiveStem):
            peaks, gain = live.peaks(stem)
            answer = Response(_peaks(peaks, start, len(peaks) * SAMPLES_PER_PEAK, gain))
            answer["Cache-Control"] = "no-store"
            return answer
        etag = f'"{stem.audio.checksum[:32]}-peaks-{start}"'
        early = get_conditional_response(request._request, etag=etag)  # noqa: SLF001 (Django's request)
        if early is not None:
            return _revalidated(early, etag)
        whole = _peaks(bytes(stem.peaks), start, stem.audio.frames, stem.separation.gain)
        return _revalidated(Response(whole), etag)


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
        responses={
            (200, "audio/flac"): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="You have it already."),
            409: OpenApiResponse(description="Not made yet."),
        },
        operation_id="stems_segment",
    )
    def get(self, request: Request, pk: str, number: int) -> HttpResponseBase:
        """Fetch a piece of a stem for players. It has 524,288 samples and is a FLAC of its own.

        While the separation is running, those that are ready can be had already. The header `X-Gain` tells what
        the samples were multiplied by so that they do not clip; pieces that you have stay right with theirs.
        """
        stem = self.stem_or_live(pk)
        if isinstance(stem, LiveStem):
            piece = live.segment(stem, number)
            return _segment(request, f"{stem.place}-{stem.name}-{piece.gain}-{number}", lambda: piece)
        etag = f"{stem.audio.checksum[:32]}-{stem.separation.gain}-{number}"
        return _segment(request, etag, lambda: segments.segment(stem, number))


def _segment(request: Request, tag: str, read: Callable[[], Segment]) -> HttpResponseBase:
    """Answer 304, without reading the file, to a player that has the segment already."""
    etag = f'"{tag}"'
    early = get_conditional_response(request._request, etag=etag)  # noqa: SLF001 (Django's request)
    if early is not None:
        return _revalidated(early, etag)
    piece = read()
    answer = HttpResponse(piece.data, content_type="audio/flac", headers={"X-Gain": repr(piece.gain)})
    return _revalidated(answer, etag)
