"""Setlists of an account, and those shared by a link."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.current_user import account
from catalog.api.playback_settings import PlaybackSettingsSerializer
from catalog.api.serializers import NameField, TrackSerializer
from catalog.models import Setlist, SetlistEntry, Track
from catalog.social import setlists


class SetlistSerializer(serializers.ModelSerializer[Setlist]):
    """``address`` opens it for whoever has it, while ``by_link`` is true."""

    id = serializers.UUIDField(read_only=True)
    address = serializers.SerializerMethodField()
    entry_count = serializers.IntegerField(source="count", read_only=True)
    seconds = serializers.SerializerMethodField(help_text="How long all of it takes.")

    class Meta:
        model = Setlist
        fields = ["id", "title", "by_link", "address", "entry_count", "seconds", "created_at", "changed_at"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_address(self, setlist: Setlist) -> str:
        request = self.context["request"]
        return str(request.build_absolute_uri(reverse("setlist-shared", args=[setlist.link])))

    def get_seconds(self, setlist: Any) -> float:
        return setlist.seconds or 0.0


class EntrySerializer(serializers.Serializer[Any]):
    """``track`` is null, and ``note`` and ``settings`` are empty, where the song is not for you."""

    id = serializers.UUIDField(source="entry.pk", read_only=True)
    position = serializers.IntegerField(source="number", read_only=True)
    note = serializers.CharField(read_only=True)
    settings = PlaybackSettingsSerializer(read_only=True)
    track = TrackSerializer(read_only=True, allow_null=True)


class WholeSetlistSerializer(SetlistSerializer):
    entries = serializers.SerializerMethodField()

    class Meta(SetlistSerializer.Meta):
        fields = [*SetlistSerializer.Meta.fields, "entries"]
        read_only_fields = fields

    @extend_schema_field(EntrySerializer(many=True))
    def get_entries(self, setlist: Setlist) -> Any:
        lines = setlists.lines_of(setlist, self.context["request"].user)
        return EntrySerializer(lines, many=True, context=self.context).data


class NewSetlistSerializer(serializers.Serializer[Any]):
    title = NameField(max_length=120)


class SetlistChangesSerializer(serializers.Serializer[Any]):
    title = NameField(max_length=120, required=False)
    by_link = serializers.BooleanField(required=False, help_text="Whoever has the link may see it.")
    new_link = serializers.BooleanField(
        required=False, help_text="True: another link; the old one opens nothing any more."
    )


class NewEntrySerializer(serializers.Serializer[Any]):
    track = serializers.UUIDField()
    note = NameField(max_length=200, required=False, allow_blank=True, default="")
    settings = PlaybackSettingsSerializer(required=False)


class EntryChangesSerializer(serializers.Serializer[Any]):
    note = NameField(max_length=200, required=False, allow_blank=True)
    position = serializers.IntegerField(required=False, min_value=1, max_value=setlists.MOST_ENTRIES)
    settings = PlaybackSettingsSerializer(required=False)


class SetlistMixin(GenericAPIView[Any]):
    serializer_class: Any = WholeSetlistSerializer

    def get_queryset(self) -> QuerySet[Any]:
        return setlists.setlists_of(account(self.request))

    def mine(self) -> Setlist:
        found: Setlist = get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])
        return found

    def whole(self, pk: object) -> Any:
        """Serialize the setlist as it is in the database now."""
        return WholeSetlistSerializer(
            self.get_queryset().get(pk=pk), context=self.get_serializer_context()
        ).data


class SetlistListView(SetlistMixin):
    @extend_schema(responses=SetlistSerializer(many=True), operation_id="setlists_list")
    def get(self, request: Request) -> Response:  # noqa: ARG002 (read by `get_queryset`)
        """List your setlists, changed last first."""
        page = self.paginate_queryset(self.get_queryset())
        rows = SetlistSerializer(page, many=True, context=self.get_serializer_context())
        return self.get_paginated_response(rows.data)

    @extend_schema(
        request=NewSetlistSerializer, responses={201: WholeSetlistSerializer}, operation_id="setlists_create"
    )
    def post(self, request: Request) -> Response:
        """Make a setlist."""
        sent = NewSetlistSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        made = setlists.make(account(request), sent.validated_data["title"])
        return Response(self.whole(made.pk), status=201)


class SetlistView(SetlistMixin):
    @extend_schema(responses=WholeSetlistSerializer, operation_id="setlists_retrieve")
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `mine`)
        """Show one of your setlists with its songs."""
        return Response(self.get_serializer(self.mine()).data)

    @extend_schema(request=SetlistChangesSerializer, responses=WholeSetlistSerializer)
    def patch(self, request: Request, pk: str) -> Response:
        """Change a setlist: rename it, share it by its link or no longer, or give it another link."""
        row = self.mine()
        sent = SetlistChangesSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        wanted = sent.validated_data
        if "title" in wanted:
            setlists.rename(row, wanted["title"])
        if wanted.get("new_link"):
            setlists.renew_link(row)
        if "by_link" in wanted:
            setlists.share(row, by_link=wanted["by_link"])
        return Response(self.whole(pk))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (read by `mine`)
        """Delete a setlist. Its songs stay where they are."""
        Setlist.objects.filter(pk=self.mine().pk).delete()
        return Response(status=204)


class SetlistEntriesView(SetlistMixin):
    @extend_schema(
        request=NewEntrySerializer, responses={201: WholeSetlistSerializer}, operation_id="setlists_add"
    )
    def post(self, request: Request, pk: str) -> Response:
        """Add a song to the end of a setlist."""
        row = self.mine()
        sent = NewEntrySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        track = get_object_or_404(Track.objects.visible_to(request.user), pk=sent.validated_data["track"])
        setlists.add(row, track, sent.validated_data["note"], sent.validated_data.get("settings"))
        return Response(self.whole(pk), status=201)


class SetlistEntryView(SetlistMixin):
    def entry(self) -> SetlistEntry:
        rows = SetlistEntry.objects.select_related("setlist").filter(setlist__owner=account(self.request))
        return get_object_or_404(rows, pk=self.kwargs["entry"], setlist=self.kwargs["pk"])

    @extend_schema(
        request=EntryChangesSerializer, responses=WholeSetlistSerializer, operation_id="setlists_change_entry"
    )
    def patch(self, request: Request, pk: str, entry: str) -> Response:  # noqa: ARG002 (read by `entry`)
        """Change a song's note in a setlist, how it is played, or its position from 1."""
        row = self.entry()
        sent = EntryChangesSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        if "note" in sent.validated_data:
            setlists.annotate(row, sent.validated_data["note"])
        if "settings" in sent.validated_data:
            setlists.set_playback(row, sent.validated_data["settings"])
        if "position" in sent.validated_data:
            setlists.move(row, sent.validated_data["position"])
        return Response(self.whole(pk))

    @extend_schema(responses={204: None}, operation_id="setlists_remove_entry")
    def delete(self, request: Request, pk: str, entry: str) -> Response:  # noqa: ARG002 (read by `entry`)
        """Take a song out of a setlist."""
        setlists.remove_entry(self.entry())
        return Response(status=204)


class SharedSetlistView(SetlistMixin):
    permission_classes = [AllowAny]

    @extend_schema(responses=WholeSetlistSerializer, operation_id="setlists_shared")
    def get(self, request: Request, link: str) -> Response:
        """Show a setlist by its link."""
        found = setlists.find(link, request.user)
        if found is None or found.link != link:
            raise Http404
        counted = setlists.with_counts(request.user).get(pk=found.pk)
        return Response(self.get_serializer(counted).data)
