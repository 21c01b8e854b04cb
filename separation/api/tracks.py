"""Tracks with their separations, and requests for a separation."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.current_user import account
from accounts.models import User
from catalog.api.query_parameters import query_parameters
from catalog.api.serializers import TrackChangesSerializer
from catalog.api.views import MOVED, find_album, find_artist
from catalog.curation.editing import edit, release
from catalog.models import Credit, Track
from catalog.redirects import Kind, RedirectMixin
from catalog.search.facets import Filters
from catalog.search.service import InOrder, find
from separation.api.request_serializers import AskSerializer, TrackQuerySerializer
from separation.api.serializers import LiveSeparationSerializer, SeparatedTrackSerializer
from separation.delivery.permissions import VisibleSeparation
from separation.models import Status, TrackSeparation
from separation.queue.requests import ask
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
LISTED_FIELDS = (
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

    def represent(self, tracks: Sequence[Track]) -> list[Any]:
        """Return the JSON of ``tracks``. Guests, separations and stems are read for all of them at once."""
        return list(SeparatedTrackSerializer(tracks, many=True, context=self.context_for(tracks)).data)

    def context_for(self, tracks: Sequence[Track]) -> dict[str, Any]:
        """Return the context of serializers that represent ``tracks``."""
        return {**self.get_serializer_context(), "separations": separations_by_track(tracks)}

    def represent_current(self, track: Track) -> Any:
        """Return the JSON of ``track`` as it is in the database now."""
        return self.represent([self.get_queryset().get(pk=track.pk)])[0]


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
        parameters = query_parameters(self, TrackQuerySerializer)
        page = self.paginate_queryset(
            matching(self.get_queryset().only(*LISTED_FIELDS), parameters, request.user)
        )
        return self.get_paginated_response(self.represent(page or []))


def matching(
    tracks: QuerySet[Track], parameters: dict[str, Any], user: User | AnonymousUser
) -> QuerySet[Track] | InOrder[Track]:
    """Filter and order ``tracks`` by the query parameters: by relevance if there are words and no ordering."""
    within = _within(parameters)
    filters = Filters.of(parameters)
    if words := parameters.get("q"):
        results = find(words, user, filters, within=within)
        if not parameters.get("ordering"):
            return results.tracks(tracks)
        tracks = tracks.filter(pk__in=results.ids)
    else:
        tracks = _filtered(tracks, filters)
        if within:
            tracks = tracks.filter(**{within[0]: within[1]})
    ordering = parameters.get("ordering") or "-created_at"
    sign = "-" if ordering.startswith("-") else ""
    return tracks.order_by(sign + ORDERINGS[ordering.removeprefix("-")], "pk")


def _within(parameters: dict[str, Any]) -> tuple[str, UUID] | None:
    """Return the album or artist to list as a filter; an unknown one matches nothing."""
    if album := parameters.get("album"):
        return "album", find_album(album)
    if artist := parameters.get("artist"):
        return "artist", find_artist(artist)
    return None


def _filtered(tracks: QuerySet[Track], filters: Filters) -> QuerySet[Track]:
    if filters.genre:
        tracks = tracks.filter(genre_key=filters.genre)
    if filters.decade is not None:
        tracks = tracks.filter(year__range=(filters.decade, filters.decade + 9))
    if filters.model:
        # Exists, so that SQLite checks one song after the other instead of first collecting all of the model.
        finished = TrackSeparation.objects.filter(
            separation__model=filters.model, separation__status=Status.SUCCEEDED, stopped_at=None
        )
        shown = finished.filter(track=OuterRef("pk"), separation__mixture=OuterRef("audio"))
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
        return Response(self.represent([self.get_object()])[0])

    @extend_schema(request=TrackChangesSerializer, responses=SeparatedTrackSerializer)
    def patch(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `get_object`)
        """Change a song: names, numbers, genre, year or who may see it. For its owner, and curators what is shared."""
        track = self.get_object()
        sent = TrackChangesSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return Response(self.represent_current(edit(track, account(request), sent.validated_data)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `get_object`)
        """Drop your claim to a song. It stays for others who brought it too. Curators drop its owner's."""
        release(self.get_object(), account(request))
        return Response(status=204)


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
        requested = ask(track, sent.validated_data.get("model") or None, account(request))
        visible = VisibleSeparation.of(track, requested.separation)
        answer = LiveSeparationSerializer(visible, context=self.get_serializer_context()).data
        return Response(answer, status=202 if requested.queued else 200)
