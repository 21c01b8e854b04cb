"""Search suggestions: artists, albums and songs at once."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.query_parameters import query_parameters
from catalog.api.serializers import ArtistNameSerializer
from catalog.models import Album, Track
from catalog.search.query import MAX_LENGTH
from catalog.search.service import find

LOOKED_AT = 150  # documents: enough for the first few of each kind


class SearchQuerySerializer(serializers.Serializer[Any]):
    q = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=MAX_LENGTH,
        help_text="What was typed by now.",
    )
    limit = serializers.IntegerField(
        required=False, default=5, min_value=1, max_value=20, help_text="At most so many of each kind."
    )


class FoundAlbumSerializer(serializers.ModelSerializer[Album]):
    id = serializers.UUIDField(source="pk", read_only=True)
    artist = serializers.CharField(source="performer", read_only=True)

    class Meta:
        model = Album
        fields = ["id", "title", "year", "artist"]
        read_only_fields = fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        known = {"id": str(instance.pk), "title": instance.title, "year": instance.year}
        return known | {"artist": instance.performer}


class FoundTrackSerializer(serializers.ModelSerializer[Track]):
    id = serializers.UUIDField(source="pk", read_only=True)
    artist = serializers.CharField(source="performer", read_only=True)

    class Meta:
        model = Track
        fields = ["id", "title", "artist"]
        read_only_fields = fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {"id": str(instance.pk), "title": instance.title, "artist": instance.performer}


class SuggestionsSerializer(serializers.Serializer[Any]):
    """``corrected``: what was looked for instead, because nothing has the words as they were typed; else null."""

    query = serializers.CharField()
    corrected = serializers.CharField(allow_null=True)
    artists = ArtistNameSerializer(many=True)
    albums = FoundAlbumSerializer(many=True)
    tracks = FoundTrackSerializer(many=True)


class SearchView(GenericAPIView[Any]):
    permission_classes = [AllowAny]
    serializer_class = SuggestionsSerializer
    pagination_class = None

    @extend_schema(parameters=[SearchQuerySerializer], responses=SuggestionsSerializer, operation_id="search")
    def get(self, request: Request) -> Response:
        """Suggest artists, albums and songs for some words. Accents, beginnings and typing errors are forgiven."""
        wanted = query_parameters(self, SearchQuerySerializer)
        limit = wanted["limit"]
        found = find(wanted["q"], request.user, most=LOOKED_AT)
        answer = {
            "query": wanted["q"],
            "corrected": found.corrected or None,
            "artists": found.artists(limit),
            "albums": found.albums(limit),
            "tracks": found.songs()[:limit],
        }
        return Response(self.get_serializer(answer).data)
