"""Separations: their progress, and archives of their stems."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.current_user import account
from catalog.api.query_parameters import query_parameters
from catalog.errors import CatalogError
from catalog.models import Track
from separation.api.downloads import (
    FILE_RESPONSES,
    PREFER,
    EncodedFileView,
    order_requested_archive,
    send_archive,
)
from separation.api.request_serializers import ArchiveQuerySerializer
from separation.api.serializers import LiveSeparationSerializer
from separation.delivery.permissions import VisibleSeparation, track_for
from separation.models import Separation, Stem, TrackSeparation
from separation.queue.requests import withdraw


class SeparationMixin(GenericAPIView[Any]):
    """Base of views of one separation, which finds it as the person behind the request sees it."""

    serializer_class = LiveSeparationSerializer

    def get_queryset(self) -> QuerySet[Separation]:
        stems = Stem.objects.select_related("audio").defer("peaks")
        rows = Separation.objects.visible_to(self.request.user).select_related("mixture")
        return rows.prefetch_related(Prefetch("stems", stems))

    def visible(self, pk: str) -> VisibleSeparation:
        """Find the separation and the track through which it is seen; 404 if there is none."""
        separation = get_object_or_404(self.get_queryset(), pk=pk)
        try:
            return VisibleSeparation.of(track_for(separation, self.request.user), separation)
        except (Track.DoesNotExist, TrackSeparation.DoesNotExist) as error:  # withdrawn since the first query
            raise Http404 from error


class SeparationView(SeparationMixin):
    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(responses=LiveSeparationSerializer)
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 (REST framework's signature)
        """Show how far a separation is, and its stems."""
        return Response(self.get_serializer(self.visible(pk)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Withdraw your request for a separation. Work that nobody wants any more is cancelled."""
        separation = self.visible(pk).separation
        if not separation.requests.filter(user=account(request)).exists():
            raise CatalogError(
                "not_yours", _("Only people who requested a separation may stop it."), status=403
            )
        withdraw(separation, account(request))
        return Response(status=204)


class ArchiveView(EncodedFileView, SeparationMixin):
    @extend_schema(
        operation_id="separations_archive",
        parameters=[ArchiveQuerySerializer, PREFER],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            **FILE_RESPONSES,
            409: OpenApiResponse(description="Not finished."),
        },
    )
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        """Download several stems as one zip.

        The same request gives the same bytes, so a download that broke off can go on (`curl -C -`).
        """
        parameters = query_parameters(self, ArchiveQuerySerializer)
        order = order_requested_archive(request, self.visible(pk), parameters)
        return send_archive(request, order, self.obtain(request, list(order.recipes.values())))
