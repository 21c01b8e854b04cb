"""The API's description for programs, and the page to read and try it."""

from typing import Any

from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    """JSON unless YAML is asked for: every YAML reader can read JSON, but not the other way round."""

    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2]
    throttle_classes: list[Any] = []


class DocsView(SpectacularSwaggerSplitView):
    """The script is a file of its own and the page has no style of its own, so the strict policy holds."""

    url_name = "api-schema"
    template_name = "api/docs.html"
    throttle_classes: list[Any] = []
