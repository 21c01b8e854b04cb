"""Tracks, and bringing one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import account
from accounts.models import User
from catalog.api.serializers import TrackChangesSerializer
from catalog.api.views import MOVED, as_id, validated_query
from catalog.curation.editing import edit, release
from catalog.errors import CatalogError
from catalog.models import Artist, Credit, Track, Visibility
from catalog.redirects import Kind, RedirectMixin
from catalog.search.facets import Filters
from catalog.search.service import InOrder, find
from catalog.uploads.ingest import Ingested, ingest, refusal
from catalog.uploads.policy import FORM_BYTES
from separation.api.serializers import (
    ASK,
    NO_MODEL,
    AskSerializer,
    LiveSeparationSerializer,
    MatchSerializer,
    SeparatedTrackSerializer,
    TrackQuerySerializer,
    UploadedSerializer,
    UploadSerializer,
)
from separation.delivery.permissions import VisibleSeparation
from separation.duplicates import worth_asking
from separation.models import Status, TrackSeparation
from separation.queue.requests import ask, choose
from separation.selectors import separations_by_track

ORDERINGS = {
    "created_at": "created_at",
    "title": "title_key",
    "artist": "artist__key",
    "album": "album__key",
    "genre": "genre_key",
    "year": "year",
    "duration": "audio__duration",
}
LIST_COLUMNS = (
    *("title", "track_number", "disc_number", "genre", "year", "cover", "plays", "visibility", "owner_id"),
    *("created_at", "artist__name", "artist__slug", "album__title", "album__year", "album__cover"),
    *("album__artist__name", "album__artist__slug", "audio__duration", "audio__frames"),
)


class TrackMixin(GenericAPIView[Track]):
    serializer_class = SeparatedTrackSerializer

    def get_queryset(self) -> QuerySet[Track]:
        tracks = Track.objects.visible_to(self.request.user)
        guests = Prefetch("credits", Credit.objects.select_related("artist"))
        return tracks.select_related("artist", "album__artist", "audio").prefetch_related(guests)

    def serialize(self, tracks: Sequence[Track]) -> list[Any]:
        """Serialize ``tracks``; separations and stems are read for all of them at once."""
        return list(SeparatedTrackSerializer(tracks, many=True, context=self.list_context(tracks)).data)

    def list_context(self, tracks: Sequence[Track]) -> dict[str, Any]:
        """Return the serializers' context for a list of ``tracks``."""
        return {**self.get_serializer_context(), "separations": separations_by_track(tracks)}

    def fresh(self, track: Track) -> Any:
        """Serialize ``track`` as it is in the database now."""
        return self.serialize([self.get_queryset().get(pk=track.pk)])[0]


class TrackListView(TrackMixin):
    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[TrackQuerySerializer],
        responses=SeparatedTrackSerializer(many=True),
        operation_id="tracks_list",
    )
    def get(self, request: Request) -> Response:
        """List songs by words, artist, album, genre, decade and model.

        With `q` the best matches first, at most 300; else the newest first.
        """
        wanted = validated_query(self, TrackQuerySerializer)
        page = self.paginate_queryset(matching(self.get_queryset().only(*LIST_COLUMNS), wanted, request.user))
        return self.get_paginated_response(self.serialize(page or []))


def matching(
    tracks: QuerySet[Track], wanted: dict[str, Any], user: User | AnonymousUser
) -> QuerySet[Track] | InOrder[Track]:
    """``tracks`` narrowed and ordered as the query parameters say; by relevance, where there are words only."""
    within = _within(wanted)
    filters = Filters.of(wanted)
    if words := wanted.get("q"):
        found = find(words, user, filters, within=within)
        if not wanted.get("ordering"):
            return found.tracks(tracks)
        tracks = tracks.filter(pk__in=found.ids)
    else:
        tracks = _narrowed(tracks, filters)
        if within:
            tracks = tracks.filter(**{within[0]: within[1]})
    ordering = wanted.get("ordering") or "-created_at"
    sign = "-" if ordering.startswith("-") else ""
    return tracks.order_by(sign + ORDERINGS[ordering.removeprefix("-")], "pk")


def _within(wanted: dict[str, Any]) -> tuple[str, UUID] | None:
    """The album or the artist whose songs are asked for; one that does not exist has none."""
    if album := wanted.get("album"):
        return "album", as_id(album)
    if artist := wanted.get("artist"):
        named = Artist.objects.filter(Q(slug=artist) | Q(pk=as_id(artist))).values_list("pk", flat=True)
        return "artist", named.first() or as_id("")
    return None


