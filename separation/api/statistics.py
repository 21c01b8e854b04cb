"""The statistics of the library."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from separation.feedback.ratings import FEWEST, MOST
from separation.feedback.statistics import MONTHS, MOST_GENRES, current


class TotalsSerializer(serializers.Serializer[Any]):
    """Shared songs and what belongs to them; ``seconds`` of music."""

    tracks = serializers.IntegerField()
    seconds = serializers.FloatField()
    plays = serializers.IntegerField()
    artists = serializers.IntegerField()
    albums = serializers.IntegerField()
    separations = serializers.IntegerField()
    stems = serializers.IntegerField()
    people = serializers.IntegerField()
    ratings = serializers.IntegerField()


class AverageSerializer(serializers.Serializer[Any]):
    """``average`` of ``count`` ratings."""

    average = serializers.FloatField(allow_null=True, min_value=FEWEST, max_value=MOST)
    count = serializers.IntegerField()


class NamedAverageSerializer(AverageSerializer):
    name = serializers.CharField()


class ModelFiguresSerializer(serializers.Serializer[Any]):
    """``seconds`` of music; ``rating`` of separations and stems together, ``whole`` and ``stems`` of each alone."""

    model = serializers.CharField()
    separations = serializers.IntegerField()
    seconds = serializers.FloatField()
    rating = AverageSerializer()
    whole = AverageSerializer()
    stems = NamedAverageSerializer(many=True)


class GenreFiguresSerializer(serializers.Serializer[Any]):
    """``key`` is what `tracks/?genre=` understands as well."""

    genre = serializers.CharField()
    key = serializers.CharField()
    tracks = serializers.IntegerField()
    plays = serializers.IntegerField()
    separations = serializers.IntegerField()
    rating = AverageSerializer()


class MonthSerializer(serializers.Serializer[Any]):
    month = serializers.RegexField(r"^\d{4}-\d{2}$")
    tracks = serializers.IntegerField()
    separations = serializers.IntegerField()


class ScoresSerializer(AverageSerializer):
    scores = serializers.ListField(
        child=serializers.IntegerField(),
        min_length=MOST,
        max_length=MOST,
        help_text="How many gave one star, two, and so on.",
    )


class StatisticsSerializer(serializers.Serializer[Any]):
    measured_at = serializers.DateTimeField()
    totals = TotalsSerializer()
    by_model = ModelFiguresSerializer(many=True, help_text="The most used first.")
    by_genre = GenreFiguresSerializer(many=True, help_text=f"The {MOST_GENRES} with the most songs.")
    by_month = MonthSerializer(many=True, help_text=f"The last {MONTHS}, this one last.")
    ratings = ScoresSerializer()


class StatisticsView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=StatisticsSerializer, operation_id="statistics")
    def get(self, request: Request) -> Response:  # noqa: ARG002 (the same for everybody)
        """Show statistics of this library.

        Totals, and what is shared by model, genre and month, with the stars that people give. Counted now and then: a
        second old in a small library, older in a large one; `measured_at` tells. Private songs are in none of them.
        """
        row = current()
        return Response(StatisticsSerializer({"measured_at": row.measured_at, **row.figures}).data)
