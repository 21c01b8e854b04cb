"""What the API says about artists, albums and tracks.

What lists say of each row is written out (``to_representation``); the fields beside it describe it for the schema.
Going through the fields takes several times as long, and a page of songs has a thousand of them. A test holds both
together.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.functional import cached_property
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audio.tags.cleaning import clean_text
from audio.tags.text_encodings import ENCODINGS
from audio.types import COVER_SIZES
from catalog.links import pattern
from catalog.models import Album, Artist, Track, Visibility
from catalog.selectors import ArtistName
from catalog.storage.covers import version
from catalog.uploads.featured_artists import guests_of

COVERS_SCHEMA = {
    "type": ["object", "null"],
    "properties": {str(size): {"type": "string", "format": "uri"} for size in COVER_SIZES},
}


class Addresses:
    """Where things are. A list makes each kind of address once, and puts the ids into it."""

    def __init__(self, context: Mapping[str, Any]) -> None:
        self._build = context["request"].build_absolute_uri
        self._made: dict[str, str] = {}

    def of(self, name: str, pk: object) -> str:
        """The whole address of the view ``name`` for this id."""
        if name not in self._made:
            self._made[name] = pattern(name, self._build)
        return self._made[name].format(pk)


def cover_addresses(address: str, key: str) -> dict[str, str]:
    """Where the sizes of a picture are, by their pixels; browsers keep each for minutes."""
    return {str(size): f"{address}?size={size}&v={version(key)}" for size in COVER_SIZES}


def moment(value: datetime) -> str:
    """A point in time as every answer writes it."""
    said = value.astimezone(get_default_timezone()).isoformat()
    return said[:-6] + "Z" if said.endswith("+00:00") else said


class ArtistNameSerializer(serializers.ModelSerializer[Artist]):
    id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Artist
        fields = ["id", "name", "slug"]
        read_only_fields = fields

    def to_representation(self, instance: Artist | ArtistName) -> dict[str, Any]:
        return {"id": str(instance.pk), "name": instance.name, "slug": instance.slug}


class ArtistSerializer(ArtistNameSerializer):
    track_count = serializers.IntegerField(read_only=True)
    album_count = serializers.IntegerField(read_only=True)

    class Meta(ArtistNameSerializer.Meta):
        fields = [*ArtistNameSerializer.Meta.fields, "sort_name", "track_count", "album_count"]
        read_only_fields = fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        counted = {"track_count": instance.track_count, "album_count": instance.album_count}
        return super().to_representation(instance) | {"sort_name": instance.sort_name} | counted


class PerformerSerializer(ArtistNameSerializer):
    """An artist of a track: the first is ``main``, the others are ``featured``."""

    role = serializers.ChoiceField(choices=["main", "featured"], read_only=True)

    class Meta(ArtistNameSerializer.Meta):
        fields = [*ArtistNameSerializer.Meta.fields, "role"]
        read_only_fields = fields

    def to_representation(self, instance: Artist | ArtistName, role: str = "main") -> dict[str, Any]:
        return super().to_representation(instance) | {"role": role}


class AlbumTitleSerializer(serializers.ModelSerializer[Album]):
    id = serializers.UUIDField(read_only=True)
    artist = ArtistNameSerializer(read_only=True, help_text="The album artist.")

    class Meta:
        model = Album
        fields = ["id", "title", "year", "artist"]
        read_only_fields = fields

    def to_representation(self, instance: Album) -> dict[str, Any]:
        return {
            "id": str(instance.pk),
            "title": instance.title,
            "year": instance.year,
            "artist": _artist_name.to_representation(instance.artist),
        }


_artist_name, _performer, _album_title = ArtistNameSerializer(), PerformerSerializer(), AlbumTitleSerializer()


class AlbumSerializer(AlbumTitleSerializer):
    track_count = serializers.IntegerField(read_only=True)
    cover = serializers.SerializerMethodField()
    covers = serializers.SerializerMethodField(help_text="The cover by its pixels.")

    class Meta(AlbumTitleSerializer.Meta):
        fields = [
            *AlbumTitleSerializer.Meta.fields,
            "compilation",
            "track_count",
            "cover",
            "covers",
        ]
        read_only_fields = fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return super().to_representation(instance) | {
            "compilation": instance.compilation,
            "track_count": instance.track_count,
            "cover": self.get_cover(instance),
            "covers": self.get_covers(instance),
        }

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_cover(self, album: Any) -> str | None:
        return self._addresses.of("track-cover", album.cover_track) if album.cover_track else None

    @extend_schema_field(COVERS_SCHEMA)
    def get_covers(self, album: Any) -> dict[str, str] | None:
        if not album.cover_key:
            return None
        return cover_addresses(self._addresses.of("album-cover", album.pk), album.cover_key)

    @cached_property
    def _addresses(self) -> Addresses:
        return Addresses(self.context)


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

    def to_representation(self, instance: Track) -> dict[str, Any]:
        album = instance.album
        return {
            "id": str(instance.pk),
            "title": instance.title,
            "artist": _artist_name.to_representation(instance.artist),
            "artists": self.get_artists(instance),
            "album": _album_title.to_representation(album) if album else None,
            "track_number": instance.track_number,
            "disc_number": instance.disc_number,
            "genre": instance.genre,
            "year": instance.year,
            "duration": instance.audio.duration,
            "cover": self.get_cover(instance),
            "covers": self.get_covers(instance),
            "plays": instance.plays,
            "visibility": instance.visibility,
            "mine": self.get_mine(instance),
            "created_at": moment(instance.created_at),
        }

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_cover(self, track: Track) -> str | None:
        if not track.picture:
            return None
        return f"{self.addresses.of('track-cover', track.pk)}?v={version(track.picture)}"

    @extend_schema_field(COVERS_SCHEMA)
    def get_covers(self, track: Track) -> dict[str, str] | None:
        if not track.picture:
            return None
        return cover_addresses(self.addresses.of("track-cover", track.pk), track.picture)

    @cached_property
    def addresses(self) -> Addresses:
        return Addresses(self.context)

    @extend_schema_field(PerformerSerializer(many=True))
    def get_artists(self, track: Track) -> list[dict[str, Any]]:
        known = self.context.get("guests")  # of a whole list
        guests = guests_of([track]) if known is None else known
        said = _performer.to_representation
        return [said(track.artist), *(said(guest, "featured") for guest in guests.get(track.pk, ()))]

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
        """``artists`` are an artist and guests."""
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
