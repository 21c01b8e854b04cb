"""Ratings of separations and their stems."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.current_user import account
from catalog.api.query_parameters import query_parameters
from separation.api.separations import SeparationMixin
from separation.delivery.permissions import VisibleSeparation
from separation.feedback.ratings import (
    FEWEST,
    MOST,
    RatingSummary,
    find_stem,
    rate,
    ratings_of,
    remove_rating,
)
from separation.feedback.statistics import outdate


class StemNameSerializer(serializers.Serializer[Any]):
    stem = serializers.CharField(
        required=False,
        allow_blank=True,
        allow_null=True,
        default="",
        max_length=40,
        help_text="A stem's name or id; left out: the separation as a whole.",
    )


class ScoreSerializer(StemNameSerializer):
    score = serializers.IntegerField(min_value=FEWEST, max_value=MOST, help_text="Stars.")


class RatedSerializer(serializers.Serializer[Any]):
    """``average`` of ``count`` ratings; ``mine`` is your own."""

    average = serializers.FloatField(allow_null=True, min_value=FEWEST, max_value=MOST)
    count = serializers.IntegerField()
    mine = serializers.IntegerField(allow_null=True, min_value=FEWEST, max_value=MOST)


class RatedStemSerializer(RatedSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class RatingsSerializer(RatedSerializer):
    """Of the whole, and of each of its ``stems``."""

    stems = RatedStemSerializer(many=True)


class RatingView(SeparationMixin):
    permission_classes = [IsAuthenticatedOrReadOnly]
    throttle_scope: str | None = None

    def get_throttles(self) -> Any:
        """Limit the rate of changes; reading has no limit of its own."""
        self.throttle_scope = "ratings" if self.request.method in {"PUT", "DELETE"} else None
        return super().get_throttles()

    @extend_schema(responses=RatingsSerializer, operation_id="separations_ratings")
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (REST framework's signature)
        """Show the stars of a separation and its stems."""
        return self.represent(self.visible(pk))

    @extend_schema(
        request=ScoreSerializer,
        responses={200: RatingsSerializer, 409: OpenApiResponse(description="Not finished.")},
        operation_id="separations_rate",
    )
    def put(self, request: Request, pk: str) -> Response:
        """Rate a separation or a stem with 1 to 5 stars. Doing it again replaces yours."""
        visible = self.visible(pk)
        sent = ScoreSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        stem = find_stem(visible.separation, sent.validated_data["stem"] or "")
        rate(visible, stem, account(request), sent.validated_data["score"])
        outdate(visible.track)
        return self.represent(visible)

    @extend_schema(
        parameters=[StemNameSerializer],
        request=None,
        responses={204: None},
        operation_id="separations_unrate",
    )
    def delete(self, request: Request, pk: str) -> Response:
        """Take your stars back. `stem` may also come in a body, as it does with PUT."""
        visible = self.visible(pk)
        separation = visible.separation
        name = query_parameters(self, StemNameSerializer)["stem"]
        if not name and request.data:
            sent = StemNameSerializer(data=request.data)
            sent.is_valid(raise_exception=True)
            name = sent.validated_data["stem"]
        remove_rating(separation, find_stem(separation, name or ""), account(request))
        outdate(visible.track)
        return Response(status=204)

    def represent(self, visible: VisibleSeparation) -> Response:
        ratings = ratings_of(visible, self.request.user)
        stems = [
            {"id": str(row.stem.pk), "name": row.stem.name, **_summary(row)}
            for row in ratings.stems
            if row.stem
        ]
        return Response({**_summary(ratings.whole), "stems": stems})


def _summary(row: RatingSummary) -> dict[str, Any]:
    average = None if row.average is None else round(row.average, 2)
    return {"average": average, "count": row.count, "mine": row.mine}
