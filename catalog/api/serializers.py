"""What the API says about artists, albums and tracks."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from catalog.audio.tags import clean_text
from catalog.covers import version
from catalog.models import Album, Artist, Track, Visibility


def cover_address(track_id: object, context: Mapping[str, Any]) -> str:
    """Where the cover of a track is."""
    request = context["request"]
    return str(request.build_absolute_uri(reverse("track-cover", args=[track_id])))


class ArtistNameSerializer(serializers.ModelSerializer[Artist]):
    id = serializers.CharField(read_only=True)

    class Meta:
        model = Artist
        fields = ["id", "name", "slug"]
        read_only_fields = fields


class ArtistSerializer(ArtistNameSerializer):
    track_count = serializers.IntegerField(read_only=True)
    album_count = serializers.IntegerField(read_only=True)

    class Meta(ArtistNameSerializer.Meta):
        fields = [*ArtistNameSerializer.Meta.fields, "track_count", "album_count"]
        read_only_fields = fields


class AlbumTitleSerializer(serializers.ModelSerializer[Album]):
    id = serializers.CharField(read_only=True)

    class Meta:
        model = Album
        fields = ["id", "title", "year"]
        read_only_fields = fields


class AlbumSerializer(AlbumTitleSerializer):
    artist = ArtistNameSerializer(read_only=True)
    track_count = serializers.IntegerField(read_only=True)
    cover = serializers.SerializerMethodField()

    class Meta(AlbumTitleSerializer.Meta):
        fields = [*AlbumTitleSerializer.Meta.fields, "artist", "track_count", "cover"]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_cover(self, album: Any) -> str | None:
        return cover_address(album.cover_track, self.context) if album.cover_track else None


class TrackSerializer(serializers.ModelSerializer[Track]):
    """A track as everybody sees it; ``duration`` in seconds."""

    id = serializers.CharField(read_only=True)
    artist = ArtistNameSerializer(read_only=True)
    album = AlbumTitleSerializer(read_only=True, allow_null=True)
    duration = serializers.FloatField(source="audio.duration", read_only=True)
    cover = serializers.SerializerMethodField()
    mine = serializers.SerializerMethodField(help_text="Whether you brought it first, and may edit it.")

    class Meta:
        model = Track
        fields = [
            "id",
            "title",
            "artist",
            "album",
            "track_number",
            "disc_number",
            "genre",
            "year",
            "duration",
            "cover",
            "visibility",
            "mine",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_cover(self, track: Track) -> str | None:
        if not track.picture:
            return None
        return f"{cover_address(track.pk, self.context)}?v={version(track.picture)}"

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_mine(self, track: Track) -> bool:
        user = self.context["request"].user
        return bool(user.is_authenticated and user.pk == track.owner_id)


class NameField(serializers.CharField):
    """Text of one line without control characters, as tags are cleaned."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=kwargs.pop("max_length", 255), **kwargs)

    def to_internal_value(self, data: Any) -> str:
        given = super().to_internal_value(data)
        self.run_validators(given)  # before cleaning, which would cut what is too long
        text = clean_text(given) or ""
        if not text and not self.allow_blank:
            raise serializers.ValidationError(_("This needs at least one character."))
        return text


class TrackChangesSerializer(serializers.Serializer[Track]):
    """What may be changed about a track. Artist and album are names; an empty album takes it off."""

    title = NameField(required=False)
    artist = NameField(required=False)
    album = NameField(required=False, allow_blank=True)
    genre = NameField(required=False, allow_blank=True, max_length=80)
    year = serializers.IntegerField(required=False, allow_null=True, min_value=1000, max_value=2999)
    visibility = serializers.ChoiceField(choices=Visibility.choices, required=False)


class WordsSerializer(serializers.Serializer[Any]):
    """``?q=``"""

    q = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="Words to find.")
