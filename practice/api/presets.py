"""How somebody plays a song, the part that they play in every song, and all that their player needs of a song."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.current_user import account
from catalog.api.playback_settings import PlaybackSettingsSerializer, StrictSerializer
from catalog.api.query_parameters import query_parameters
from catalog.api.views import MOVED
from practice import presets
from practice.api.beats import BeatsSerializer, represent_beats
from practice.api.loops import LoopSerializer
from practice.api.tracks import TrackMixin
from practice.loops import loops_of
from practice.models import MyPart
from separation.engines import modelspec


class PartSerializer(StrictSerializer):
    """``instrument`` is the name of a stem, ``my_part`` how you want to hear it; empty for none."""

    instrument = serializers.ChoiceField(choices=(), allow_blank=True, required=False)
    my_part = serializers.ChoiceField(
        source="mode", choices=MyPart.Mode.choices, allow_blank=True, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        instrument = cast("serializers.ChoiceField", self.fields["instrument"])
        instrument.choices = modelspec.stem_names()


class PartView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(responses=PartSerializer, operation_id="me_part")
    def get(self, request: Request) -> Response:
        """Show the instrument that you play, and how you want to hear your part."""
        return Response(PartSerializer(presets.part_of(account(request))).data)

    @extend_schema(request=PartSerializer, responses=PartSerializer, operation_id="me_set_part")
    def put(self, request: Request) -> Response:
        """Set the instrument that you play, or how you want to hear your part."""
        sent = PartSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return Response(PartSerializer(presets.save_part(account(request), sent.validated_data)).data)


class PresetView(TrackMixin):
    permission_classes = [IsAuthenticated]
    serializer_class = PlaybackSettingsSerializer

    @extend_schema(
        responses={
            200: PlaybackSettingsSerializer,
            404: OpenApiResponse(description="There is no such song, or you have no settings for it."),
        },
        operation_id="tracks_preset",
    )
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `track`)
        """Show the settings with which you play a song. Nobody else sees them."""
        settings = presets.preset_of(self.track(), account(request))
        if settings is None:
            raise NotFound
        return Response(self.get_serializer(settings).data)

    @extend_schema(operation_id="tracks_set_preset")
    def put(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `track`)
        """Keep the settings with which you play a song, instead of earlier ones."""
        track = self.track()
        sent = self.get_serializer(data=request.data)
        sent.is_valid(raise_exception=True)
        presets.save_preset(track, account(request), sent.validated_data)
        return Response(self.get_serializer(sent.validated_data).data)

    @extend_schema(responses={204: None}, operation_id="tracks_delete_preset")
    def delete(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `track`)
        """Forget the settings with which you play a song."""
        presets.delete_preset(self.track(), account(request))
        return Response(status=204)


class PlaceSerializer(serializers.Serializer[Any]):
    setlist = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=36, help_text="Id or link of a setlist."
    )
    entry = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=36, help_text="Where in it; left out: first."
    )


class PracticeSerializer(PartSerializer):
    """``entry`` is how the setlist plays the song, ``preset`` how you play it, null for nothing."""

    beats = BeatsSerializer()
    loops = LoopSerializer(many=True)
    preset = PlaybackSettingsSerializer(allow_null=True)
    entry = PlaybackSettingsSerializer(allow_null=True)


class PracticeView(TrackMixin):
    permission_classes = [AllowAny]
    serializer_class = PracticeSerializer

    @extend_schema(
        parameters=[PlaceSerializer],
        responses={200: PracticeSerializer, **MOVED},
        operation_id="tracks_practice",
    )
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `track`)
        """Show all that a player needs to practise a song: its beats, your loops and settings, your part.

        Visitors get the beats, and the settings of a setlist that they may open.
        """
        track, user = self.track(), request.user
        place = query_parameters(self, PlaceSerializer)
        part = MyPart() if user.is_anonymous else presets.part_of(user)
        values = {
            "beats": represent_beats(track, user),
            "loops": [] if user.is_anonymous else loops_of(track, user),
            "preset": None if user.is_anonymous else presets.preset_of(track, user),
            "entry": presets.settings_in_setlist(place["setlist"], place["entry"], track, user),
            "instrument": part.instrument,
            "mode": part.mode,
        }
        return Response(self.get_serializer(values).data)
