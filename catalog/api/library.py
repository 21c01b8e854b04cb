"""Likes, notices and wishes."""

from typing import Any

from django.db.models import F, QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.current_user import account
from catalog.api.query_parameters import query_parameters
from catalog.api.serializers import NameField
from catalog.models import Notice, Track, Wish, WishVoice
from catalog.social import likes, notices, wishes
from catalog.visibility import may_see


class LikeView(APIView):
    @extend_schema(request=None, responses={204: None}, operation_id="tracks_like")
    def put(self, request: Request, pk: str) -> Response:
        """Like a song; doing it again changes nothing."""
        likes.like(get_object_or_404(Track.objects.visible_to(request.user), pk=pk), account(request))
        return Response(status=204)

    @extend_schema(responses={204: None}, operation_id="tracks_unlike")
    def delete(self, request: Request, pk: str) -> Response:
        """Stop liking a song."""
        likes.unlike(get_object_or_404(Track.objects.visible_to(request.user), pk=pk), account(request))
        return Response(status=204)


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """``track`` is the song that it is about, ``text`` says more."""

    id = serializers.UUIDField(read_only=True)
    track = serializers.UUIDField(source="track_id", read_only=True, allow_null=True)
    sentence = serializers.SerializerMethodField()

    class Meta:
        model = Notice
        fields = ["id", "kind", "sentence", "text", "track", "created_at", "seen_at"]
        read_only_fields = fields

    def get_sentence(self, notice: Notice) -> str:
        return notices.sentence(notice)


class SeenSerializer(serializers.Serializer[Any]):
    seen = serializers.IntegerField(help_text="How many were new.")


class NoticeListView(GenericAPIView[Notice]):
    serializer_class = NoticeSerializer

    def get_queryset(self) -> QuerySet[Notice]:
        return notices.of(account(self.request))

    @extend_schema(responses=NoticeSerializer(many=True), operation_id="notices_list")
    def get(self, request: Request) -> Response:  # noqa: ARG002 (read by `get_queryset`)
        """List what you were told, the newest first. Reading the list here does not mark it as seen."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class NoticesSeenView(APIView):
    @extend_schema(request=None, responses=SeenSerializer, operation_id="notices_see")
    def post(self, request: Request) -> Response:
        """Mark all notices as seen."""
        return Response({"seen": notices.mark_seen(account(request))})


class WishSerializer(serializers.ModelSerializer[Wish]):
    """``voices``: how many want it. ``track`` fulfilled it. ``mine``: whether you want it."""

    id = serializers.UUIDField(read_only=True)
    voices = serializers.IntegerField(source="wanted", read_only=True)
    track = serializers.SerializerMethodField()
    mine = serializers.SerializerMethodField()

    class Meta:
        model = Wish
        fields = ["id", "artist", "title", "voices", "mine", "track", "fulfilled_at", "created_at"]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_track(self, wish: Wish) -> str | None:
        seen = wish.track is not None and may_see(wish.track, self.context["request"].user)
        return str(wish.track_id) if seen else None

    def get_mine(self, wish: Wish) -> bool:
        return wish.pk in self.context["joined"]


class NewWishSerializer(serializers.Serializer[Any]):
    artist = NameField(
        required=False,
        allow_blank=True,
        default="",
        help_text="Without an artist a wish does not come true by itself: somebody has to say which song it is.",
    )
    title = NameField()


class WishQuerySerializer(serializers.Serializer[Any]):
    ordering = serializers.ChoiceField(
        required=False, choices=["voices", "new"], help_text="The most wanted first, if left out."
    )
    fulfilled = serializers.BooleanField(
        required=False, default=False, help_text="Those that came true, the latest first."
    )


class FulfilSerializer(serializers.Serializer[Any]):
    track = serializers.UUIDField(help_text="A shared song: one that you brought, or any for curators.")


class HereSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    track = serializers.UUIDField()


class WishMixin(GenericAPIView[Wish]):
    permission_classes = [IsAuthenticatedOrReadOnly]
    serializer_class = WishSerializer
    queryset = Wish.objects.select_related("track")
    throttle_scope: str | None = None

    def get_throttles(self) -> Any:
        """Limit wishes and votes, but not reading and leaving."""
        self.throttle_scope = "wishes" if self.request.method == "POST" else None
        return super().get_throttles()

    def serialize(self, rows: list[Wish]) -> Any:
        """Return the JSON of ``rows``."""
        user = self.request.user
        voices = (
            WishVoice.objects.filter(user=user.pk, wish__in=rows) if user.pk else WishVoice.objects.none()
        )
        context = {**self.get_serializer_context(), "joined": set(voices.values_list("wish", flat=True))}
        return WishSerializer(rows, many=True, context=context).data

    def one(self, pk: object) -> Any:
        return self.serialize([get_object_or_404(self.get_queryset(), pk=pk)])[0]


class WishListView(WishMixin):
    @extend_schema(
        parameters=[WishQuerySerializer], responses=WishSerializer(many=True), operation_id="wishes_list"
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 (the parameters are read by `query_parameters`)
        """List songs that people want and nobody has brought."""
        wanted = query_parameters(self, WishQuerySerializer)
        if wanted["fulfilled"]:
            rows = Wish.objects.filter(fulfilled_at__isnull=False).order_by(F("fulfilled_at").desc(), "pk")
        else:
            rows = wishes.open_wishes(wanted.get("ordering", "voices"))
        page = self.paginate_queryset(rows.select_related("track"))
        return self.get_paginated_response(self.serialize(list(page or [])))

    @extend_schema(
        request=NewWishSerializer,
        responses={201: WishSerializer, 409: OpenApiResponse(HereSerializer, "It is here: `track`.")},
        operation_id="wishes_create",
    )
    def post(self, request: Request) -> Response:
        """Wish for a song. If there is this wish already, you join it."""
        sent = NewWishSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            made = wishes.wish(account(request), sent.validated_data["artist"], sent.validated_data["title"])
        except wishes.AlreadyInLibraryError as found:
            answer = {"code": found.code, "detail": str(found.detail), "track": str(found.track.pk)}
            return Response(answer, status=found.status)
        return Response(self.one(made.pk), status=201)


class WishVoiceView(WishMixin):
    @extend_schema(request=None, responses=WishSerializer, operation_id="wishes_join")
    def post(self, request: Request, pk: str) -> Response:
        """Join a wish."""
        wishes.join(get_object_or_404(Wish, pk=pk), account(request))
        return Response(self.one(pk))

    @extend_schema(responses={204: None}, operation_id="wishes_leave")
    def delete(self, request: Request, pk: str) -> Response:
        """Leave a wish. What nobody wants is gone."""
        wishes.leave(get_object_or_404(Wish, pk=pk), account(request))
        return Response(status=204)


class WishFulfilView(WishMixin):
    @extend_schema(request=FulfilSerializer, responses=WishSerializer, operation_id="wishes_fulfil")
    def post(self, request: Request, pk: str) -> Response:
        """Fulfil a wish with a song. Everybody who wanted it is told."""
        wish = get_object_or_404(Wish, pk=pk)
        sent = FulfilSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        tracks = Track.objects.visible_to(request.user).with_names()
        track = get_object_or_404(tracks, pk=sent.validated_data["track"])
        wishes.fulfil(wish, track, account(request))
        return Response(self.one(pk))
