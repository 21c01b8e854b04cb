"""What requests about tracks and separations may carry: query parameters, forms and bodies."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audio.formats import EXTENSIONS, OUTPUT
from catalog.api.serializers import NameField
from catalog.models import Visibility

NO_MODEL = "none"
SEPARATE, ASK = "separate", "ask"
BITRATES = sorted({str(rate) for output in OUTPUT.values() for rate in output.bitrates}, key=int)


class TrackQuerySerializer(serializers.Serializer[Any]):
    q = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="Words to find.")
    artist = serializers.CharField(required=False, allow_blank=True, max_length=80, help_text="Id or slug.")
    album = serializers.CharField(required=False, allow_blank=True, max_length=80, help_text="Id.")
    genre = serializers.CharField(required=False, allow_blank=True, max_length=80)
    model = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=40,
        help_text="Only tracks that this model has separated.",
    )
    decade = serializers.IntegerField(
        required=False, min_value=1000, max_value=2999, help_text="Any year of it: `1990` for the nineties."
    )
    ordering = serializers.ChoiceField(
        required=False,
        allow_blank=True,
        choices=[
            sign + name
            for name in ("created_at", "title", "artist", "album", "genre", "year", "duration")
            for sign in ("", "-")
        ],
        help_text="If left out: the best matches first with `q`, the newest first without.",
    )


class UploadedFileField(serializers.FileField):
    """The song. Whether its file is empty is said when it is read, like everything else about it."""

    default_error_messages = {"invalid": _("Send this field as a file, with a file name.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_empty_file=True, use_url=False, **options)


class UploadSerializer(serializers.Serializer[Any]):
    file = UploadedFileField(
        help_text=f"Audio, or video with sound, named like any of: {', '.join(EXTENSIONS)}.",
    )
    model = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=40,
        help_text="One of `models/`; left out, the default one; `none` does not separate.",
    )
    title = NameField(required=False, allow_blank=True, default="")
    artist = NameField(required=False, allow_blank=True, default="")
    album = NameField(required=False, allow_blank=True, default="")
    visibility = serializers.ChoiceField(
        choices=Visibility.choices, required=False, default=Visibility.SHARED.value
    )
    when_matched = serializers.ChoiceField(
        choices=[SEPARATE, ASK],
        required=False,
        default=SEPARATE,
        help_text="`ask`: do not separate a song that sounds like one that is separated already (see `matches`), "
        "but leave that to a second call.",
    )


class AskSerializer(serializers.Serializer[Any]):
    model = serializers.CharField(
        required=False, allow_blank=True, max_length=40, help_text="Left out: the default model."
    )


@extend_schema_field({"type": "string", "enum": ["", *OUTPUT]})
class CodecField(serializers.CharField):
    """The name of a codec; that there is such a one is said later, with those that there are."""


@extend_schema_field(
    {"type": "string", "pattern": rf"^(?:{'|'.join(BITRATES)})k?$", "examples": ["192", "192k"]}
)
class BitrateField(serializers.CharField):
    """kbit/s, with or without its `k`."""


class EncodingSerializer(serializers.Serializer[Any]):
    codec = CodecField(
        required=False,
        allow_blank=True,
        default="",
        max_length=8,
        help_text="wav, flac, mp3, ogg, m4a or opus. Left out: FLAC for accounts, MP3 for visitors.",
    )
    bitrate = BitrateField(
        required=False, allow_blank=True, max_length=8, help_text="kbit/s: `192` or `192k`."
    )


class ArchiveQuerySerializer(EncodingSerializer):
    stems = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=200, help_text="Names, separated by commas."
    )


class PeaksQuerySerializer(serializers.Serializer[Any]):
    start = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=10**9, help_text="Leave out so many of the first."
    )


class SegmentQuerySerializer(serializers.Serializer[Any]):
    codec = serializers.ChoiceField(
        required=False,
        default="flac",
        choices=["flac", "opus"],
        help_text="`flac`: 524,288 samples, lossless. `opus`: 131,072 samples; the same sound is a fifth of the size.",
    )
