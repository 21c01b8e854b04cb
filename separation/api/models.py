"""The models that this library knows."""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from separation.api.serializers import ModelSerializer
from separation.engines import model_files, modelspec
from separation.engines.descriptors import ModelUnavailable


class ModelListView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=ModelSerializer(many=True), operation_id="models_list")
    def get(self, request: Request) -> Response:  # noqa: ARG002 (the same for everybody)
        """List the models that this library knows, and whether they are installed."""
        try:
            default = modelspec.default(settings.MODELS_DIR).slug
        except ModelUnavailable:
            default = ""
        rows = [
            {
                "slug": spec.slug,
                "stems": spec.stems,
                "bandwidth_hz": spec.bandwidth_hz,
                "available": model_files.is_available(spec, settings.MODELS_DIR),
                "default": spec.slug == default,
                "revision": spec.revision,
            }
            for spec in modelspec.SPECS.values()
        ]
        return Response(ModelSerializer(rows, many=True).data)