def _narrowed(tracks: QuerySet[Track], filters: Filters) -> QuerySet[Track]:
    if filters.genre:
        tracks = tracks.filter(genre_key=filters.genre)
    if filters.decade is not None:
        tracks = tracks.filter(year__range=(filters.decade, filters.decade + 9))
    if filters.model:
        # Asked of one song after the other: SQLite would first gather all that the model has separated.
        done = TrackSeparation.objects.filter(
            separation__model=filters.model, separation__status=Status.SUCCEEDED, stopped_at=None
        )
        shown = done.filter(track=OuterRef("pk"), separation__mixture=OuterRef("audio"))
        tracks = tracks.filter(Exists(shown.order_by()))
    return tracks


class TrackView(RedirectMixin, TrackMixin):
    permission_classes = [IsAuthenticatedOrReadOnly]
    redirect_kind = Kind.TRACK

    def get_object(self) -> Track:
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    @extend_schema(responses={200: SeparatedTrackSerializer, **MOVED}, operation_id="tracks_retrieve")
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `get_object`)
        """Show a song with its separations and their stems."""
        return Response(self.serialize([self.get_object()])[0])

    @extend_schema(request=TrackChangesSerializer, responses=SeparatedTrackSerializer)
    def patch(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `get_object`)
        """Change a song: names, numbers, genre, year or who may see it. For its owner, and curators what is shared."""
        track = self.get_object()
        sent = TrackChangesSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return Response(self.fresh(edit(track, account(request), sent.validated_data)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `get_object`)
        """Drop your claim to a song. It stays for others who brought it too. Curators drop its owner's."""
        release(self.get_object(), account(request))
        return Response(status=204)


class UploadView(TrackMixin):
    parser_classes = [MultiPartParser, FormParser]
    throttle_scope = "upload"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse by the announced length, before a byte of the body is read."""
        refuse_too_large(request)
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
        wanted = sent.validated_data
        separate = wanted["model"] != NO_MODEL
        if separate:
            choose(wanted["model"] or None)  # an unknown model is said before the song is taken in
        user = account(request)
        taken = take_in(wanted["file"], user, wanted)
        answer = self._answer(taken)
        if separate and not (wanted["when_matched"] == ASK and worth_asking(taken.matches)):
            try:
                done = ask(taken.track, wanted["model"] or None, user)
            except CatalogError as error:  # the song is in; only its separation is not
                answer["separation_error"] = {"code": error.code, "detail": str(error.detail)}
            else:
                seen = VisibleSeparation.of(taken.track, done.separation)
                answer["separation"] = LiveSeparationSerializer(
                    seen, context=self.get_serializer_context()
                ).data
                answer["track"] = self.fresh(taken.track)
        return Response(answer, status=201 if taken.created else 200)

    def _answer(self, taken: Ingested) -> dict[str, Any]:
        tracks = self.get_queryset().in_bulk([match.track.pk for match in taken.matches])
        matches = [
            replace(match, track=tracks[match.track.pk])
            for match in taken.matches
            if match.track.pk in tracks
        ]
        return {
            "track": self.fresh(taken.track),
            "created": taken.created,
            "matches": MatchSerializer(
                matches, many=True, context=self.list_context([match.track for match in matches])
            ).data,
            "separation": None,
            "separation_error": None,
        }


def refuse_too_large(request: Request) -> None:
    """``CatalogError("too_large")`` (413) when the request says that it is longer than any upload may be."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if length.isdigit() and int(length) > settings.MAX_UPLOAD_BYTES + FORM_BYTES:
        raise refusal("too_large")


def take_in(file: Any, user: User, wanted: dict[str, Any]) -> Ingested:
    """Ingest a received file with what was said about it."""
    if not isinstance(file, TemporaryUploadedFile):
        raise CatalogError("parse_error", _("The request could not be read."))
    return ingest(
        Path(file.temporary_file_path()),
        filename=file.name or "",
        user=user,
        title=wanted.get("title", ""),
        artist=wanted.get("artist", ""),
        album=wanted.get("album", ""),
        visibility=Visibility(wanted.get("visibility", Visibility.SHARED)),
    )


class TrackSeparationsView(TrackMixin):
    @extend_schema(
        request=AskSerializer,
        responses={
            202: OpenApiResponse(LiveSeparationSerializer, "Queued."),
            200: OpenApiResponse(LiveSeparationSerializer, "There already, waiting or done."),
        },
        operation_id="tracks_separate",
    )
    def post(self, request: Request, pk: str) -> Response:
        """Ask for a song to be separated by a model."""
        track = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
        sent = AskSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        done = ask(track, sent.validated_data.get("model") or None, account(request))
        answer = LiveSeparationSerializer(
            VisibleSeparation.of(track, done.separation), context=self.get_serializer_context()
        ).data
        return Response(answer, status=202 if done.queued else 200)
