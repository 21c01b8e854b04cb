"""Serializers of artists, albums and tracks."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audio.tags.cleaning import clean_text
from audio.tags.text_encodings import ENCODINGS
from audio.types import COVER_SIZES
from catalog.models import Album, Artist, Track, Visibility
from catalog.storage.covers import version

COVERS_SCHEMA = {
    "type": ["object", "null"],
    "properties": {str(size): {"type": "string", "format": "uri"} for size in COVER_SIZES},
}


def absolute_url(serializer: serializers.BaseSerializer[Any], name: str, pk: object) -> str:
    """Return the address of the view ``name`` for this id, with the host."""
    return str(serializer.context["request"].build_absolute_uri(reverse(name, args=[pk])))


def cover_urls(url: str, key: str) -> dict[str, str]:
    """Return the addresses of a cover by its pixels; browsers keep each for minutes."""
    return {str(size): f"{url}?size={size}&v={version(key)}" for size in COVER_SIZES}


class ArtistNameSerializer(serializers.ModelSerializer[Artist]):
    id = serializers.UUIDField(source="pk", read_only=True)

    class Meta:
        model = Artist
        fields = ["id", "name", "slug"]
        read_only_fields = fields


class ArtistSerializer(ArtistNameSerializer):
    track_count = serializers.IntegerField(read_only=True)
    album_count = serializers.IntegerField(read_only=True)

    class Meta(ArtistNameSerializer.Meta):
        fields = [*ArtistNameSerializer.Meta.fields, "sort_name", "track_count", "album_count"]
        read_only_fields = fields


class PerformerSerializer(ArtistNameSerializer):
    """An artist of a track: the first is ``main``, the others are ``featured``."""

    role = serializers.ChoiceField(choices=["main", "featured"], read_only=True)

    class Meta(ArtistNameSerializer.Meta):
        fields = [*ArtistNameSerializer.Meta.fields, "role"]
        read_only_fields = fields


class AlbumTitleSerializer(serializers.ModelSerializer[Album]):
    id = serializers.UUIDField(read_only=True)
    artist = ArtistNameSerializer(read_only=True, help_text="The album artist.")

    class Meta:
        model = Album
        fields = ["id", "title", "year", "artist"]
        read_only_fields = fields


class AlbumSerializer(AlbumTitleSerializer):
    track_count = serializers.IntegerField(read_only=True)
    cover = serializers.SerializerMethodField()
    covers = serializers.SerializerMethodField(help_text="The cover by its pixels.")

    class Meta(AlbumTitleSerializer.Meta):
        fields = [*AlbumTitleSerializer.Meta.fields, "compilation", "track_count", "cover", "covers"]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_cover(self, album: Any) -> str | None:
        return absolute_url(self, "track-cover", album.cover_track) if album.cover_track else None

    @extend_schema_field(COVERS_SCHEMA)
    def get_covers(self, album: Any) -> dict[str, str] | None:
        if not album.cover_key:
            return None
        return cover_urls(absolute_url(self, "album-cover", album.pk), album.cover_key)


class TrackSerializer(serializers.ModelSerializer[Track]):
    """A track as everybody sees it; ``duration`` in seconds."""

    id = serializers.UUIDField(read_only=True)
    artist = ArtistNameSerializer(read_only=True)
    album = AlbumTitleSerializer(read_only=True, allow_null=True)
    artists = serializers.SerializerMethodField(help_text="Everybody who performs, the first one first.")
    duration = serializers.FloatField(source="audio.duration", read_only=True)
    covers = serializers.SerializerMethodField(help_text="The cover by its pixels.")
    cover = serializers.SerializerMethodField()
    mine = serializers.SerializerMethodField(help_text="Whether you brought it first, and may edit it.")

    class Meta:
        model = Track
        fields = [
            "id",
            "title",
            "artist",
            "artists",
            "album",
            "track_number",
            "disc_number",
            "genre",
            "year",
            "duration",
            "cover",
            "covers",
            "plays",
            "visibility",
            "mine",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_cover(self, track: Track) -> str | None:
        if not track.picture:
            return None
        return f"{absolute_url(self, 'track-cover', track.pk)}?v={version(track.picture)}"

    @extend_schema_field(COVERS_SCHEMA)
    def get_covers(self, track: Track) -> dict[str, str] | None:
        if not track.picture:
            return None
        return cover_urls(absolute_url(self, "track-cover", track.pk), track.picture)

    @extend_schema_field(PerformerSerializer(many=True))
    def get_artists(self, track: Track) -> list[dict[str, Any]]:
        name = self.fields["artist"].to_representation
        guests = ({**name(credit.artist), "role": "featured"} for credit in track.credits.all())
        return [{**name(track.artist), "role": "main"}, *guests]

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
    """What may be changed about a track. Artists and album are names; an empty album takes it off.

    `artists` are all who play on it, the first of them is its `artist`.
    """

    title = NameField(required=False)
    artist = NameField(required=False)
    artists = serializers.ListField(child=NameField(), required=False, min_length=1, max_length=13)
    album = NameField(required=False, allow_blank=True)
    album_artist = NameField(
        required=False, allow_blank=True, help_text="Left empty, the album is the artist's."
    )
    disc_number = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=9999)
    track_number = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=9999)
    genre = NameField(required=False, allow_blank=True, max_length=80)
    year = serializers.IntegerField(required=False, allow_null=True, min_value=1000, max_value=2999)
    encoding = serializers.ChoiceField(
        choices=sorted(ENCODINGS),
        required=False,
        help_text="Read the names again from the bytes in the file's tags, which were in this encoding; what else you "
        "send wins. `no_raw_names` (409): the tags were in Unicode.",
    )
    visibility = serializers.ChoiceField(choices=Visibility.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Split ``artists`` into an artist and guests."""
        if names := attrs.pop("artists", None):
            attrs |= {"artist": names[0], "guests": names[1:]}
        return attrs


class WordsSerializer(serializers.Serializer[Any]):
    """``?q=``"""

    q = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="Words to find.")


class NamesQuerySerializer(WordsSerializer):
    """``?q=``, ``?letter=``"""

    letter = serializers.RegexField(
        r"^[a-zA-Z0]$", required=False, allow_blank=True, help_text="a to z; 0: all that begins otherwise."
    )


class ArtistQuerySerializer(NamesQuerySerializer):
    ordering = serializers.ChoiceField(
        required=False, allow_blank=True, choices=["name", "-name"], help_text="By name, if left out."
    )


class AlbumQuerySerializer(NamesQuerySerializer):
    artist = serializers.CharField(
        required=False, allow_blank=True, max_length=80, help_text="Id or slug of the album artist."
    )
    ordering = serializers.ChoiceField(
        required=False,
        allow_blank=True,
        choices=["title", "-title", "created_at", "-created_at"],
        help_text="By title, if left out.",
    )


class PlaysSerializer(serializers.Serializer[Any]):
    plays = serializers.IntegerField(help_text="How often it was played, this time included.")
