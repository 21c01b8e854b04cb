"""Artists, albums, and the count of plays."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView, get_object_or_404
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.security.client_address import client_network
from catalog.api.query_parameters import query_parameters
from catalog.api.serializers import (
    AlbumQuerySerializer,
    AlbumSerializer,
    ArtistQuerySerializer,
    ArtistSerializer,
    PlaysSerializer,
)
from catalog.models import Album, Artist, Track
from catalog.redirects import Kind, RedirectMixin, find_target
from catalog.search.service import InOrder, among, find_names
from catalog.social import plays

Orders = dict[str, tuple[str, ...]]

ARTIST_ORDERS: Orders = {"name": ("sort_key", "pk"), "-name": ("-sort_key", "-pk")}
ALBUM_ORDERS: Orders = {
    "title": ("sort_key", "pk"),
    "-title": ("-sort_key", "-pk"),
    "created_at": ("created_at", "-pk"),
    "-created_at": ("-created_at", "pk"),
}
MOVED = {301: OpenApiResponse(description="It was merged into another, which is at `Location`.")}


def as_id(text: str) -> UUID:
    """Parse an id; anything else becomes one that no row has."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def find_artist(text: str) -> UUID:
    """Return the id of the artist with this slug or id, also a former one; else an id that no row has."""
    named = Artist.objects.filter(Q(slug=text) | Q(pk=as_id(text))).values_list("pk", flat=True)
    return named.first() or find_target(Kind.ARTIST, text) or as_id("")


def find_album(text: str) -> UUID:
    """Return the id of the album with this id, also a former one; else an id that no row has."""
    return find_target(Kind.ALBUM, text) or as_id(text)


def narrow(
    queryset: Any,
    kind: str,
    user: User | AnonymousUser,
    wanted: dict[str, Any],
    orders: dict[str, tuple[str, ...]],
) -> Any:
    """Filter by letter and words; order as asked for, or by relevance."""
    if letter := wanted.get("letter"):
        queryset = queryset.filter(initial=letter.lower())
    ordering = wanted.get("ordering")
    if words := wanted.get("q", ""):
        ids = find_names(kind, words, user)
        if not ordering:
            seen = set(queryset.filter(pk__in=ids).values_list("pk", flat=True))
            return InOrder([pk for pk in ids if pk in seen], among(queryset))
        queryset = queryset.filter(pk__in=ids)
    return queryset.order_by(*orders[ordering or next(iter(orders))])


class ArtistMixin(GenericAPIView[Artist]):
    permission_classes = [AllowAny]
    serializer_class = ArtistSerializer

    def get_queryset(self) -> QuerySet[Artist]:
        user = self.request.user
        return Artist.objects.visible_to(user).with_counts(user)


@extend_schema_view(get=extend_schema(parameters=[ArtistQuerySerializer], operation_id="artists_list"))
class ArtistListView(ArtistMixin, ListAPIView[Artist]):
    """List artists with something to hear, by name."""

    def filter_queryset(self, queryset: Any) -> Any:
        return narrow(
            queryset,
            "artist",
            self.request.user,
            query_parameters(self, ArtistQuerySerializer),
            ARTIST_ORDERS,
        )


@extend_schema_view(get=extend_schema(responses={200: ArtistSerializer, **MOVED}))
class ArtistView(RedirectMixin, ArtistMixin, RetrieveAPIView[Artist]):
    """Show an artist."""

    redirect_kind = Kind.ARTIST

    def get_object(self) -> Artist:
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])


class AlbumMixin(GenericAPIView[Album]):
    permission_classes = [AllowAny]
    serializer_class = AlbumSerializer

    def get_queryset(self) -> QuerySet[Album]:
        user = self.request.user
        return Album.objects.visible_to(user).with_counts(user).select_related("artist")


@extend_schema_view(get=extend_schema(parameters=[AlbumQuerySerializer], operation_id="albums_list"))
class AlbumListView(AlbumMixin, ListAPIView[Album]):
    """List albums with something to hear, by title."""

    def filter_queryset(self, queryset: Any) -> Any:
        wanted = query_parameters(self, AlbumQuerySerializer)
        if artist := wanted.get("artist"):
            queryset = queryset.filter(artist=find_artist(artist))
        return narrow(queryset, "album", self.request.user, wanted, ALBUM_ORDERS)


@extend_schema_view(get=extend_schema(responses={200: AlbumSerializer, **MOVED}))
class AlbumView(RedirectMixin, AlbumMixin, RetrieveAPIView[Album]):
    """Show an album. Its songs are `tracks/?album=<id>`."""

    redirect_kind = Kind.ALBUM

    def get_object(self) -> Album:
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])


class TrackPlaysView(GenericAPIView[Track]):
    permission_classes = [AllowAny]
    serializer_class = PlaysSerializer

    @extend_schema(request=None, responses=PlaysSerializer, operation_id="tracks_played")
    def post(self, request: Request, pk: str) -> Response:
        """Count that somebody began to play a song. Counted once in half an hour for each account or address."""
        track = as_id(pk)
        who = request.user.pk or client_network(request)
        if not plays.count_play_by(str(who), track, request.user):
            raise Http404
        return Response({"plays": Track.objects.values_list("plays", flat=True).get(pk=track)})
