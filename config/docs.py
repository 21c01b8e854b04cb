"""Views of the OpenAPI description, and of the page to read and try it."""

from typing import Any

from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    """Serve JSON unless YAML is asked for: YAML parsers read JSON, but not the other way round."""

    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2]
    throttle_classes: list[Any] = []


class DocsView(SpectacularSwaggerSplitView):
    """Serve the script as a file and the page without inline style, as the content security policy demands."""

    url_name = "api-schema"
    template_name = "api/docs.html"
    throttle_classes: list[Any] = []
