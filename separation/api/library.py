"""The tracks that somebody uploaded, requested or likes."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.current_user import account
from catalog.api.query_parameters import query_parameters
from catalog.models import Track
from catalog.social.likes import likes_of
from separation.api.serializers import SeparatedTrackSerializer
from separation.api.tracks import TrackMixin
from separation.selectors import holding, requested_tracks, uploads_of


class LibraryQuerySerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        required=False,
        default="brought",
        choices=["brought", "asked", "liked"],
        help_text="What you brought (if left out), asked to be separated, or like.",
    )
    q = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="Words to find.")


class MyLibraryView(TrackMixin):
    @extend_schema(
        parameters=[LibraryQuerySerializer],
        responses=SeparatedTrackSerializer(many=True),
        operation_id="me_library",
    )
    def get(self, request: Request) -> Response:
        """List your songs, the last one first."""
        parameters = query_parameters(self, LibraryQuerySerializer)
        user = account(request)
        kinds: dict[str, QuerySet[Any, Any]] = {
            "brought": uploads_of(user),
            "asked": requested_tracks(user),
            "liked": likes_of(user),
        }
        rows = kinds[parameters["kind"]].filter(holding(parameters.get("q", "")))
        ids = list(self.paginate_queryset(rows.values_list("track", flat=True)) or [])
        tracks: dict[Any, Track] = self.get_queryset().in_bulk(ids)
        in_order = [tracks[pk] for pk in ids if pk in tracks]
        return self.get_paginated_response(self.represent(in_order))
