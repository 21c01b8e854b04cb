"""The beats of a song, and what was changed about them."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.current_user import account
from accounts.models import User
from audio.formats import STEREO_RATE
from catalog.api.curation import ChangeSerializer
from catalog.api.playback_settings import FiniteField, StrictSerializer, second_field
from catalog.api.views import MOVED
from catalog.models import Track
from practice import beats
from practice.api.tracks import TrackMixin
from practice.beat_editing import beat_changes, beats_of, save_beats
from practice.beats import Grid, Pairs

HIGHEST = 2**31 - 1  # of a beat or a frame: 13 hours of them


def _pairs_schema(name: str) -> dict[str, Any]:
    number = {"type": "integer", "minimum": 0, "maximum": HIGHEST}
    properties = {"beat": number, name: number}
    item = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "array", "items": item}


class PairsField(serializers.Field[Pairs, Any, Any, Any]):
    """A list of ``{"beat", NAME}``, both whole numbers. Thousands of them are too many for a serializer each."""

    default_error_messages = {
        "invalid": _("This is a list of objects with the whole numbers “beat” and “%(name)s”."),
        "too_many": _("These are too many."),
    }

    def __init__(self, name: str, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.name, self.most = name, most

    def to_internal_value(self, data: Any) -> Pairs:
        if isinstance(data, list) and len(data) > self.most:
            self.fail("too_many")
        names = {"beat", self.name}
        rows: list[Any] = data if isinstance(data, list) else [None]
        if not all(
            isinstance(row, dict) and row.keys() == names and all(map(_is_count, row.values()))
            for row in rows
        ):
            message = str(self.error_messages["invalid"]) % {"name": self.name}
            raise serializers.ValidationError(message)
        return tuple((row["beat"], row[self.name]) for row in rows)

    def to_representation(self, value: Pairs) -> list[dict[str, int]]:
        return [{"beat": beat, self.name: number} for beat, number in value]


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= HIGHEST


@extend_schema_field(_pairs_schema("frame"))
class AnchorsField(PairsField):
    def __init__(self, **options: Any) -> None:
        super().__init__("frame", beats.MOST_ANCHORS, **options)


@extend_schema_field(_pairs_schema("beats_per_bar"))
class BarsField(PairsField):
    def __init__(self, **options: Any) -> None:
        super().__init__("beats_per_bar", beats.MOST_BARS, **options)


class BeatsSerializer(serializers.Serializer[Any]):
    """Frames are samples at 44,100 Hz of the song. ``beats`` follow from ``anchors``, between which they lie evenly;
    ``downbeats`` follow from ``bars`` and are indices into ``beats``. Without beats the lists are empty."""

    revision = serializers.IntegerField(help_text="Counts the changes; send it along with yours.")
    editable = serializers.BooleanField(help_text="Whether you may change them.")
    tempo = serializers.FloatField(allow_null=True, help_text="On average, in beats a minute.")
    anchors = AnchorsField()
    bars = BarsField(
        help_text="Where bars of so many beats begin; the first also holds for the beats before it."
    )
    beats = serializers.ListField(child=serializers.IntegerField())
    downbeats = serializers.ListField(child=serializers.IntegerField())


class BeatChangesSerializer(StrictSerializer):
    """One of: ``anchors`` and ``bars`` (both empty: no beats), ``tempo``, or ``taps``."""

    revision = serializers.IntegerField(
        min_value=0, max_value=HIGHEST, help_text="The one that you have seen."
    )
    anchors = AnchorsField(required=False)
    bars = BarsField(required=False)
    tempo = FiniteField(
        required=False, min_value=beats.SLOWEST, max_value=beats.FASTEST, help_text="In beats a minute."
    )
    downbeat = second_field(required=False, default=0.0, help_text="Of the tempo: the second of some one.")
    taps = serializers.ListField(
        child=second_field(),
        required=False,
        max_length=beats.MOST_TAPS,
        help_text="Seconds of the song at which somebody tapped the beat; the first is a one.",
    )
    beats_per_bar = serializers.IntegerField(
        required=False, default=4, min_value=1, max_value=beats.MOST_BEATS_PER_BAR
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs.keys() & {"anchors", "tempo", "taps"}) != 1:
            raise serializers.ValidationError(_("Send either anchors and bars, or a tempo, or taps."))
        if ("anchors" in attrs) != ("bars" in attrs):
            raise serializers.ValidationError({"bars": [_("Send anchors and bars together.")]})
        return attrs


def requested_grid(values: dict[str, Any], length: int) -> Grid | None:
    """Make the grid of the body of a PUT for a song of ``length`` frames. Raises ``CatalogError("bad_beats")``."""
    if "tempo" in values:
        downbeat = values["downbeat"] * STEREO_RATE
        return beats.constant(values["tempo"], values["beats_per_bar"], downbeat, length)
    if "taps" in values:
        return beats.from_taps([tap * STEREO_RATE for tap in values["taps"]], values["beats_per_bar"], length)
    return beats.check(Grid(values["anchors"], values["bars"]), length) if values["anchors"] else None


def represent_beats(track: Track, user: User | AnonymousUser) -> dict[str, Any]:
    """Return the values that ``BeatsSerializer`` describes."""
    saved = beats_of(track)
    grid = saved.grid
    return {
        "revision": saved.revision,
        "editable": track.may_be_edited_by(user),
        "tempo": round(grid.tempo, 3) if grid else None,
        "anchors": grid.anchors if grid else (),
        "bars": grid.bars if grid else (),
        "beats": grid.beats if grid else [],
        "downbeats": grid.downbeats if grid else [],
    }


class BeatsView(TrackMixin):
    permission_classes = [IsAuthenticatedOrReadOnly]
    serializer_class = BeatsSerializer
    throttle_scope: str | None = None

    def get_throttles(self) -> Any:
        """Limit the rate of changes, which all stay in the history; reading has no limit of its own."""
        self.throttle_scope = "beats" if self.request.method == "PUT" else None
        return super().get_throttles()

    @extend_schema(responses={200: BeatsSerializer, **MOVED}, operation_id="tracks_beats")
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `track`)
        """Show the beats of a song. Without any, the lists are empty and `tempo` is null."""
        return Response(self.get_serializer(represent_beats(self.track(), request.user)).data)

    @extend_schema(
        request=BeatChangesSerializer,
        responses={
            200: BeatsSerializer,
            409: OpenApiResponse(
                description="`changed_meanwhile`: somebody else has changed them; read them again."
            ),
        },
        operation_id="tracks_set_beats",
    )
    def put(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `track`)
        """Set the beats of a song. For its owner, and curators what is shared; everybody who sees the song has them.

        Send a tempo, taps, or all anchors. To move a beat, add an anchor: the beats around it follow evenly.
        """
        track = self.track()
        sent = BeatChangesSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        grid = requested_grid(sent.validated_data, track.audio.frames)
        save_beats(track, account(request), grid, sent.validated_data["revision"])
        return Response(self.get_serializer(represent_beats(track, request.user)).data)


class BeatHistoryView(TrackMixin):
    permission_classes = [IsAuthenticated]
    serializer_class = ChangeSerializer

    @extend_schema(responses=ChangeSerializer(many=True), operation_id="tracks_beats_history")
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `track`)
        """List what was changed about the beats of a song, the newest first. Undo it with `changes/{id}/undo/`."""
        page = self.paginate_queryset(beat_changes(self.track(), request.user))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
