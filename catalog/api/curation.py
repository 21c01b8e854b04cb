"""Curation: edits of artists and albums, merges, histories, undo, reports."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.current_user import account
from catalog.api import views
from catalog.api.serializers import AlbumSerializer, ArtistSerializer, NameField
from catalog.curation import history
from catalog.curation.editing import edit_album, edit_artist
from catalog.curation.fields import public_values, visible_rows
from catalog.curation.merging import merge
from catalog.curation.reports import LONGEST, report
from catalog.curation.revert import undo
from catalog.models import Album, Artist, Change, Report, Track

KINDS = {"artists": "artist", "albums": "album", "tracks": "track"}


class ArtistChangesSerializer(serializers.Serializer[Artist]):
    """What may be changed about an artist."""

    name = NameField(required=False)
    sort_name = NameField(required=False, allow_blank=True, help_text="Left empty, it is made from the name.")


class AlbumChangesSerializer(serializers.Serializer[Album]):
    """What may be changed about an album; ``artist`` is a name."""

    title = NameField(required=False)
    artist = NameField(required=False)
    year = serializers.IntegerField(required=False, allow_null=True, min_value=1000, max_value=2999)
    compilation = serializers.BooleanField(required=False)


def _changed(
    view: Any, request: Request, kind: type[serializers.Serializer[Any]], save: Callable[..., object]
) -> Response:
    row = view.get_object()
    sent = kind(data=request.data)
    sent.is_valid(raise_exception=True)
    save(row, account(request), sent.validated_data)
    return Response(view.get_serializer(view.get_object()).data)


class ArtistView(views.ArtistView):
    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(request=ArtistChangesSerializer, responses=ArtistSerializer)
    def patch(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `get_object`)
        """Change an artist. For curators; `name_taken` (409): there is another one; merge the two."""
        return _changed(self, request, ArtistChangesSerializer, edit_artist)


class AlbumView(views.AlbumView):
    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(request=AlbumChangesSerializer, responses=AlbumSerializer)
    def patch(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `get_object`)
        """Change an album. For curators; `name_taken` (409): its artist has another one; merge the two."""
        return _changed(self, request, AlbumChangesSerializer, edit_album)


class IntoSerializer(serializers.Serializer[Any]):
    into = serializers.UUIDField(help_text="The id of the one that stays.")


class ChangeSerializer(serializers.ModelSerializer[Change]):
    """Something that was changed. `before` and `after` hold the values of an edit; `sentence` says it in words."""

    id = serializers.UUIDField(read_only=True)
    target_id = serializers.UUIDField(read_only=True)
    who = serializers.SerializerMethodField(
        help_text="The name of who did it; null when the account is gone."
    )
    sentence = serializers.SerializerMethodField()
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()
    undone = serializers.SerializerMethodField()

    class Meta:
        model = Change
        fields = [
            "id",
            "kind",
            "target",
            "target_id",
            "label",
            "who",
            "sentence",
            "before",
            "after",
            "undone",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"]})
    def get_who(self, change: Change) -> str | None:
        return change.actor.name if change.actor else None

    def get_sentence(self, change: Change) -> str:
        return history.sentence(change)

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_before(self, change: Change) -> dict[str, Any]:
        return public_values(change.before) if history.is_edit(change) else {}

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_after(self, change: Change) -> dict[str, Any]:
        return public_values(change.after) if history.is_edit(change) else {}

    def get_undone(self, change: Change) -> bool:
        return change.undone_by_id is not None


class MergeView(GenericAPIView[Change]):
    permission_classes = [IsAuthenticated]
    serializer_class = ChangeSerializer
    kind = ""

    def post(self, request: Request, pk: str) -> Response:
        """Merge one into another, which stays. For curators; everything that named this one names that one."""
        sent = IntoSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        row = get_object_or_404(visible_rows(self.kind, request.user), pk=pk)
        into = get_object_or_404(visible_rows(self.kind, request.user), pk=sent.validated_data["into"])
        return Response(self.get_serializer(merge(row, into, account(request))).data)


class HistoryView(GenericAPIView[Change]):
    permission_classes = [IsAuthenticated]
    serializer_class = ChangeSerializer
    kind = ""

    def get_queryset(self) -> QuerySet[Change]:
        if getattr(self, "swagger_fake_view", False):
            return Change.objects.none()
        row = get_object_or_404(visible_rows(self.kind, self.request.user), pk=self.kwargs["pk"])
        return history.of(row, self.request.user)

    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `get_queryset`)
        """List what was changed, the newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class UndoView(GenericAPIView[Change]):
    permission_classes = [IsAuthenticated]
    serializer_class = ChangeSerializer

    @extend_schema(request=None, responses={200: ChangeSerializer}, operation_id="changes_undo")
    def post(self, request: Request, pk: str) -> Response:
        """Undo a change. Curators undo what is shared, everybody their own songs. 409 tells why it cannot be done:
        `not_undoable`, `already_undone`, `changed_since`, `gone`, `name_taken`."""
        change = get_object_or_404(history.visible_to(request.user), pk=pk)
        return Response(self.get_serializer(undo(change, account(request))).data)


class ReportSerializer(serializers.ModelSerializer[Report]):
    id = serializers.UUIDField(read_only=True)
    track = serializers.UUIDField(source="track_id", read_only=True, allow_null=True)
    reason = serializers.ChoiceField(choices=Report.Reason.choices)
    text = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST)

    class Meta:
        model = Report
        fields = ["id", "track", "reason", "text", "outcome", "created_at"]
        read_only_fields = ["id", "track", "outcome", "created_at"]


class ReportView(GenericAPIView[Report]):
    permission_classes = [IsAuthenticated]
    serializer_class = ReportSerializer

    @extend_schema(
        responses={
            201: ReportSerializer,
            200: OpenApiResponse(
                ReportSerializer,
                "You have reported this already, and it is still open: your text was added to it.",
            ),
        },
        operation_id="tracks_report",
    )
    def post(self, request: Request, pk: str) -> Response:
        """Report what is wrong with a song. You are told when somebody has looked at it."""
        track = get_object_or_404(Track.objects.visible_to(request.user), pk=pk)
        sent = ReportSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        reason, text = Report.Reason(sent.validated_data["reason"]), sent.validated_data.get("text", "")
        row, new = report(track, account(request), reason, text)
        return Response(self.get_serializer(row).data, status=201 if new else 200)


def of_kind(view: type[Any], plural: str, verb: str) -> Any:
    """Return ``view`` for artists, albums or tracks, with a name of its own in the schema."""
    name, one = f"{plural}_{verb}", ("an " if plural[0] == "a" else "a ") + KINDS[plural]
    if verb == "merge":
        schema = extend_schema(
            request=IntoSerializer,
            responses=ChangeSerializer,
            operation_id=name,
            summary=f"Merge {one} into another, which stays",
        )
    else:
        schema = extend_schema(
            responses=ChangeSerializer(many=True),
            operation_id=name,
            summary=f"List what was changed about {one}",
        )
    made = type(f"{plural}{view.__name__}", (view,), {"kind": KINDS[plural]})
    method = "post" if verb == "merge" else "get"
    return extend_schema_view(**{method: schema})(made).as_view()  # type: ignore[attr-defined]
