"""Artists and albums."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView, get_object_or_404
from rest_framework.permissions import AllowAny

from catalog.api.serializers import AlbumSerializer, ArtistSerializer, WordsSerializer
from catalog.models import Album, Artist


def asked(view: GenericAPIView[Any], kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The query parameters, checked by a serializer; 400 with ``fields`` for what cannot be used."""
    parameters = kind(data=view.request.query_params.dict())
    parameters.is_valid(raise_exception=True)
    return dict(parameters.validated_data)


class ArtistMixin(GenericAPIView[Artist]):
    permission_classes = [AllowAny]
    serializer_class = ArtistSerializer

    def get_queryset(self) -> QuerySet[Artist]:
        user = self.request.user
        return Artist.objects.visible_to(user).with_counts(user)


@extend_schema_view(get=extend_schema(parameters=[WordsSerializer], operation_id="artists_list"))
class ArtistListView(ArtistMixin, ListAPIView[Artist]):
    """Everybody with something to hear, by name."""

    def filter_queryset(self, queryset: Any) -> Any:
        return queryset.search(asked(self, WordsSerializer).get("q", ""))


class ArtistView(ArtistMixin, RetrieveAPIView[Artist]):
    """One artist."""

    def get_object(self) -> Artist:
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])


class AlbumMixin(GenericAPIView[Album]):
    permission_classes = [AllowAny]
    serializer_class = AlbumSerializer

    def get_queryset(self) -> QuerySet[Album]:
        user = self.request.user
        return Album.objects.visible_to(user).with_counts(user).select_related("artist")


@extend_schema_view(get=extend_schema(parameters=[WordsSerializer], operation_id="albums_list"))
class AlbumListView(AlbumMixin, ListAPIView[Album]):
    """Albums with something to hear, by title."""

    def filter_queryset(self, queryset: Any) -> Any:
        return queryset.search(asked(self, WordsSerializer).get("q", ""))


class AlbumView(AlbumMixin, RetrieveAPIView[Album]):
    """One album; its songs are ``tracks/?album=<id>``."""

    def get_object(self) -> Album:
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])
