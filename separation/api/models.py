"""The models that this library knows."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from separation import model_choice, quality
from separation.api.serializers import ModelSerializer
from separation.display_names import texts
from separation.engines import download, model_files, modelspec
from separation.engines.descriptors import ModelSpec, ModelUnavailable
from separation.installations.lifecycle import with_other_weights
from separation.queue.speed import measured_seconds


class ModelListView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=ModelSerializer(many=True), operation_id="models_list")
    def get(self, request: Request) -> Response:  # noqa: ARG002 (the same for everybody)
        """List the models that this library knows, by number of stems, the preferred first.

        Those that separate a stem further come last.
        """
        chosen = model_choice.chosen()
        try:
            default = model_choice.default(chosen).slug
        except ModelUnavailable:
            default = ""
        others = with_other_weights()
        rows = [
            {
                **_about(spec),
                "stars": quality.stars(spec) if spec.folder not in others else None,
                "slug": spec.slug,
                "takes": spec.takes,
                "stems": spec.stems,
                "bandwidth_hz": spec.bandwidth_hz,
                "available": model_files.is_available(spec, settings.MODELS_DIR),
                "default": spec.slug == default,
                "revision": spec.revision,
            }
            for spec in model_choice.in_order(modelspec.SPECS.values(), chosen)
        ]
        return Response(ModelSerializer(rows, many=True).data)


def _about(spec: ModelSpec) -> dict[str, Any]:
    words = texts(spec)
    size = sum(file.size or 0 for file in spec.files) if spec.bundled else download.download_bytes(spec)
    return {
        "licence": words.licence,
        "provenance": words.provenance,
        "size_bytes": size,
        "quality": quality.overall(spec.quality),
        "seconds_per_minute": measured_seconds(spec.slug, of_shared=True),
    }
