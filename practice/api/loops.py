"""Loops of a song, for the person who made them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.current_user import account
from catalog.api.playback_settings import (
    StrictSerializer,
    cents_field,
    check_loop,
    second_field,
    semitones_field,
    speed_field,
)
from catalog.api.serializers import NameField
from practice.api.tracks import TrackMixin
from practice.loops import add_loop, change_loop, loops_of
from practice.models import Loop

ENDS = {"from": "start", "to": "stop"}


class NewLoopSerializer(StrictSerializer):
    """``from`` and ``to`` in seconds. ``speed``, ``semitones`` and ``cents`` are null where they stay as they are."""

    name = NameField(max_length=80)
    speed = speed_field(required=False, allow_null=True)
    semitones = semitones_field(required=False, allow_null=True)
    cents = cents_field(required=False, allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {end: second_field(source=field) for end, field in ENDS.items()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        before = {field: getattr(self.instance, field, None) for field in ENDS.values()}
        check_loop({end: {**before, **attrs}[field] for end, field in ENDS.items()})
        return attrs


class LoopSerializer(NewLoopSerializer):
    id = serializers.UUIDField(source="pk", read_only=True)


class LoopsView(TrackMixin):
    permission_classes = [IsAuthenticated]
    serializer_class = LoopSerializer
    pagination_class = None

    @extend_schema(responses=LoopSerializer(many=True), operation_id="tracks_loops")
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `track`)
        """List your loops of a song, in its order. Nobody else sees them."""
        return Response(self.get_serializer(loops_of(self.track(), account(request)), many=True).data)

    @extend_schema(request=NewLoopSerializer, responses={201: LoopSerializer}, operation_id="tracks_add_loop")
    def post(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `track`)
        """Keep a loop of a song."""
        track = self.track()
        sent = NewLoopSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        loop = add_loop(track, account(request), sent.validated_data)
        return Response(self.get_serializer(loop).data, status=201)


class LoopView(TrackMixin):
    permission_classes = [IsAuthenticated]
    serializer_class = LoopSerializer

    def loop(self) -> Loop:
        return get_object_or_404(loops_of(self.track(), account(self.request)), pk=self.kwargs["loop"])

    @extend_schema(
        request=NewLoopSerializer(partial=True),
        responses=LoopSerializer,
        operation_id="tracks_change_loop",
    )
    def patch(self, request: Request, pk: str, loop: str) -> Response:  # noqa: ARG002 (read by `loop`)
        """Change one of your loops."""
        row = self.loop()
        sent = NewLoopSerializer(row, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        return Response(self.get_serializer(change_loop(row, sent.validated_data)).data)

    @extend_schema(responses={204: None}, operation_id="tracks_delete_loop")
    def delete(self, request: Request, pk: str, loop: str) -> Response:  # noqa: ARG002 (read by `loop`)
        """Delete one of your loops."""
        self.loop().delete()
        return Response(status=204)
